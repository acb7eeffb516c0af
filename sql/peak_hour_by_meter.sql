-- In which hour did each meter use the most energy?
-- Hours are in the meter's time zone; the first of equal hours counts. `usual_hour_of_day` (0 to 23) has the highest mean,
-- which distinguishes a habit from a single event.
-- param: month month this-month the month
-- param: meter meter all one meter, or all
-- columns: peak_hour=local peak_kwh=quantity usual_kwh=quantity
-- empty: No readings have arrived for this month.
WITH hours AS (
  SELECT
    meter_id,
    arbitrary(timezone) AS timezone,
    date_trunc('hour', local_start) AS hour,
    CAST(sum(wh) AS bigint) AS wh
  FROM readings_local
  WHERE dt BETWEEN date_format({month} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({month} + INTERVAL '1' MONTH, '%Y-%m-%d')
    AND local_start >= {month}
    AND local_start < {month} + INTERVAL '1' MONTH
    AND interval_s <= 3600  -- a day's energy is in no hour
    AND ({meter} = 'all' OR meter_id = {meter})
  -- A clock that goes back shows an hour twice; the offset tells the two apart.
  GROUP BY meter_id, date_trunc('hour', local_start), date_diff('minute', start, local_start)
),
hours_of_day AS (
  SELECT
    meter_id,
    arbitrary(timezone) AS timezone,
    hour(hour) AS hour_of_day,
    max(wh) AS most_wh,
    -- Of equal hours the first: a month has less than 1,000.
    max_by(hour, wh * 1000 - date_diff('hour', {month}, hour)) AS most_at,
    CAST(sum(wh) AS double) / count(*) AS mean_wh
  FROM hours
  GROUP BY meter_id, hour(hour)
)
SELECT
  meter_id,
  arbitrary(timezone) AS timezone,
  max_by(most_at, most_wh * 1000 - date_diff('hour', {month}, most_at)) AS peak_hour,
  max(most_wh) * 0.001 AS peak_kwh,
  max_by(hour_of_day, ROW(mean_wh, -hour_of_day)) AS usual_hour_of_day,
  max(mean_wh) / 1e3 AS usual_kwh
FROM hours_of_day
GROUP BY meter_id
ORDER BY peak_kwh DESC, meter_id
