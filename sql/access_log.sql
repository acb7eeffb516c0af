-- Who looked at a customer, exported or changed something?
-- Every entry of the dashboard's access log, newest first: of an account (with its agreements, and the meters at its service
-- points), of an agreement, of a meter, or of all. What reads all customers, such as a month's bills, is listed for each.
-- A user who looks again within 15 minutes is listed once. Names and addresses are not in the log.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: customer id all an account, an agreement or a meter; or all
-- param: zone zone UTC time zone of the days
-- columns: accessed_at_utc=utc
-- empty: Nobody looked at this customer on the dashboard on these days.
WITH own AS (
  SELECT a.agreement_id, i.meter_id
  FROM agreements AS a
  LEFT JOIN installations AS i ON i.service_point_id = a.service_point_id
  WHERE a.account_id = {customer} OR a.agreement_id = {customer}
)
SELECT
  date_format(CAST(accessed_at AS timestamp), '%Y-%m-%d %H:%i:%S') AS accessed_at_utc,
  user_name,
  roles,
  action,
  data_kind,
  account_id,
  agreement_id,
  meter_id,
  detail
FROM access_log
WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
             AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
  AND CAST(accessed_at AS timestamp(3)) >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND CAST(accessed_at AS timestamp(3)) < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND (
    {customer} = 'all'
    OR account_id = {customer}
    OR agreement_id = {customer}
    OR meter_id = {customer}
    OR agreement_id IN (SELECT agreement_id FROM own)
    OR meter_id IN (SELECT meter_id FROM own WHERE meter_id IS NOT NULL)
    OR (account_id = '' AND agreement_id = '' AND meter_id = '')
  )
ORDER BY accessed_at DESC, user_name, data_kind, account_id, agreement_id, meter_id
