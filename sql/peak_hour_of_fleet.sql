-- In which hour of each day did the fleet use the most energy?
-- The first of equal hours counts. Load factor is the day's mean power divided by its peak.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days and hours
-- columns: day=zone peak_hour=zone peak_kw=quantity mean_kw=quantity load_factor=percent
-- empty: No readings have arrived for these days.
WITH hours AS (
  SELECT
    CAST(at_timezone(with_timezone(date_trunc('hour', hour), 'UTC'), {zone}) AS timestamp(3)) AS local_hour,
    date_trunc('hour', hour) AS hour,
    CAST(sum(wh) AS bigint) AS wh,
    count(*) AS meters
  FROM readings_hourly
  WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
  GROUP BY date_trunc('hour', hour)
)
SELECT
  CAST(local_hour AS date) AS day,
  max_by(local_hour, ROW(wh, -date_diff('hour', {first_day}, hour))) AS peak_hour,
  max(wh) * 0.001 AS peak_kw,
  CAST(sum(wh) AS double) / count(*) / 1e3 AS mean_kw,
  CAST(sum(wh) AS double) / count(*) / max(wh) AS load_factor,
  max(meters) AS meters
FROM hours
WHERE hour >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND hour < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
GROUP BY CAST(local_hour AS date)
ORDER BY day
