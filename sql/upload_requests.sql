-- Which API calls delivered a meter's readings?
-- Request IDs in order of arrival; the API's access log names each caller (docs/runbook.md). Readings that a head-end put
-- into the stream have the ID it gave them, or none.
-- param: meter meter all one meter, or all
-- param: day day today-1 UTC day of the readings
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
