-- One row an interval: the readings that count, which voided ones do not.
-- In an hour with readings of two interval lengths (a meter that was set anew) one length counts: that of the highest
-- revision there, then the shorter. Such hours are few: to join them costs half of what a window over all would.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: wh bigint Wh delivered in the interval
-- column: voltage_v double V, to a tenth
-- column: revision integer
SELECT r.dt, r.meter_id, r.start, r.interval_s, r.wh, r.voltage_v, r.revision
FROM readings_latest AS r
LEFT JOIN (
  SELECT dt, meter_id, date_trunc('hour', start) AS hour, max_by(interval_s, CAST(revision AS bigint) * 3601 - interval_s) AS interval_s
  FROM readings
  GROUP BY dt, meter_id, date_trunc('hour', start)
  HAVING min(interval_s) <> max(interval_s)
) AS mixed ON mixed.dt = r.dt AND mixed.meter_id = r.meter_id AND mixed.hour = date_trunc('hour', r.start)
WHERE r.interval_s = coalesce(mixed.interval_s, r.interval_s) AND r.wh IS NOT NULL
