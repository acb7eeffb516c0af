-- The energy delivered in each UTC hour to all meters together and to those of each feeder, as forecasts are made from.
-- Of meters that have all of the hour's readings. The fleet is the sum of the other series.
-- column: dt varchar the UTC day
-- column: series varchar fleet, feeder/F, or no-feeder for meters that have none
-- column: hour timestamp(3) start of the hour, UTC
-- column: wh bigint Wh
-- column: meters bigint how many have all of the hour's readings
SELECT
  dt,
  CASE WHEN grouping(feeder) = 1 THEN 'fleet' WHEN feeder = '' THEN 'no-feeder' ELSE 'feeder/' || feeder END AS series,
  hour,
  CAST(sum(wh) AS bigint) AS wh,
  count(*) AS meters
FROM (
  SELECT h.dt, coalesce(m.feeder, '') AS feeder, date_trunc('hour', h.hour) AS hour, h.wh
  FROM readings_hourly AS h
  LEFT JOIN meters AS m ON m.meter_id = h.meter_id
  WHERE h.readings = h.expected
)
GROUP BY GROUPING SETS ((dt, hour), (dt, hour, feeder))
