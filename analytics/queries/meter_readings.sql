-- What did each meter measure on each UTC day?
-- `days` has a line per day and interval length: the day, the length (s), how many readings count and their Wh, the
-- minutes of the day at which they start (the first alone where none is missing in between), and the Wh of each in order.
-- Where reactive energy was read, the varh of each follow, - where it was not.
-- param: first_day day today-7 first day, UTC
-- param: last_day day today last day, UTC
-- param: meter meter all a meter, or all
WITH days AS (
  SELECT
    meter_id,
    direction,
    concat_ws(
      '|',
      dt,
      CAST(interval_s AS varchar),
      CAST(count(*) AS varchar),
      CAST(sum(wh) AS varchar),
      CASE
        WHEN (max(minute) - min(minute)) * 60 = (count(*) - 1) * interval_s THEN CAST(min(minute) AS varchar)
        ELSE array_join(array_agg(CAST(minute AS varchar) ORDER BY minute), ' ')
      END,
      array_join(array_agg(CAST(wh AS varchar) ORDER BY minute), ' '),
      CASE
        WHEN count(varh) > 0
          THEN array_join(array_agg(coalesce(CAST(varh AS varchar), '-') ORDER BY minute), ' ')
      END
    ) AS readings
  FROM (
    SELECT meter_id, direction, dt, interval_s, wh, varh, hour(start) * 60 + minute(start) AS minute
    FROM readings_by_direction
    WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
      AND ({meter} = 'all' OR meter_id = {meter})
  ) AS r
  GROUP BY meter_id, direction, dt, interval_s
)
SELECT meter_id, direction, array_join(array_agg(readings ORDER BY readings), chr(10)) AS days
FROM days
GROUP BY meter_id, direction
ORDER BY meter_id, direction
