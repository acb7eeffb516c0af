-- How many readings, and how much energy, does the lake hold of each meter in a UTC day, by direction?
-- param: day day today the UTC day
-- param: meter meter all a meter, or all
SELECT
  meter_id,
  count(CASE WHEN direction = 'delivered' THEN wh END) AS readings,
  CAST(coalesce(sum(CASE WHEN direction = 'delivered' THEN wh END), 0) AS bigint) AS wh,
  count(CASE WHEN direction = 'received' THEN wh END) AS received_readings,
  CAST(coalesce(sum(CASE WHEN direction = 'received' THEN wh END), 0) AS bigint) AS received_wh
FROM readings_by_direction
WHERE dt = date_format({day}, '%Y-%m-%d')
  AND ({meter} = 'all' OR meter_id = {meter})
GROUP BY meter_id
