-- How much energy does each customer class use, by tariff?
-- The month is in the meters' time zones. The class `flat` of earlier registries is listed as `apartment`.
-- param: month month this-month the month
-- columns: kwh=quantity kwh_per_meter=quantity median_kwh=quantity share=percent
-- empty: No readings have arrived for this month.
WITH used AS (
  SELECT meter_id, arbitrary(CASE class WHEN 'flat' THEN 'apartment' ELSE class END) AS class, arbitrary(tariff_id) AS tariff_id, sum(wh) AS wh
  FROM readings_local
  WHERE dt BETWEEN date_format({month} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({month} + INTERVAL '1' MONTH, '%Y-%m-%d')
    AND local_start >= {month}
    AND local_start < {month} + INTERVAL '1' MONTH
  GROUP BY meter_id
),
ranked AS (
  SELECT
    coalesce(class, 'unknown') AS class,
    coalesce(tariff_id, 'unknown') AS tariff_id,
    wh,
    row_number() OVER (PARTITION BY class, tariff_id ORDER BY wh) AS place,
    count(*) OVER (PARTITION BY class, tariff_id) AS meters
  FROM used
)
SELECT
  class,
  tariff_id,
  count(*) AS meters,
  sum(wh) * 0.001 AS kwh,
  CAST(sum(wh) AS double) / count(*) / 1e3 AS kwh_per_meter,
  -- The middle value, or the mean of the two middle values.
  avg(CASE WHEN place * 2 BETWEEN meters AND meters + 2 THEN CAST(wh AS double) END) / 1e3 AS median_kwh,
  CAST(sum(wh) AS double) / sum(sum(wh)) OVER () AS share
FROM ranked
GROUP BY class, tariff_id
ORDER BY kwh DESC, class, tariff_id
