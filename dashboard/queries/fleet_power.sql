-- The fleet's energy in each interval of some UTC days, a row an interval length.
SELECT start, interval_s, CAST(sum(wh) AS bigint) AS wh, count(*) AS readings
FROM readings_latest
WHERE dt IN ({days})
GROUP BY start, interval_s
ORDER BY start
