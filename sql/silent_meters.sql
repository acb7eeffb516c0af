-- Which meters are silent?
-- Installed meters whose last reading ended longer ago than the time in which they are expected to upload and a margin,
-- or that sent none in the last week. A service point's `upload_every_s` says how often its meter uploads: daily, if not
-- registered otherwise. A meter that was removed is not silent.
-- param: at time now time of the check, UTC
-- param: margin whole 2 hours beyond the expected time
-- columns: lat=full lon=full uploads_every_hours=tenth last_end=utc silent_hours=tenth
-- empty: No meters are silent: all registered meters have reported in time.
WITH installed AS (
  SELECT i.meter_id, min(s.upload_every_s) AS upload_every_s
  FROM installations AS i
  JOIN service_points AS s ON s.service_point_id = i.service_point_id
  WHERE to_unixtime(i."start") <= to_unixtime({at})
    AND (i."end" IS NULL OR to_unixtime(i."end") > to_unixtime({at}))
  GROUP BY i.meter_id
),
expected AS (
  SELECT m.meter_id, m.feeder, m.class, m.lat, m.lon, coalesce(i.upload_every_s, 86400) AS upload_every_s
  FROM meters AS m
  LEFT JOIN installed AS i ON i.meter_id = m.meter_id
  WHERE i.meter_id IS NOT NULL
    OR m.meter_id NOT IN (SELECT meter_id FROM installations)
),
latest AS (
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
  CAST(m.upload_every_s AS double) / 3600 AS uploads_every_hours,
  l.last_end,
  CAST(date_diff('minute', l.last_end, {at}) AS double) / 60 AS silent_hours
FROM expected AS m
LEFT JOIN latest AS l ON l.meter_id = m.meter_id
WHERE l.last_end IS NULL OR date_diff('second', l.last_end, {at}) > m.upload_every_s + 3600 * {margin}
ORDER BY l.last_end NULLS FIRST, m.meter_id
