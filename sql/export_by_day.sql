-- How much energy did each meter export to the grid?
-- Energy received from the customer beside the energy delivered, by day and meter, of the days with any export;
-- `net_kwh` is delivered minus received, and below 0 on a day of more export than import.
-- Made of hours, each of the day in which it begins: meters that are read by the day are not in it.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: meter meter all one meter, or all
-- param: zone zone UTC time zone of the days
-- columns: day=zone delivered_kwh=quantity received_kwh=quantity net_kwh=quantity export_peak_kw=quantity
-- empty: No meter exported energy on these days.
SELECT
  CAST(at_timezone(with_timezone(h.hour, 'UTC'), {zone}) AS date) AS day,
  m.feeder,
  h.meter_id,
  sum(h.wh) * 0.001 AS delivered_kwh,
  sum(h.received_wh) * 0.001 AS received_kwh,
  (sum(h.wh) - sum(h.received_wh)) * 0.001 AS net_kwh,
  max(h.received_wh) * 0.001 AS export_peak_kw
FROM readings_hourly AS h
LEFT JOIN meters AS m ON m.meter_id = h.meter_id
WHERE h.dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
  AND h.hour >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND h.hour < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND ({meter} = 'all' OR h.meter_id = {meter})
GROUP BY CAST(at_timezone(with_timezone(h.hour, 'UTC'), {zone}) AS date), m.feeder, h.meter_id
HAVING sum(h.received_wh) > 0
ORDER BY day, m.feeder, h.meter_id
