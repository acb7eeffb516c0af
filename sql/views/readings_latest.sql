-- One row per reading: of the duplicates and revisions that a meter has sent, the one that counts.
-- The highest revision counts; within a revision, the higher energy, then the higher voltage, so that the order of
-- arrival never matters. Two interval lengths at the same start are two readings here; readings_current picks one.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: revision integer
-- column: wh bigint Wh delivered in the interval
-- column: voltage_v double V, to a tenth
SELECT
  dt,
  meter_id,
  start,
  interval_s,
  max(revision) AS revision,
  -- An interval holds at most 10 MWh, so this one number orders by revision, then by energy; a row would be slower.
  max_by(wh, CAST(revision AS bigint) * 100000000 + wh) AS wh,
  nullif(
    round(max_by(coalesce(voltage_v, 0), ROW(CAST(revision AS bigint) * 100000000 + wh, coalesce(voltage_v, 0))), 1), 0
  ) AS voltage_v
FROM readings
GROUP BY dt, meter_id, start, interval_s
