-- Which meters measured a voltage outside the band of their standard?
-- The band is 5% around 120, 208 or 240 V by ANSI C84.1, service voltage range A, in the United States and Canada, and
-- 10% around 230 or 400 V by EN 50160 elsewhere; the nominal voltage is the one nearest to the meter's median. EN 50160
-- asks that of 95% of a week's 10-minute means. Lists meters with any reading outside.
-- param: first_day day today-7 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: min_v=tenth max_v=tenth within=percent
-- empty: No meter measured a voltage outside the band on these days.
WITH measured AS (
  SELECT meter_id, voltage_v
  FROM readings_current
  WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND start >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND start < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND voltage_v IS NOT NULL
),
usual AS (
  SELECT meter_id, approx_percentile(voltage_v, 0.5) AS volts
  FROM measured
  GROUP BY meter_id
),
standards AS (
  SELECT u.meter_id, u.volts, m.feeder, coalesce(m.voltage_standard, 'EN 50160') AS standard
  FROM usual AS u
  LEFT JOIN meters AS m ON m.meter_id = u.meter_id
),
bands AS (
  SELECT
    meter_id,
    feeder,
    standard,
    CASE
      WHEN standard = 'EN 50160' THEN CASE WHEN volts < 315 THEN 230 ELSE 400 END
      WHEN volts < 164 THEN 120
      WHEN volts < 224 THEN 208
      ELSE 240
    END AS nominal_v,
    CASE WHEN standard = 'EN 50160' THEN 0.10 ELSE 0.05 END AS share
  FROM standards
),
counted AS (
  SELECT
    b.meter_id,
    b.feeder,
    b.standard,
    b.nominal_v,
    count(*) AS readings,
    count_if(r.voltage_v < (1 - b.share) * b.nominal_v) AS below,
    count_if(r.voltage_v > (1 + b.share) * b.nominal_v) AS above,
    min(r.voltage_v) AS min_v,
    max(r.voltage_v) AS max_v
  FROM measured AS r
  JOIN bands AS b ON b.meter_id = r.meter_id
  GROUP BY b.meter_id, b.feeder, b.standard, b.nominal_v
)
SELECT
  meter_id,
  feeder,
  standard,
  nominal_v,
  readings,
  below,
  above,
  min_v,
  max_v,
  CAST(readings - below - above AS double) / readings AS within,
  CAST(readings - below - above AS double) / readings >= 0.95 AS meets_95_percent
FROM counted
WHERE below + above > 0
ORDER BY within, meter_id
