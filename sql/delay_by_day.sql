-- How late do readings come?
-- Minutes from the end of an interval to its arrival in the stream, by the UTC day of the interval; and how many rows a
-- copy or a correction has overtaken. A percentile is the least delay that this share of the readings does not exceed.
-- param: first_day day today-30 the first day, UTC
-- param: last_day day today the last day, UTC
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
  SELECT dt, count(DISTINCT ROW(meter_id, start, interval_s)) AS intervals
  FROM readings
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
  GROUP BY dt
)
SELECT
  c.dt,
  CAST(max(c.of_day) AS bigint) AS readings,
  CAST(max(c.of_day) - max(i.intervals) AS bigint) AS overtaken,
  min(CASE WHEN c.up_to * 2 >= c.of_day THEN c.delay_s END) / 60e0 AS median_min,
  min(CASE WHEN c.up_to * 100 >= c.of_day * 95 THEN c.delay_s END) / 60e0 AS p95_min,
  max(c.delay_s) / 60e0 AS most_min
FROM counted AS c
JOIN intervals AS i ON i.dt = c.dt
GROUP BY c.dt
ORDER BY c.dt
