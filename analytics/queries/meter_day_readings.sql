-- What did each meter measure on each UTC day?
-- `minutes` has the readings that count, in order: the minute of the day at which each starts, a colon, and its Wh.
-- param: first_day day today-31 first day, UTC
-- param: last_day day today last day, UTC
-- param: meter meter all a meter, or all
SELECT
  meter_id,
  dt,
  interval_s,
  array_join(
    array_agg(
      CAST(hour(start) * 60 + minute(start) AS varchar) || ':' || CAST(wh AS varchar)
      ORDER BY start
    ),
    ' '
  ) AS minutes
FROM readings_current
WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  AND ({meter} = 'all' OR meter_id = {meter})
GROUP BY meter_id, dt, interval_s
ORDER BY meter_id, dt, interval_s
