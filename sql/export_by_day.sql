-- How much energy did each meter export to the grid?
-- Energy received from the customer beside the energy delivered, by UTC day and meter, of the days with any export;
-- `net_kwh` is delivered minus received, and below 0 on a day of more export than import.
-- Made of hours: meters that are read by the day are not in it.
-- param: first_day day today-30 first day, UTC
-- param: last_day day today last day, UTC
-- param: meter meter all one meter, or all
-- columns: dt=utc_day delivered_kwh=quantity received_kwh=quantity net_kwh=quantity export_peak_kw=quantity
-- empty: No meter exported energy on these days.
SELECT
  h.dt,
  m.feeder,
  h.meter_id,
  sum(h.wh) * 0.001 AS delivered_kwh,
  sum(h.received_wh) * 0.001 AS received_kwh,
  (sum(h.wh) - sum(h.received_wh)) * 0.001 AS net_kwh,
  max(h.received_wh) * 0.001 AS export_peak_kw
FROM readings_hourly AS h
LEFT JOIN meters AS m ON m.meter_id = h.meter_id
WHERE h.dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  AND ({meter} = 'all' OR h.meter_id = {meter})
GROUP BY h.dt, m.feeder, h.meter_id
HAVING sum(h.received_wh) > 0
ORDER BY h.dt, m.feeder, h.meter_id
