-- By which calls did a meter's readings come?
-- The request ids of the API in the order of their arrival; the API's access log names the caller of each (docs/runbook.md).
-- Readings that a head-end put into the stream itself have the id that it gave them, or none.
-- param: meter meter all one meter, or all
-- param: day day today-1 the readings' day, UTC
SELECT
  meter_id,
  request_id,
  min(ingested_at) AS arrived,
  count(*) AS readings,
  min(start) AS first_start,
  max(start) AS last_start,
  max(revision) AS revision
FROM readings
WHERE dt = date_format({day}, '%Y-%m-%d') AND ({meter} = 'all' OR meter_id = {meter})
GROUP BY meter_id, request_id, ingested_at
ORDER BY meter_id, arrived, request_id
