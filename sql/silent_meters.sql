-- Which meters are silent?
-- Registered meters whose last reading ended longer ago than allowed, or that sent none in the last week.
-- param: at time now time of the check, UTC
-- param: hours whole 26 hours a meter may be silent: the time between daily uploads plus a margin
WITH latest AS (
  SELECT meter_id, max(date_add('second', interval_s, start)) AS last_end
  FROM readings
  WHERE dt BETWEEN date_format({at} - INTERVAL '7' DAY, '%Y-%m-%d') AND date_format({at}, '%Y-%m-%d')
    AND start < {at}
  GROUP BY meter_id
)
SELECT
  m.meter_id,
  m.feeder,
  m.class,
  m.lat,
  m.lon,
  l.last_end,
  CAST(date_diff('minute', l.last_end, {at}) AS double) / 60 AS silent_hours
FROM meters AS m
LEFT JOIN latest AS l ON l.meter_id = m.meter_id
WHERE l.last_end IS NULL OR l.last_end < date_add('hour', -{hours}, {at})
ORDER BY l.last_end NULLS FIRST, m.meter_id
