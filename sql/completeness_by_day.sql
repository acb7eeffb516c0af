-- How complete is the data of each day?
-- `complete` is the share of the day that the readings of all registered meters cover.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: day=zone complete=percent
-- empty: No readings have arrived for these days.
WITH registry AS (
  SELECT count(*) AS meters FROM meters
),
meter_days AS (
  SELECT
    CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date) AS day,
    meter_id,
    count(CASE WHEN direction = 'delivered' THEN wh END) AS readings,
    sum(CASE WHEN direction = 'delivered' THEN interval_s ELSE 0 END) AS covered_s
  FROM readings_by_direction
  WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND start >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND start < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  GROUP BY CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date), meter_id
),
days AS (
  SELECT
    *,
    date_diff(
      'second',
      with_timezone(CAST(day AS timestamp(3)), {zone}),
      with_timezone(CAST(day + INTERVAL '1' DAY AS timestamp(3)), {zone})
    ) AS day_s
  FROM meter_days
)
SELECT
  d.day,
  max(r.meters) AS registered_meters,
  count(*) AS reporting_meters,
  count_if(d.covered_s >= d.day_s) AS complete_meters,
  sum(d.readings) AS readings,
  CAST(sum(d.covered_s) AS double) / max(d.day_s) / max(r.meters) AS complete
FROM days AS d
CROSS JOIN registry AS r
GROUP BY d.day
ORDER BY d.day
