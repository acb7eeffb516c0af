-- Which uploads were rejected, and why?
-- Rejected uploads by UTC day of arrival and reason, with the latest message of each. A batch delivered twice may have its
-- rows in two objects; each position in the stream counts once.
-- param: first_day day today-30 first day, UTC
-- param: last_day day today last day, UTC
-- columns: dt=utc_day last_arrived=utc
-- empty: No uploads were rejected on these days.
SELECT
  dt,
  reason,
  count(DISTINCT concat(sequence_number, ' ', coalesce(CAST(position AS varchar), payload))) AS uploads,
  count(DISTINCT partition_key) AS senders,
  max(CAST(arrived_at AS varchar)) AS last_arrived,
  max_by(message, CAST(arrived_at AS varchar)) AS last_message
FROM quarantine
WHERE dt BETWEEN date_format({first_day}, '%Y-%m-%d') AND date_format({last_day}, '%Y-%m-%d')
GROUP BY dt, reason
ORDER BY dt DESC, uploads DESC, reason
