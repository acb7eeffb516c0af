-- What did each feeder use in each hour of the four days before a moment?
-- Of each meter the hours that it was read in whole count, and `meters` says how many those were.
-- param: until time now the moment, UTC
SELECT coalesce(m.feeder, '') AS feeder, h.hour, CAST(sum(h.wh) AS bigint) AS wh, count(*) AS meters
FROM readings_hourly AS h
LEFT JOIN meters AS m ON m.meter_id = h.meter_id
WHERE h.dt BETWEEN date_format({until} - INTERVAL '4' DAY, '%Y-%m-%d') AND date_format({until}, '%Y-%m-%d')
  AND h.hour >= {until} - INTERVAL '4' DAY
  AND h.hour < {until}
  AND h.readings = h.expected
GROUP BY coalesce(m.feeder, ''), h.hour
ORDER BY h.hour
