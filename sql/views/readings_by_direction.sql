-- One row per interval and direction: the readings that count, without voided ones.
-- If an hour has readings of two interval lengths (the meter was reconfigured), one length counts: that with the highest
-- revision, then the shorter one. Such hours are few, so joining them costs half of a window over all readings. Readings
-- that reach from one hour of UTC into the next count unless readings_overlapped has them.
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
SELECT r.dt, r.meter_id, r.start, r.interval_s, r.direction, r.wh, r.voltage_v, r.revision, r.quality, r.varh
FROM readings_latest AS r
LEFT JOIN (
  SELECT
    dt,
    meter_id,
    date_trunc('hour', start) AS hour,
    coalesce(direction, 'delivered') AS direction,
    max_by(interval_s, CAST(revision AS bigint) * 3601 - interval_s) AS interval_s
  FROM readings
  WHERE interval_s < 1800 OR (interval_s <= 3600 AND mod(minute(start) * 60, interval_s) = 0)
  GROUP BY dt, meter_id, date_trunc('hour', start), coalesce(direction, 'delivered')
  HAVING min(interval_s) <> max(interval_s)
) AS mixed
  ON mixed.dt = r.dt
  AND mixed.meter_id = r.meter_id
  AND mixed.hour = date_trunc('hour', r.start)
  AND mixed.direction = r.direction
  AND (r.interval_s < 1800 OR (r.interval_s <= 3600 AND mod(minute(r.start) * 60, r.interval_s) = 0))
LEFT JOIN readings_overlapped AS o
  ON o.dt = r.dt
  AND o.meter_id = r.meter_id
  AND o.start = r.start
  AND o.interval_s = r.interval_s
  AND o.direction = r.direction
WHERE r.interval_s = coalesce(mixed.interval_s, r.interval_s) AND o.meter_id IS NULL AND r.wh IS NOT NULL
