-- One row per line of each issued version of a bill, the replaced ones too.
-- A version may have been published more than once, and never changes. The one that counts is a bill's highest.
-- column: dt varchar the day of issue
-- column: agreement_id varchar
-- column: cycle varchar YYYY-MM of a calendar month, or the first day of another billing cycle
-- column: version integer from 1
-- column: meter_id varchar the period's last meter
-- column: tariff_id varchar the period's last tariff
-- column: currency varchar ISO 4217
-- column: line integer from 1, in the order of the bill
-- column: kind varchar energy, demand, flat demand, fixed, minimum, rider or tax
-- column: segment_start date first local day of the segment
-- column: segment_end date the first local day after the segment
-- column: period integer the tariff's number of the price period
-- column: tier integer from 1
-- column: quantity decimal(28,15)
-- column: unit varchar
-- column: rate decimal(28,15)
-- column: amount decimal(28,10) before it is rounded to the cent
-- column: amount_rounded decimal(18,2)
-- column: estimated_share decimal(28,15) 0 to 1
-- column: description varchar
SELECT
  dt,
  agreement_id,
  cycle,
  version,
  meter_id,
  tariff_id,
  currency,
  line,
  kind,
  segment_start,
  segment_end,
  period,
  tier,
  quantity,
  unit,
  rate,
  amount,
  amount_rounded,
  estimated_share,
  description
FROM (
  SELECT *, row_number() OVER (PARTITION BY dt, agreement_id, cycle, version, line ORDER BY published_at DESC) AS copy
  FROM bill_lines
)
WHERE copy = 1
