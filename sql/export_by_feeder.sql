-- How much energy flows back from each feeder's customers?
-- Energy delivered and received by feeder and UTC day. `reverse_hours` counts the hours in which a feeder's meters together
-- exported more than they used, and `max_reverse_kw` is the highest hourly mean of that.
-- Made of hours: meters that are read by the day are not in it.
-- param: first_day day today-30 first day, UTC
-- param: last_day day today last day, UTC
-- columns: dt=utc_day delivered_kwh=quantity received_kwh=quantity max_reverse_kw=quantity
-- empty: No meter exported energy on these days.
WITH hours AS (
  SELECT
    h.dt,
    coalesce(m.feeder, 'unknown') AS feeder,
    date_trunc('hour', h.hour) AS hour,
    count(CASE WHEN h.received_wh > 0 THEN h.meter_id END) AS exporting,
    CAST(sum(h.wh) AS bigint) AS wh,
    CAST(sum(h.received_wh) AS bigint) AS received_wh
  FROM readings_hourly AS h
  LEFT JOIN meters AS m ON m.meter_id = h.meter_id
  WHERE h.dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  GROUP BY h.dt, coalesce(m.feeder, 'unknown'), date_trunc('hour', h.hour)
)
SELECT
  dt,
  feeder,
  max(exporting) AS exporting_meters,
  sum(wh) * 0.001 AS delivered_kwh,
  sum(received_wh) * 0.001 AS received_kwh,
  count_if(received_wh > wh) AS reverse_hours,
  greatest(max(received_wh - wh), 0) * 0.001 AS max_reverse_kw
FROM hours
GROUP BY dt, feeder
HAVING sum(received_wh) > 0
ORDER BY dt, feeder
