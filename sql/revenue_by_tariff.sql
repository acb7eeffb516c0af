-- How much revenue has each tariff brought in a month, by kind of charge?
-- From the lines of the month's issued bills, in the version that counts now. The tariff is that of a bill's last segment.
-- param: month month this-month-1 the month in which the billing cycle begins
-- columns: energy_kwh=quantity amount=money
-- empty: No bills of this month have been issued: it has not ended, or its bills are still open.
WITH issued AS (
  SELECT agreement_id, cycle, max(version) AS version
  FROM bills_issued
  WHERE dt >= date_format({month}, '%Y-%m-%d')
    AND substr(cycle, 1, 7) = date_format({month}, '%Y-%m')
  GROUP BY agreement_id, cycle
)
SELECT
  l.tariff_id,
  l.currency,
  coalesce(l.kind, 'total') AS charge,
  count(DISTINCT l.agreement_id) AS bills,
  CAST(sum(CASE WHEN l.kind = 'energy' THEN l.quantity END) AS decimal(20, 3)) AS energy_kwh,
  CAST(sum(l.amount_rounded) AS decimal(20, 2)) AS amount
FROM bill_lines_issued AS l
JOIN issued AS i ON i.agreement_id = l.agreement_id AND i.cycle = l.cycle AND i.version = l.version
WHERE l.dt >= date_format({month}, '%Y-%m-%d')
GROUP BY GROUPING SETS ((l.tariff_id, l.currency, l.kind), (l.tariff_id, l.currency))
ORDER BY
  l.tariff_id,
  l.currency,
  array_position(
    ARRAY['energy', 'demand', 'flat demand', 'fixed', 'minimum', 'reactive', 'rider', 'tax', 'total'], coalesce(l.kind, 'total')
  )
