-- What is due on each bill of a month, as it was issued?
-- The bills whose billing cycle begins in the month, in the version that counts now. Open bills are not among them.
-- param: month month this-month-1 the month in which the billing cycle begins
-- param: meter meter all one meter, or all
-- columns: energy_kwh=quantity amount_due=money adjustment=money
-- empty: No bills of this month have been issued: it has not ended, or its bills are still open.
WITH issued AS (
  SELECT *, max(version) OVER (PARTITION BY agreement_id, cycle) AS last_version
  FROM bills_issued
  WHERE dt >= date_format({month}, '%Y-%m-%d')
    AND substr(cycle, 1, 7) = date_format({month}, '%Y-%m')
)
SELECT
  number,
  agreement_id,
  meter_id,
  tariff_id,
  period_start,
  period_end,
  version,
  dt AS issued_on,
  due_on,
  energy_kwh,
  currency,
  amount_due,
  adjustment,
  intervals_estimated,
  intervals_missing,
  intervals_outside_service,
  reason
FROM issued
WHERE version = last_version
  AND ({meter} = 'all' OR meter_id = {meter})
ORDER BY agreement_id, period_start
