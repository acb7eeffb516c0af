-- How much energy flows back from each feeder's customers?
-- Energy delivered and received by feeder and day. `reverse_hours` counts the hours in which a feeder's meters together
-- exported more than they used, and `max_reverse_kw` is the highest hourly mean of that.
-- Made of hours, each of the day in which it begins: meters that are read by the day are not in it.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: day=zone delivered_kwh=quantity received_kwh=quantity max_reverse_kw=quantity
-- empty: No meter exported energy on these days.
WITH hours AS (
  SELECT
    coalesce(m.feeder, 'unknown') AS feeder,
    date_trunc('hour', h.hour) AS hour,
    count(CASE WHEN h.received_wh > 0 THEN h.meter_id END) AS exporting,
    CAST(sum(h.wh) AS bigint) AS wh,
    CAST(sum(h.received_wh) AS bigint) AS received_wh
  FROM readings_hourly AS h
  LEFT JOIN meters AS m ON m.meter_id = h.meter_id
  WHERE h.dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                  AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND h.hour >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    AND h.hour < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  GROUP BY coalesce(m.feeder, 'unknown'), date_trunc('hour', h.hour)
)
SELECT
  CAST(at_timezone(with_timezone(hour, 'UTC'), {zone}) AS date) AS day,
  feeder,
  max(exporting) AS exporting_meters,
  sum(wh) * 0.001 AS delivered_kwh,
  sum(received_wh) * 0.001 AS received_kwh,
  count_if(received_wh > wh) AS reverse_hours,
  greatest(max(received_wh - wh), 0) * 0.001 AS max_reverse_kw
FROM hours
GROUP BY CAST(at_timezone(with_timezone(hour, 'UTC'), {zone}) AS date), feeder
HAVING sum(received_wh) > 0
ORDER BY day, feeder
