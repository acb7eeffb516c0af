-- What was forecast of each day, and what came of it?
-- The energy and the highest hour of each local day in kWh, with their 80% intervals, as forecast so many days ahead. What came is NULL
-- until all hours of the day are complete: at least 90% of the meters reported them, of the most that reported any hour of the week
-- before. Times are UTC.
-- param: load id fleet fleet, or a feeder's ID
-- param: lead whole 1 days ahead; 0 for the rest of the day in which the readings ended
-- param: first_day day today-30 first local day that was forecast
-- param: last_day day today last one
-- columns: made_at=utc energy_kwh=quantity energy_low_kwh=quantity energy_high_kwh=quantity actual_energy_kwh=quantity
-- columns: peak_kwh=quantity peak_low_kwh=quantity peak_high_kwh=quantity actual_peak_kwh=quantity peak_hour=utc actual_peak_hour=utc
-- empty: No forecast of these days is in the lake. It needs the feeder's ID, or fleet.
WITH actual AS (
  SELECT
    series,
    hour,
    CAST(wh AS double) AS wh,
    meters,
    max(meters) OVER (PARTITION BY series ORDER BY hour RANGE BETWEEN INTERVAL '7' DAY PRECEDING AND CURRENT ROW) AS most
  FROM loads_hourly
  WHERE dt >= date_format({first_day} - INTERVAL '8' DAY, '%Y-%m-%d')
    AND dt <= date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND series = CASE WHEN {load} = 'fleet' THEN 'fleet' ELSE 'feeder/' || {load} END
),
came AS (
  SELECT
    f.series,
    f.readings_until,
    f.day,
    count(*) AS hours,
    sum(a.wh) AS energy_wh,
    max(a.wh) AS peak_wh,
    max_by(a.hour, a.wh) AS peak_hour
  FROM forecasts_hourly AS f
  JOIN actual AS a ON a.series = f.series AND a.hour = f.hour AND a.meters >= 0.9e0 * a.most
  WHERE f.dt >= date_format({first_day} - INTERVAL '9' DAY, '%Y-%m-%d')
    AND f.dt <= date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND f.lead = {lead}
  GROUP BY f.series, f.readings_until, f.day
)
SELECT
  d.day,
  d.model,
  d.made_at,
  d.energy_wh / 1e3 AS energy_kwh,
  d.energy_low_wh / 1e3 AS energy_low_kwh,
  d.energy_high_wh / 1e3 AS energy_high_kwh,
  c.energy_wh / 1e3 AS actual_energy_kwh,
  d.peak_wh / 1e3 AS peak_kwh,
  d.peak_low_wh / 1e3 AS peak_low_kwh,
  d.peak_high_wh / 1e3 AS peak_high_kwh,
  c.peak_wh / 1e3 AS actual_peak_kwh,
  d.peak_hour,
  c.peak_hour AS actual_peak_hour
FROM forecasts_daily AS d
LEFT JOIN came AS c ON c.series = d.series AND c.readings_until = d.readings_until AND c.day = d.day AND c.hours = d.hours
WHERE d.dt >= date_format({first_day} - INTERVAL '9' DAY, '%Y-%m-%d')
  AND d.dt <= date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
  AND d.day BETWEEN {first_day} AND {last_day}
  AND d.lead = {lead}
  AND d.series = CASE WHEN {load} = 'fleet' THEN 'fleet' ELSE 'feeder/' || {load} END
ORDER BY d.day, d.readings_until
