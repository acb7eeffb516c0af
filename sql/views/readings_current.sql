-- One row per interval: the energy delivered to the customer, in the readings that count, without voided ones.
-- readings_by_direction has the energy received from the customer too.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: wh bigint Wh delivered in the interval
-- column: voltage_v double V, to a tenth
-- column: revision integer
-- column: quality varchar measured, substituted, estimated or questionable
-- column: varh bigint varh in the interval; NULL where reactive energy is not metered
SELECT dt, meter_id, start, interval_s, wh, voltage_v, revision, quality, varh
FROM readings_by_direction
WHERE direction = 'delivered'
