-- How late do readings arrive?
-- Minutes from an interval's end to its arrival in the stream, by the day of the interval's start; and the number of rows
-- superseded by a duplicate or a correction. A percentile is the smallest delay not exceeded by that share of readings.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: day=zone median_min=tenth p95_min=tenth max_min=tenth
-- empty: No readings have arrived for these days.
WITH delays AS (
  SELECT CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date) AS day, delay_s, sum(readings) AS readings
  FROM (
    SELECT start, date_diff('second', start, ingested_at) - interval_s AS delay_s, count(*) AS readings
    FROM readings
    WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                  AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
      AND start >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
      AND start < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
      AND adjusted_by IS NULL  -- what operators did says nothing about the meters
    GROUP BY start, date_diff('second', start, ingested_at) - interval_s
  )
  GROUP BY CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date), delay_s
),
counted AS (
  SELECT
    day,
    delay_s,
    readings,
    sum(readings) OVER (PARTITION BY day ORDER BY delay_s ROWS UNBOUNDED PRECEDING) AS up_to,
    sum(readings) OVER (PARTITION BY day) AS of_day
  FROM delays
),
intervals AS (
  SELECT CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date) AS day, sum(intervals) AS intervals
  FROM (
    SELECT start, count(DISTINCT ROW(meter_id, interval_s, coalesce(direction, 'delivered'))) AS intervals
    FROM readings
    WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
                  AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
      AND start >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
      AND start < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
    GROUP BY start
  )
  GROUP BY CAST(at_timezone(with_timezone(start, 'UTC'), {zone}) AS date)
)
SELECT
  c.day,
  CAST(max(c.of_day) AS bigint) AS readings,
  CAST(max(c.of_day) - max(i.intervals) AS bigint) AS superseded,
  min(CASE WHEN c.up_to * 2 >= c.of_day THEN c.delay_s END) / 60e0 AS median_min,
  min(CASE WHEN c.up_to * 100 >= c.of_day * 95 THEN c.delay_s END) / 60e0 AS p95_min,
  max(c.delay_s) / 60e0 AS max_min
FROM counted AS c
JOIN intervals AS i ON i.day = c.day
GROUP BY c.day
ORDER BY c.day
