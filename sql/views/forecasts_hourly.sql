-- One row per hour ahead of each stored forecast of the fleet and of each feeder.
-- A forecast may have been published more than once; the rows that were published last count.
-- column: dt varchar the UTC day of the forecast's first hour
-- column: series varchar fleet, feeder/F, or no-feeder for meters that have none
-- column: made_at timestamp(3) UTC
-- column: readings_until timestamp(3) the end of the readings that it was made from, and its first hour, UTC
-- column: model varchar
-- column: day date the local day of the hour
-- column: lead integer how many days that is after the day of the last reading; 0 for the rest of that day
-- column: hour timestamp(3) start of the hour, UTC
-- column: wh double the energy expected, the 50% quantile, Wh
-- column: low_wh double the 10% quantile
-- column: high_wh double the 90% quantile
SELECT
  dt,
  series,
  made_at,
  readings_until,
  model,
  day,
  lead,
  hour,
  wh,
  low_wh,
  high_wh
FROM (
  SELECT *, row_number() OVER (PARTITION BY dt, series, readings_until, hour ORDER BY published_at DESC) AS copy
  FROM forecast_hours
)
WHERE copy = 1
