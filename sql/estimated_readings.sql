-- How many readings were estimated, by month and reason?
-- Of the current version of each issued bill, the missing readings that billing estimated, in the month in which its cycle
-- begins; and the readings that their senders marked as estimated or substituted, in the month of their start.
-- param: first_month month this-month-1 first month
-- param: last_month month this-month last month
-- param: zone zone UTC time zone of the months in which readings start
-- columns: month=zone
-- empty: No readings of these months were estimated.
WITH billed AS (
  SELECT
    substr(cycle, 1, 7) AS month,
    meter_id,
    intervals_estimated,
    row_number() OVER (PARTITION BY agreement_id, cycle ORDER BY version DESC) AS age
  FROM bills_issued
  WHERE dt >= date_format({first_month}, '%Y-%m-%d')
    AND substr(cycle, 1, 7) BETWEEN date_format({first_month}, '%Y-%m') AND date_format({last_month}, '%Y-%m')
),
reasons AS (
  SELECT month, 'missing, estimated by billing' AS reason, meter_id, intervals_estimated AS readings
  FROM billed
  WHERE age = 1 AND intervals_estimated > 0
  UNION ALL
  SELECT
    date_format(CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS timestamp(3)), '%Y-%m') AS month,
    CASE quality WHEN 'estimated' THEN 'estimated by the sender' ELSE 'substituted by the sender' END AS reason,
    meter_id,
    1 AS readings
  FROM readings_by_direction
  WHERE dt BETWEEN date_format({first_month} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({last_month} + INTERVAL '1' MONTH, '%Y-%m-%d')
    AND start >= CAST(at_timezone(with_timezone(CAST({first_month} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND start < CAST(at_timezone(with_timezone(CAST({last_month} + INTERVAL '1' MONTH AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND quality IN ('estimated', 'substituted')
)
SELECT month, reason, count(DISTINCT meter_id) AS meters, sum(readings) AS readings
FROM reasons
GROUP BY month, reason
ORDER BY month DESC, readings DESC, reason
