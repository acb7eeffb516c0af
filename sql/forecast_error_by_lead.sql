-- How far are forecasts off, by how many days ahead they were made?
-- For the fleet, or for all feeders together: each forecast's days beside what came, if all of their hours are complete. An hour is
-- complete if at least 90% of the meters reported it: of the most that reported any hour of the week before.
-- `wape` adds up the hours' absolute errors and `bias` their errors (above 0: too much was forecast), both over the energy that came.
-- `coverage` is the share of hours within their 80% interval.
-- param: loads fleet|feeders fleet whose forecasts: fleet, or feeders
-- param: first_day day today-15 first local day that was forecast
-- param: last_day day today-1 last one
-- columns: wape=percent bias=percent coverage=percent
-- empty: No forecast of these days has come to its end yet, or none was published to the lake.
WITH forecast AS (
  SELECT *, count(*) OVER (PARTITION BY series, readings_until, day) AS hours
  FROM forecasts_hourly
  WHERE dt >= date_format({first_day} - INTERVAL '9' DAY, '%Y-%m-%d')
    AND dt <= date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
    AND day BETWEEN {first_day} AND {last_day}
    AND (series = 'fleet') = ({loads} = 'fleet')
),
actual AS (
  SELECT
    series,
    hour,
    CAST(wh AS double) AS wh,
    meters,
    max(meters) OVER (PARTITION BY series ORDER BY hour RANGE BETWEEN INTERVAL '7' DAY PRECEDING AND CURRENT ROW) AS most
  FROM loads_hourly
  WHERE dt >= date_format({first_day} - INTERVAL '8' DAY, '%Y-%m-%d')
    AND dt <= date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
),
judged AS (
  SELECT
    f.lead,
    count(*) AS hours,
    sum(f.wh - a.wh) AS error,
    sum(abs(f.wh - a.wh)) AS absolute_error,
    sum(abs(a.wh)) AS energy,
    count_if(a.wh BETWEEN f.low_wh AND f.high_wh) AS covered
  FROM forecast AS f
  JOIN actual AS a ON a.series = f.series AND a.hour = f.hour AND a.meters >= 0.9e0 * a.most
  GROUP BY f.series, f.readings_until, f.day, f.lead
  HAVING count(*) = max(f.hours)
)
SELECT
  lead,
  count(*) AS days,
  CAST(sum(hours) AS bigint) AS hours,
  CAST(sum(absolute_error) AS double) / nullif(sum(energy), 0) AS wape,
  CAST(sum(error) AS double) / nullif(sum(energy), 0) AS bias,
  CAST(sum(covered) AS double) / sum(hours) AS coverage
FROM judged
GROUP BY lead
ORDER BY lead
