-- How late do readings arrive?
-- Minutes from an interval's end to its arrival in the stream, by the interval's UTC day; and the number of rows
-- superseded by a duplicate or a correction. A percentile is the smallest delay not exceeded by that share of readings.
-- param: first_day day today-30 first day, UTC
-- param: last_day day today last day, UTC
-- columns: dt=utc_day median_min=tenth p95_min=tenth max_min=tenth
-- empty: No readings have arrived for these days.
WITH delays AS (
  SELECT dt, date_diff('second', start, ingested_at) - interval_s AS delay_s, count(*) AS readings
  FROM readings
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
    AND adjusted_by IS NULL  -- what operators did says nothing about the meters
  GROUP BY dt, date_diff('second', start, ingested_at) - interval_s
),
counted AS (
  SELECT
    dt,
    delay_s,
    readings,
    sum(readings) OVER (PARTITION BY dt ORDER BY delay_s ROWS UNBOUNDED PRECEDING) AS up_to,
    sum(readings) OVER (PARTITION BY dt) AS of_day
  FROM delays
),
intervals AS (
  SELECT dt, count(DISTINCT ROW(meter_id, start, interval_s, coalesce(direction, 'delivered'))) AS intervals
  FROM readings
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  GROUP BY dt
)
SELECT
  c.dt,
  CAST(max(c.of_day) AS bigint) AS readings,
  CAST(max(c.of_day) - max(i.intervals) AS bigint) AS superseded,
  min(CASE WHEN c.up_to * 2 >= c.of_day THEN c.delay_s END) / 60e0 AS median_min,
  min(CASE WHEN c.up_to * 100 >= c.of_day * 95 THEN c.delay_s END) / 60e0 AS p95_min,
  max(c.delay_s) / 60e0 AS max_min
FROM counted AS c
JOIN intervals AS i ON i.dt = c.dt
GROUP BY c.dt
ORDER BY c.dt
