-- How much energy did each feeder use in each hour of the three days before a time, and how many meter-seconds were read?
-- If a meter's interval length changed within an hour, both lengths count.
-- param: until time now the end of the three days, UTC
SELECT
  coalesce(m.feeder, '') AS feeder,
  date_trunc('hour', r.start) AS hour,
  CAST(sum(r.wh) AS bigint) AS wh,
  CAST(sum(r.interval_s) AS bigint) AS read_s
FROM readings_latest AS r
LEFT JOIN meters AS m ON m.meter_id = r.meter_id
WHERE r.dt BETWEEN date_format({until} - INTERVAL '3' DAY, '%Y-%m-%d') AND date_format({until}, '%Y-%m-%d')
  AND r.start >= {until} - INTERVAL '3' DAY
  AND r.start < {until}
GROUP BY coalesce(m.feeder, ''), date_trunc('hour', r.start)
