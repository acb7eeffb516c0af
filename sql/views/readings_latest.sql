-- One row per reading: of the duplicates and revisions that a meter has sent, the one that counts.
-- The highest revision counts; within a revision, the higher energy, then the higher voltage, so that the order of
-- arrival never matters. Two interval lengths at the same start are two readings here; readings_current picks one.
-- An operator's revision is above any meter's. A voided reading is a row without energy, which readings_current leaves
-- out; it is represented by -1, because NULL has no place in an order.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: revision integer
-- column: wh bigint Wh delivered in the interval; NULL where an operator voided it
-- column: voltage_v double V, to a tenth
SELECT
  dt,
  meter_id,
  start,
  interval_s,
  max(revision) AS revision,
  -- An interval holds at most 10 MWh, so this one number orders by revision, then by energy; a row would be slower.
  nullif(max_by(coalesce(wh, -1), CAST(revision AS bigint) * 100000000 + coalesce(wh, -1)), -1) AS wh,
  nullif(
    round(
      max_by(
        coalesce(voltage_v, 0),
        ROW(CAST(revision AS bigint) * 100000000 + coalesce(wh, -1), coalesce(voltage_v, 0))
      ),
      1
    ),
    0
  ) AS voltage_v
FROM readings
GROUP BY dt, meter_id, start, interval_s
