-- One row per reading: of the duplicates and revisions that a meter has sent, the one that counts.
-- The highest revision counts; within a revision, the better quality, then the higher energy, the higher voltage, the higher varh, so
-- that the order of arrival never matters. Readings of both directions are here, and of all interval lengths;
-- readings_by_direction picks one length.
-- Nearly all readings are sent once: those of hours that are not in readings_irregular are taken as they are, which takes
-- a fraction of the time of grouping all.
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
-- column: regular boolean whether it counts in any case: its hour is not in readings_irregular
-- column: hour_interval_s integer s, the length that counts in an hour that has readings of two; else NULL
SELECT
  r.dt,
  r.meter_id,
  r.start,
  r.interval_s,
  coalesce(r.direction, 'delivered') AS direction,
  r.revision,
  r.wh,
  nullif(round(r.voltage_v, 1), 0) AS voltage_v,
  coalesce(r.quality, 'measured') AS quality,
  r.varh,
  true AS regular,
  CAST(NULL AS integer) AS hour_interval_s
FROM readings AS r
LEFT JOIN readings_irregular AS i
  ON i.dt = r.dt
  AND i.meter_id = r.meter_id
  AND i.hour = date_trunc('hour', r.start)
  AND i.direction = coalesce(r.direction, 'delivered')
WHERE i.meter_id IS NULL
UNION ALL
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
  nullif(max_by(varh, ROW(claim, voltage_v, varh)), -1) AS varh,
  false AS regular,
  max(hour_interval_s) AS hour_interval_s
FROM (
  SELECT
    r.dt,
    r.meter_id,
    r.start,
    r.interval_s,
    i.direction,
    r.revision,
    coalesce(r.wh, -1) AS wh,
    coalesce(r.voltage_v, 0) AS voltage_v,
    coalesce(r.quality, 'measured') AS quality,
    coalesce(r.varh, -1) AS varh,
    i.interval_s AS hour_interval_s,
    -- A day holds at most 240 MWh, so this one number orders by revision, then by quality, then by energy; a row would be
    -- slower.
    CAST(r.revision AS bigint) * 4000000000
      + CASE coalesce(r.quality, 'measured')
        WHEN 'measured' THEN 3000000000
        WHEN 'substituted' THEN 2000000000
        WHEN 'estimated' THEN 1000000000
        ELSE 0
      END
      + coalesce(r.wh, -1) AS claim
  FROM readings AS r
  JOIN readings_irregular AS i
    ON i.dt = r.dt
    AND i.meter_id = r.meter_id
    AND i.hour = date_trunc('hour', r.start)
    AND i.direction = coalesce(r.direction, 'delivered')
)
GROUP BY dt, meter_id, start, interval_s, direction
