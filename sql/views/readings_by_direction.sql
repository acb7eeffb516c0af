-- One row per interval and direction: the readings that count, without voided ones.
-- If an hour has readings of two interval lengths (the meter was reconfigured), one length counts: that with the highest
-- revision, then the shorter one. Readings that reach from one hour of UTC into the next count unless
-- readings_overlapped has them.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: direction varchar delivered to the customer, or received from the customer
-- column: wh bigint Wh in the interval
-- column: voltage_v double V, to a tenth
-- column: revision integer
-- column: quality varchar measured, substituted, estimated or questionable
-- column: varh bigint varh in the interval; NULL where reactive energy is not metered
SELECT dt, meter_id, start, interval_s, direction, wh, voltage_v, revision, quality, varh
FROM readings_latest
WHERE regular AND wh IS NOT NULL
UNION ALL
SELECT r.dt, r.meter_id, r.start, r.interval_s, r.direction, r.wh, r.voltage_v, r.revision, r.quality, r.varh
FROM readings_latest AS r
LEFT JOIN readings_overlapped AS o
  ON o.dt = r.dt
  AND o.meter_id = r.meter_id
  AND o.start = r.start
  AND o.interval_s = r.interval_s
  AND o.direction = r.direction
WHERE NOT r.regular
  AND r.wh IS NOT NULL
  AND o.meter_id IS NULL
  AND (
    r.interval_s = coalesce(r.hour_interval_s, r.interval_s)
    OR r.interval_s > 3600
    OR (r.interval_s >= 1800 AND mod(minute(r.start) * 60, r.interval_s) > 0)
  )
