-- One row per meter, hour and direction in which not every reading counts as it was sent.
-- A start was sent more than once, there are readings of two interval lengths (the meter was reconfigured), or a reading
-- reaches from one hour of UTC into the next. Such hours are few: readings_latest and readings_by_direction sort out
-- theirs, and take all others as they are. A number per hour, with a bit for each minute in which a reading starts, has
-- fewer bits than the hour has readings if a start was sent more than once.
-- column: dt varchar the UTC day of the hour
-- column: meter_id varchar
-- column: hour timestamp(3) its start, UTC
-- column: direction varchar delivered to the customer, or received from the customer
-- column: interval_s integer s, the length that counts of two: that with the highest revision, then the shorter one; else NULL
SELECT
  dt,
  meter_id,
  date_trunc('hour', start) AS hour,
  direction,
  CASE WHEN min(hour_interval_s) <> max(hour_interval_s) THEN CAST(3600 - mod(max(claim), 4000) AS integer) END AS interval_s
FROM (
  SELECT
    dt,
    meter_id,
    start,
    coalesce(direction, 'delivered') AS direction,
    CASE WHEN within_hour THEN interval_s END AS hour_interval_s,
    CASE WHEN within_hour THEN CAST(revision AS bigint) * 4000 + 3600 - interval_s END AS claim
  FROM (
    SELECT *, interval_s < 1800 OR (interval_s <= 3600 AND mod(minute(start) * 60, interval_s) = 0) AS within_hour
    FROM readings
  )
)
GROUP BY dt, meter_id, date_trunc('hour', start), direction
HAVING count(*) <> bit_count(bitwise_or_agg(bitwise_left_shift(CAST(1 AS bigint), CAST(minute(start) AS integer))), 64)
  OR count(*) <> count(hour_interval_s)
  OR min(hour_interval_s) <> max(hour_interval_s)
