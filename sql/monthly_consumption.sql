-- How much energy did each meter use in a month?
-- The month is in the meter's time zone. `complete` is the share of the month that its readings cover.
-- param: month month this-month the month
-- param: meter meter all one meter, or all
-- columns: kwh=quantity peak_kw=quantity complete=percent
-- empty: No readings have arrived for this month.
WITH used AS (
  SELECT
    meter_id,
    arbitrary(timezone) AS timezone,
    arbitrary(class) AS class,
    arbitrary(tariff_id) AS tariff_id,
    sum(wh) AS wh,
    max(CAST(wh * 3600 AS bigint) / interval_s) AS peak_w,
    count(*) AS readings,
    sum(interval_s) AS covered_s
  FROM readings_local
  WHERE dt BETWEEN date_format({month} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({month} + INTERVAL '1' MONTH, '%Y-%m-%d')
    AND local_start >= {month}
    AND local_start < {month} + INTERVAL '1' MONTH
    AND ({meter} = 'all' OR meter_id = {meter})
  GROUP BY meter_id
)
SELECT
  meter_id,
  class,
  tariff_id,
  timezone,
  wh * 0.001 AS kwh,
  peak_w * 0.001 AS peak_kw,
  readings,
  CAST(covered_s AS double) / date_diff(
    'second',
    with_timezone(CAST({month} AS timestamp(3)), timezone),
    with_timezone(CAST({month} + INTERVAL '1' MONTH AS timestamp(3)), timezone)
  ) AS complete
FROM used
ORDER BY wh DESC, meter_id
