-- How far are the weather forecasts off?
-- By station and full days between a forecast's issue and its hour: the hours with both a forecast and an observed temperature,
-- the mean of forecast minus observed, and the mean absolute error, in K.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: mean_error_k=tenth mean_absolute_error_k=tenth
-- empty: No hour of these days has both an observed and a forecast temperature. Import them with `electrocloud weather import`.
WITH observed AS (
  SELECT station_id, start, temperature_c
  FROM weather
  WHERE start >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND start < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND issued IS NULL
),
errors AS (
  SELECT
    f.station_id,
    CAST(floor(greatest(date_diff('second', f.issued, f.start), 0) / 86400e0) AS bigint) AS days_ahead,
    f.temperature_c - o.temperature_c AS error_k
  FROM weather AS f
  JOIN observed AS o ON o.station_id = f.station_id AND o.start = f.start
  WHERE f.issued IS NOT NULL
)
SELECT
  station_id,
  days_ahead,
  count(*) AS hours,
  avg(error_k) AS mean_error_k,
  avg(abs(error_k)) AS mean_absolute_error_k
FROM errors
GROUP BY station_id, days_ahead
ORDER BY station_id, days_ahead
