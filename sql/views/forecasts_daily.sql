-- One row per calendar day of each stored forecast of the fleet and of each feeder.
-- A forecast may have been published more than once; the rows that were published last count.
-- column: dt varchar the UTC day of the forecast's first hour
-- column: series varchar fleet, feeder/F, or no-feeder for meters that have none
-- column: made_at timestamp(3) UTC
-- column: readings_until timestamp(3) the end of the readings that it was made from, UTC
-- column: model varchar
-- column: day date local
-- column: lead integer how many days it is after the day of the last reading; 0 for the rest of that day
-- column: hours integer forecast of the day
-- column: energy_wh double the energy expected in these hours, Wh
-- column: energy_low_wh double its 80% interval; NULL without a backtest, as all intervals
-- column: energy_high_wh double
-- column: peak_wh double the highest hour, Wh
-- column: peak_low_wh double the 80% interval of the day's highest hour, whichever that will be
-- column: peak_high_wh double
-- column: peak_hour timestamp(3) when the highest hour is expected to start, UTC
-- column: backtest_wape double the backtest's error on days as far ahead; NULL without one
-- column: note varchar a remark on the model
SELECT
  dt,
  series,
  made_at,
  readings_until,
  model,
  day,
  lead,
  hours,
  energy_wh,
  energy_low_wh,
  energy_high_wh,
  peak_wh,
  peak_low_wh,
  peak_high_wh,
  peak_hour,
  backtest_wape,
  note
FROM (
  SELECT *, row_number() OVER (PARTITION BY dt, series, readings_until, day ORDER BY published_at DESC) AS copy
  FROM forecast_days
)
WHERE copy = 1
