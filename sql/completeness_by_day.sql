-- How complete is the data of each day (UTC)?
-- `complete` is the share of the day that the readings of all registered meters cover.
-- param: first_day day today-30 first day, UTC
-- param: last_day day today last day, UTC
-- columns: dt=utc_day complete=percent
-- empty: No readings have arrived for these days.
WITH registry AS (
  SELECT count(*) AS meters FROM meters
),
meter_days AS (
  SELECT
    dt,
    meter_id,
    count(CASE WHEN direction = 'delivered' THEN wh END) AS readings,
    sum(CASE WHEN direction = 'delivered' THEN interval_s ELSE 0 END) AS covered_s
  FROM readings_by_direction
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  GROUP BY dt, meter_id
)
SELECT
  d.dt,
  max(r.meters) AS registered_meters,
  count(*) AS reporting_meters,
  count_if(d.covered_s >= 86400) AS complete_meters,
  sum(d.readings) AS readings,
  CAST(sum(d.covered_s) AS double) / 86400 / max(r.meters) AS complete
FROM meter_days AS d
CROSS JOIN registry AS r
GROUP BY d.dt
ORDER BY d.dt
