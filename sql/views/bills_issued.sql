-- One row per issued version of a bill, the replaced ones too.
-- A version may have been published more than once, and never changes. The one that counts is a bill's highest.
-- column: dt varchar the day of issue
-- column: agreement_id varchar
-- column: cycle varchar YYYY-MM of a calendar month, or the first day of another billing cycle
-- column: version integer from 1
-- column: number varchar
-- column: account_id varchar
-- column: meter_id varchar the period's last meter
-- column: tariff_id varchar the period's last tariff
-- column: currency varchar ISO 4217
-- column: period_start date first local day
-- column: period_end date the first local day after the period
-- column: days integer
-- column: served_days integer
-- column: due_on date
-- column: energy_kwh decimal(18,3) kWh
-- column: demand_kw decimal(18,9) kW
-- column: energy_charge decimal(28,10) before it is rounded to the cent
-- column: demand_charge decimal(28,10)
-- column: fixed_charge decimal(28,10)
-- column: minimum_charge decimal(28,10)
-- column: rider_charge decimal(28,10)
-- column: tax decimal(28,10)
-- column: amount_due decimal(18,2)
-- column: adjustment decimal(18,2) what this version owes more than the one before; NULL for a first version
-- column: intervals_read integer
-- column: intervals_estimated integer
-- column: intervals_missing integer those that were voided after the bill was final; NULL before there was this column
-- column: intervals_outside_service integer of the full cycle, never billed; NULL before there was this column
-- column: reason varchar why it replaced the version before
-- column: received_kwh decimal(18,3) kWh received from the customer; NULL in rows of earlier versions, as the next five
-- column: export_credit decimal(28,10) what export takes off the amount due, at most 0
-- column: opening_credit decimal(28,10) the credit that the bill begins with; NULL without export and credit, as the next three
-- column: closing_credit decimal(28,10) the credit that the next bill begins with
-- column: opening_credit_kwh decimal(18,3) the same in kWh, of all energy periods
-- column: closing_credit_kwh decimal(18,3)
SELECT
  dt,
  agreement_id,
  cycle,
  version,
  number,
  account_id,
  meter_id,
  tariff_id,
  currency,
  period_start,
  period_end,
  days,
  served_days,
  due_on,
  energy_kwh,
  demand_kw,
  energy_charge,
  demand_charge,
  fixed_charge,
  minimum_charge,
  rider_charge,
  tax,
  amount_due,
  adjustment,
  intervals_read,
  intervals_estimated,
  intervals_missing,
  intervals_outside_service,
  reason,
  received_kwh,
  export_credit,
  opening_credit,
  closing_credit,
  opening_credit_kwh,
  closing_credit_kwh
FROM (
  SELECT *, row_number() OVER (PARTITION BY dt, agreement_id, cycle, version ORDER BY published_at DESC) AS copy
  FROM bills
)
WHERE copy = 1
