-- One row per reading: of the duplicates and revisions that a meter has sent, the one that counts.
-- The highest revision counts; within a revision, the better quality, then the higher energy, the higher voltage, the higher varh, so
-- that the order of arrival never matters. Readings of both directions are here, and of all interval lengths;
-- readings_by_direction picks one length.
-- An operator's revision is above any meter's. A voided reading is a row without energy, which readings_by_direction
-- leaves out; it is represented by -1, because NULL has no place in an order.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: direction varchar delivered to the customer, or received from the customer
-- column: revision integer
-- column: wh bigint Wh in the interval; NULL where an operator voided it
-- column: voltage_v double V, to a tenth
-- column: quality varchar measured, substituted, estimated or questionable
-- column: varh bigint varh in the interval; NULL where reactive energy is not metered
SELECT
  dt,
  meter_id,
  start,
  interval_s,
  direction,
  max(revision) AS revision,
  nullif(max_by(wh, claim), -1) AS wh,
  nullif(round(max_by(voltage_v, ROW(claim, voltage_v)), 1), 0) AS voltage_v,
  max_by(quality, claim) AS quality,
  nullif(max_by(varh, ROW(claim, voltage_v, varh)), -1) AS varh
FROM (
  SELECT
    dt,
    meter_id,
    start,
    interval_s,
    coalesce(direction, 'delivered') AS direction,
    revision,
    coalesce(wh, -1) AS wh,
    coalesce(voltage_v, 0) AS voltage_v,
    coalesce(quality, 'measured') AS quality,
    coalesce(varh, -1) AS varh,
    -- A day holds at most 240 MWh, so this one number orders by revision, then by quality, then by energy; a row would be
    -- slower.
    CAST(revision AS bigint) * 4000000000
      + CASE coalesce(quality, 'measured')
        WHEN 'measured' THEN 3000000000
        WHEN 'substituted' THEN 2000000000
        WHEN 'estimated' THEN 1000000000
        ELSE 0
      END
      + coalesce(wh, -1) AS claim
  FROM readings
)
GROUP BY dt, meter_id, start, interval_s, direction
