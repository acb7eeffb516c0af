-- One row per reading that does not count because another overlaps it.
-- Only readings that reach from one hour of UTC into the next are here: hours and half-hours of zones at :30 or :45, and
-- days. Such a reading gives way to readings of its UTC day that lie within the hours of UTC, to shorter ones, and to
-- equally long ones of a grid that is earlier in the hour.
-- column: dt varchar the UTC day of start
-- column: meter_id varchar
-- column: start timestamp(3) UTC
-- column: interval_s integer s
-- column: direction varchar delivered to the customer, or received from the customer
SELECT o.dt, o.meter_id, o.start, o.interval_s, o.direction
FROM (
  SELECT DISTINCT dt, meter_id, start, interval_s, coalesce(direction, 'delivered') AS direction
  FROM readings
  WHERE interval_s >= 1800 AND (interval_s > 3600 OR mod(minute(start) * 60, interval_s) > 0)
) AS o
JOIN readings AS p
  ON p.dt = o.dt
  AND p.meter_id = o.meter_id
  AND coalesce(p.direction, 'delivered') = o.direction
  -- A day is taken for the shortest, of 23 hours: one more may begin before its UTC day ends.
  AND p.start < date_add('second', least(o.interval_s, 82800), o.start)
  AND o.start < date_add('second', least(p.interval_s, 82800), p.start)
  AND (
    p.interval_s < o.interval_s
    OR (p.interval_s <= 3600 AND mod(minute(p.start) * 60, p.interval_s) = 0)
    OR (
      p.interval_s = o.interval_s
      AND mod(hour(p.start) * 3600 + minute(p.start) * 60, p.interval_s)
        < mod(hour(o.start) * 3600 + minute(o.start) * 60, o.interval_s)
    )
  )
GROUP BY o.dt, o.meter_id, o.start, o.interval_s, o.direction
