-- The readings that count, with local time and the meter's registry data.
-- A meter that is not registered has no feeder, class or tariff, and the time zone UTC.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: local_start timestamp(3) the meter's wall clock
-- column: interval_s integer s
-- column: wh bigint Wh delivered in the interval
-- column: voltage_v double V, to a tenth
-- column: varh bigint varh in the interval; NULL where reactive energy is not metered
-- column: timezone varchar IANA
-- column: feeder varchar
-- column: class varchar of customer
-- column: tariff_id varchar
SELECT
  r.dt,
  r.meter_id,
  r.start,
  CAST(at_timezone(with_timezone(r.start, 'UTC'), coalesce(m.timezone, 'UTC')) AS timestamp(3)) AS local_start,
  r.interval_s,
  r.wh,
  r.voltage_v,
  r.varh,
  coalesce(m.timezone, 'UTC') AS timezone,
  m.feeder,
  m.class,
  m.tariff_id
FROM readings_current AS r
LEFT JOIN meters AS m ON m.meter_id = r.meter_id
