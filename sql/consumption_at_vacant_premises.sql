-- How much energy was used where nobody has an agreement?
-- Readings of installed meters on local days that no agreement of their service point covers. Nobody is billed for them:
-- somebody moved in without saying so, or a line leaks.
-- param: first_day day today-31 first local day
-- param: last_day day today last local day
-- columns: kwh=quantity
-- empty: No energy was used without an agreement on these days.
WITH used AS (
  SELECT
    i.service_point_id,
    r.meter_id,
    s.feeder,
    s.customer_class,
    r.wh,
    CAST(at_timezone(with_timezone(r.start, 'UTC'), s.time_zone) AS date) AS day
  FROM readings_current AS r
  JOIN installations AS i
    ON i.meter_id = r.meter_id
    AND to_unixtime(r.start) >= to_unixtime(i."start")
    AND (i."end" IS NULL OR to_unixtime(r.start) < to_unixtime(i."end"))
  JOIN service_points AS s ON s.service_point_id = i.service_point_id
  WHERE r.dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                 AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
)
SELECT
  u.service_point_id,
  u.meter_id,
  u.feeder,
  u.customer_class AS class,
  min(u.day) AS first_day,
  max(u.day) AS last_day,
  count(DISTINCT u.day) AS days,
  sum(u.wh) * 0.001 AS kwh
FROM used AS u
LEFT JOIN agreements AS a
  ON a.service_point_id = u.service_point_id
  AND u.day >= a."first"
  AND (a."end" IS NULL OR u.day < a."end")
WHERE a.agreement_id IS NULL
  AND u.day BETWEEN {first_day} AND {last_day}
GROUP BY u.service_point_id, u.meter_id, u.feeder, u.customer_class
ORDER BY kwh DESC, u.service_point_id
