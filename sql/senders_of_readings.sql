-- Who sent a meter's readings, and who changed them?
-- Every row delivered for a meter and day, duplicates and revisions included. The API's access log has the caller of a
-- request_id; a row without one was put into the stream by a head-end.
-- param: meter meter US-000001 the meter
-- param: day day today day of the readings
-- param: zone zone UTC time zone of the day
-- columns: start=utc ingested_at=utc adjusted_at=utc
-- empty: No readings of this meter have arrived for this day.
SELECT
  start,
  interval_s,
  coalesce(direction, 'delivered') AS direction,
  wh,
  coalesce(quality, 'measured') AS quality,
  revision,
  ingested_at,
  request_id,
  adjusted_by,
  adjusted_at,
  adjustment_reason
FROM readings
WHERE dt BETWEEN date_format({day} - INTERVAL '1' DAY, '%Y-%m-%d') AND date_format({day} + INTERVAL '1' DAY, '%Y-%m-%d')
  AND start >= CAST(at_timezone(with_timezone(CAST({day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND start < CAST(at_timezone(with_timezone(CAST({day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND meter_id = {meter}
ORDER BY start, interval_s, direction, revision, ingested_at
