-- Which issued bills of a month does the lake hold, with what amounts and lines?
-- param: month month this-month-1 the month in which the billing cycle begins
WITH lines AS (
  SELECT agreement_id, cycle, version, count(*) AS lines, sum(amount_rounded) AS lines_total
  FROM bill_lines_issued
  WHERE dt >= date_format({month}, '%Y-%m-%d')
    AND substr(cycle, 1, 7) = date_format({month}, '%Y-%m')
  GROUP BY agreement_id, cycle, version
)
SELECT
  b.agreement_id,
  b.cycle,
  b.version,
  b.energy_kwh,
  b.amount_due,
  coalesce(l.lines, 0) AS lines,
  CAST(coalesce(l.lines_total, 0) AS decimal(18, 2)) AS lines_total
FROM bills_issued AS b
LEFT JOIN lines AS l ON l.agreement_id = b.agreement_id AND l.cycle = b.cycle AND l.version = b.version
WHERE b.dt >= date_format({month}, '%Y-%m-%d')
  AND substr(b.cycle, 1, 7) = date_format({month}, '%Y-%m')
ORDER BY b.agreement_id, b.cycle, b.version
