-- How warm was each day at a weather station?
-- The mean of the hours of each local day that were observed, and how many they are.
-- param: station id station the station's ID
-- param: first_day day today-800 first day
-- param: zone zone UTC time zone of the days
WITH hours AS (
  SELECT
    CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date) AS day,
    temperature_c
  FROM weather
  WHERE station_id = {station}
    AND issued IS NULL
    AND start >= CAST({first_day} AS timestamp)
)
SELECT day, avg(temperature_c) AS celsius, count(*) AS hours
FROM hours
GROUP BY day
ORDER BY day
