-- How late do readings arrive?
-- Minutes from an interval's end to its arrival in the stream, by the interval's UTC day; and the number of rows
-- superseded by a duplicate or a correction.
-- param: first_day day today-30 first day, UTC
-- param: last_day day today last day, UTC
SELECT
  dt,
  count(*) AS readings,
  count(*) - count(DISTINCT ROW(meter_id, start, interval_s)) AS superseded,
  approx_percentile(delay_s, 0.5) / 60e0 AS median_min,
  approx_percentile(delay_s, 0.95) / 60e0 AS p95_min,
  max(delay_s) / 60e0 AS max_min
FROM (
  SELECT *, CAST(date_diff('second', start, ingested_at) - interval_s AS double) AS delay_s
  FROM readings
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
)
GROUP BY dt
ORDER BY dt
