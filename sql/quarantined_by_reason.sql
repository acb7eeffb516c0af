-- Which uploads were rejected, and why?
-- Rejected uploads by day of arrival and reason, with the latest message of each. A batch delivered twice may have its
-- rows in two objects; each position in the stream counts once.
-- param: first_day day today-30 first day
-- param: last_day day today last day
-- param: zone zone UTC time zone of the days
-- columns: day=zone last_arrived=utc
-- empty: No uploads were rejected on these days.
WITH rejected AS (
  SELECT *, CAST(replace(substr(CAST(arrived_at AS varchar), 1, 19), 'T', ' ') AS timestamp(3)) AS arrived
  FROM quarantine
  WHERE dt BETWEEN date_format({first_day} - INTERVAL '1' DAY, '%Y-%m-%d')
               AND date_format({last_day} + INTERVAL '1' DAY, '%Y-%m-%d')
)
SELECT
  CAST(at_timezone(with_timezone(arrived, 'UTC'), {zone}) AS date) AS day,
  reason,
  count(DISTINCT concat(sequence_number, ' ', coalesce(CAST(position AS varchar), payload))) AS uploads,
  count(DISTINCT partition_key) AS senders,
  max(CAST(arrived_at AS varchar)) AS last_arrived,
  max_by(message, CAST(arrived_at AS varchar)) AS last_message
FROM rejected
WHERE arrived >= CAST(at_timezone(with_timezone(CAST({first_day} AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
  AND arrived < CAST(at_timezone(with_timezone(CAST({last_day} + INTERVAL '1' DAY AS timestamp(3)), {zone}), 'UTC') AS timestamp(3))
GROUP BY CAST(at_timezone(with_timezone(arrived, 'UTC'), {zone}) AS date), reason
ORDER BY day DESC, uploads DESC, reason
