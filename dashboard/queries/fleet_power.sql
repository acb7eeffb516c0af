-- How much energy did the fleet use in each interval of the 24 hours before a time, and of the same hours a week before?
-- One row per start and interval length. If a meter's interval length changed within an hour, both lengths count.
-- param: until time now the end of the 24 hours, UTC
SELECT start, interval_s, CAST(sum(wh) AS bigint) AS wh, count(*) AS readings
FROM readings_latest
WHERE direction = 'delivered' AND ((
    dt BETWEEN date_format({until} - INTERVAL '1' DAY, '%Y-%m-%d') AND date_format({until}, '%Y-%m-%d')
    AND start >= {until} - INTERVAL '1' DAY
    AND start < {until}
  )
  OR (
    dt BETWEEN date_format({until} - INTERVAL '8' DAY, '%Y-%m-%d') AND date_format({until} - INTERVAL '7' DAY, '%Y-%m-%d')
    AND start >= {until} - INTERVAL '8' DAY
    AND start < {until} - INTERVAL '7' DAY
  ))
GROUP BY start, interval_s
ORDER BY start
