-- How does the fleet's load compare with a day, a week and four weeks ago?
-- For each hour: its load, the load 24 and 168 hours before, and the mean of the same hour over the 28 days before.
-- Hours without readings are listed with no load.
-- param: first_day day today-14 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: hour=utc kwh=quantity day_before_kwh=quantity week_before_kwh=quantity four_weeks_mean_kwh=quantity
-- empty: The last day is before the first one.
WITH load AS (
  SELECT date_trunc('hour', hour) AS hour, CAST(sum(wh) AS bigint) AS wh, count(*) AS meters
  FROM readings_hourly
  WHERE dt BETWEEN date_format({first_day} - INTERVAL '29' DAY, '%Y-%m-%d')
               AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
  GROUP BY date_trunc('hour', hour)
),
-- Days times hours: a sequence has at most 10,000 entries, which is 27 years of days and but 416 days of hours.
hours AS (
  SELECT date_add('hour', n.number, d.day) AS hour
  FROM UNNEST(
    sequence(
      CAST({first_day} - INTERVAL '29' DAY AS timestamp(3)), CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), INTERVAL '1' DAY
    )
  ) AS d (day)
  CROSS JOIN UNNEST(sequence(0, 23)) AS n (number)
),
trend AS (
  SELECT
    h.hour,
    l.wh,
    l.meters,
    lag(l.wh, 24) OVER (ORDER BY h.hour) AS day_before_wh,
    lag(l.wh, 168) OVER (ORDER BY h.hour) AS week_before_wh,
    avg(CAST(l.wh AS double)) OVER (
      PARTITION BY hour(h.hour) ORDER BY h.hour ROWS BETWEEN 28 PRECEDING AND 1 PRECEDING
    ) AS four_weeks_wh
  FROM hours AS h
  LEFT JOIN load AS l ON l.hour = h.hour
)
SELECT
  hour,
  meters,
  wh * 0.001 AS kwh,
  day_before_wh * 0.001 AS day_before_kwh,
  week_before_wh * 0.001 AS week_before_kwh,
  four_weeks_wh / 1e3 AS four_weeks_mean_kwh
FROM trend
WHERE hour >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND hour < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
ORDER BY hour
