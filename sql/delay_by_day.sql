-- How late do readings come?
-- Minutes from the end of an interval to its arrival in the stream, by the UTC day of the interval; and how many rows a
-- copy or a correction has overtaken.
-- param: first_day day today-30 the first day, UTC
-- param: last_day day today the last day, UTC
SELECT
  dt,
  count(*) AS readings,
  count(*) - count(DISTINCT ROW(meter_id, start, interval_s)) AS overtaken,
  approx_percentile(delay_s, 0.5) / 60e0 AS median_min,
  approx_percentile(delay_s, 0.95) / 60e0 AS p95_min,
  max(delay_s) / 60e0 AS most_min
FROM (
  SELECT *, CAST(date_diff('second', start, ingested_at) - interval_s AS double) AS delay_s
  FROM readings
  WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
    AND adjusted_by IS NULL  -- what operators did says nothing about the meters
)
GROUP BY dt
ORDER BY dt
