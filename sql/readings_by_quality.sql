-- How many readings were measured, and how many estimated or substituted?
-- The readings that count, by month of their start, direction and quality. What billing estimates for missing readings
-- is not among them: these are the qualities that the senders gave.
-- param: first_month month this-month-1 first month
-- param: last_month month this-month last month
-- param: meter meter all one meter, or all
-- param: zone zone UTC time zone of the months
-- columns: month=zone share=percent kwh=quantity
-- empty: No readings have arrived for these months.
WITH counted AS (
  SELECT
    date_format(CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS timestamp(3)), '%Y-%m') AS month,
    direction,
    quality,
    count(*) AS readings,
    sum(wh) AS wh,
    count(DISTINCT meter_id) AS meters
  FROM readings_by_direction
  WHERE dt BETWEEN date_format({first_month} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({last_month} + INTERVAL '1' MONTH, '%Y-%m-%d')
    AND start >= CAST(at_timezone(with_timezone(CAST({first_month} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND start < CAST(at_timezone(with_timezone(CAST({last_month} + INTERVAL '1' MONTH AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND ({meter} = 'all' OR meter_id = {meter})
  GROUP BY date_format(CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS timestamp(3)), '%Y-%m'), direction, quality
)
SELECT
  month,
  direction,
  quality,
  meters,
  readings,
  CAST(readings AS double) / sum(readings) OVER (PARTITION BY month, direction) AS share,
  wh * 0.001 AS kwh
FROM counted
ORDER BY month, direction, readings DESC, quality
