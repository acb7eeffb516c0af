-- For what share of the time does the fleet's power reach each level?
-- The load duration curve in 100 steps: in `percent` of the hours the mean power was `kw` or more.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: kw=quantity
-- empty: No readings have arrived for these days.
WITH hours AS (
  SELECT date_trunc('hour', hour) AS hour, CAST(sum(wh) AS bigint) AS wh
  FROM readings_hourly
  WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND hour >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND hour < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  GROUP BY date_trunc('hour', hour)
),
steps AS (
  SELECT wh, ntile(100) OVER (ORDER BY wh DESC) AS percent
  FROM hours
)
SELECT percent, min(wh) * 0.001 AS kw
FROM steps
GROUP BY percent
ORDER BY percent
