-- What did the fleet use in each interval of the day before a moment, and of the day a week before that?
-- A row an interval length. In an hour in which a meter was set to another length, both of its lengths count.
-- param: until time now the moment, UTC
SELECT start, interval_s, CAST(sum(wh) AS bigint) AS wh, count(*) AS readings
FROM readings_latest
WHERE (
    dt BETWEEN date_format({until} - INTERVAL '1' DAY, '%Y-%m-%d') AND date_format({until}, '%Y-%m-%d')
    AND start >= {until} - INTERVAL '1' DAY
    AND start < {until}
  )
  OR (
    dt BETWEEN date_format({until} - INTERVAL '8' DAY, '%Y-%m-%d') AND date_format({until} - INTERVAL '7' DAY, '%Y-%m-%d')
    AND start >= {until} - INTERVAL '8' DAY
    AND start < {until} - INTERVAL '7' DAY
  )
GROUP BY start, interval_s
ORDER BY start
