-- Which meters measured a voltage outside the band?
-- EN 50160 requires 95% of a week's 10-minute means to be within 10% of the nominal voltage. Lists meters with any
-- reading outside.
-- param: first_day day today-7 first day, UTC
-- param: last_day day today last day, UTC
-- param: nominal number 230 nominal voltage, V
WITH measured AS (
  SELECT
    meter_id,
    count(*) AS readings,
    count_if(voltage_v < 0.9 * {nominal}) AS below,
    count_if(voltage_v > 1.1 * {nominal}) AS above,
    min(voltage_v) AS min_v,
    max(voltage_v) AS max_v
  FROM readings_current
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
    AND voltage_v IS NOT NULL
  GROUP BY meter_id
)
SELECT
  v.meter_id,
  m.feeder,
  v.readings,
  v.below,
  v.above,
  v.min_v,
  v.max_v,
  CAST(v.readings - v.below - v.above AS double) / v.readings AS within,
  CAST(v.readings - v.below - v.above AS double) / v.readings >= 0.95 AS meets_en_50160
FROM measured AS v
LEFT JOIN meters AS m ON m.meter_id = v.meter_id
WHERE v.below + v.above > 0
ORDER BY within, v.meter_id
