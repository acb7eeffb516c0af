-- How much energy was delivered to the fleet and received from it in each interval of the 24 hours before a time, and of
-- the same hours a week before? `readings` counts those of energy delivered.
-- One row per start and interval length. If a meter's interval length changed within an hour, both lengths count.
-- Two ranges of days are two parts: a view reads only the days of a condition that stands by itself.
-- param: until time now the end of the 24 hours, UTC
WITH shown AS (
  SELECT start, interval_s, direction, wh
  FROM readings_latest
  WHERE dt BETWEEN date_format({until} - INTERVAL '1' DAY, '%Y-%m-%d') AND date_format({until}, '%Y-%m-%d')
    AND start >= {until} - INTERVAL '1' DAY
    AND start < {until}
  UNION ALL
  SELECT start, interval_s, direction, wh
  FROM readings_latest
  WHERE dt BETWEEN date_format({until} - INTERVAL '8' DAY, '%Y-%m-%d') AND date_format({until} - INTERVAL '7' DAY, '%Y-%m-%d')
    AND start >= {until} - INTERVAL '8' DAY
    AND start < {until} - INTERVAL '7' DAY
)
SELECT
  start,
  interval_s,
  CAST(sum(CASE WHEN direction = 'delivered' THEN wh ELSE 0 END) AS bigint) AS wh,
  count(CASE WHEN direction = 'delivered' THEN 1 END) AS readings,
  CAST(sum(CASE WHEN direction = 'received' THEN wh ELSE 0 END) AS bigint) AS received_wh
FROM shown
GROUP BY start, interval_s
ORDER BY start
