-- Which meters send readings but are not registered?
-- Their readings are stored but not billed. The API's access log has the caller of `last_request_id`; without one, a
-- head-end put the readings into the stream.
-- param: first_day day today-7 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: first_start=utc last_start=utc last_arrived=utc
-- empty: All meters that sent readings on these days are registered.
SELECT
  r.meter_id,
  count(*) AS readings,
  min(r.start) AS first_start,
  max(r.start) AS last_start,
  max(r.ingested_at) AS last_arrived,
  max_by(r.request_id, r.ingested_at) AS last_request_id
FROM readings AS r
LEFT JOIN meters AS m ON m.meter_id = r.meter_id
WHERE r.dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
  AND r.start >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND r.start < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND m.meter_id IS NULL
GROUP BY r.meter_id
ORDER BY readings DESC, r.meter_id
