-- How many readings, and how much energy, does the lake hold of each meter in a UTC day?
-- param: day day today the UTC day
-- param: meter meter all a meter, or all
SELECT meter_id, count(*) AS readings, CAST(sum(wh) AS bigint) AS wh
FROM readings_current
WHERE dt = date_format({day}, '%Y-%m-%d')
  AND ({meter} = 'all' OR meter_id = {meter})
GROUP BY meter_id
