-- How much does each feeder contribute to the fleet's peak?
-- Each feeder's own peak hour, its load in the fleet's peak hour, and their ratio, the coincidence factor.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: own_peak_hour=utc own_peak_kw=quantity fleet_peak_hour=utc at_fleet_peak_kw=quantity coincidence_factor=percent share=percent
-- empty: No readings have arrived for these days.
WITH hours AS (
  SELECT
    coalesce(m.feeder, 'unknown') AS feeder,
    date_trunc('hour', h.hour) AS hour,
    CAST(sum(h.wh) AS bigint) AS wh,
    count(*) AS meters
  FROM readings_hourly AS h
  LEFT JOIN meters AS m ON m.meter_id = h.meter_id
  WHERE h.dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                  AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND h.hour >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND h.hour < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  GROUP BY coalesce(m.feeder, 'unknown'), date_trunc('hour', h.hour)
),
totals AS (
  SELECT *, sum(wh) OVER (PARTITION BY hour) AS fleet_wh
  FROM hours
),
ranked AS (
  SELECT
    *,
    rank() OVER (ORDER BY fleet_wh DESC, hour) AS fleet_rank,
    row_number() OVER (PARTITION BY feeder ORDER BY wh DESC, hour) AS own_rank
  FROM totals
)
SELECT
  feeder,
  max(meters) AS meters,
  max(CASE WHEN own_rank = 1 THEN hour END) AS own_peak_hour,
  max(wh) * 0.001 AS own_peak_kw,
  max(CASE WHEN fleet_rank = 1 THEN hour END) AS fleet_peak_hour,
  max(CASE WHEN fleet_rank = 1 THEN wh END) * 0.001 AS at_fleet_peak_kw,
  CAST(max(CASE WHEN fleet_rank = 1 THEN wh END) AS double) / max(wh) AS coincidence_factor,
  CAST(max(CASE WHEN fleet_rank = 1 THEN wh END) AS double) / max(CASE WHEN fleet_rank = 1 THEN fleet_wh END) AS share
FROM ranked
GROUP BY feeder
ORDER BY at_fleet_peak_kw DESC, feeder
