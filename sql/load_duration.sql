-- For how much of the time does the fleet need how much power?
-- The load duration curve in a hundred steps: for `percent` of the hours the mean power of the hour was `kw` or more.
-- param: first_day day today-30 the first day, UTC
-- param: last_day day today the last day, UTC
WITH hours AS (
  SELECT hour, CAST(sum(wh) AS bigint) AS wh
  FROM readings_hourly
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  GROUP BY hour
),
steps AS (
  SELECT wh, ntile(100) OVER (ORDER BY wh DESC) AS percent
  FROM hours
)
SELECT percent, min(wh) * 0.001 AS kw
FROM steps
GROUP BY percent
ORDER BY percent
