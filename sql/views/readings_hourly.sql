-- One row per meter and hour: its energy, peak and completeness, from the readings that count.
-- What does not say otherwise is of the energy delivered; an hour that has readings of energy received alone has no
-- reading present. The hours are those of UTC; where a meter's hours or half-hours are aligned to a zone at :30 or :45,
-- those of it. Readings of a day have no part in hours: readings_by_direction has them.
-- column: dt varchar the UTC day of the hour
-- column: meter_id varchar
-- column: hour timestamp(3) its start, UTC
-- column: wh bigint Wh delivered
-- column: peak_w bigint W, the mean power of the interval with the most energy
-- column: readings bigint readings present
-- column: expected bigint readings due
-- column: received_wh bigint Wh received from the customer
-- column: estimated bigint readings of both directions that were estimated
-- column: substituted bigint
-- column: questionable bigint
SELECT
  dt,
  meter_id,
  date_add('second', mod(minute(start) * 60, interval_s), date_trunc('hour', start)) AS hour,
  CAST(coalesce(sum(CASE WHEN direction = 'delivered' THEN wh END), 0) AS bigint) AS wh,
  coalesce(max(CASE WHEN direction = 'delivered' THEN wh * (CAST(3600 AS bigint) / interval_s) END), 0) AS peak_w,
  count(CASE WHEN direction = 'delivered' THEN wh END) AS readings,
  coalesce(
    max(CASE WHEN direction = 'delivered' THEN CAST(3600 AS bigint) / interval_s END),
    max(CAST(3600 AS bigint) / interval_s)
  ) AS expected,
  CAST(coalesce(sum(CASE WHEN direction = 'received' THEN wh END), 0) AS bigint) AS received_wh,
  count(CASE WHEN quality = 'estimated' THEN wh END) AS estimated,
  count(CASE WHEN quality = 'substituted' THEN wh END) AS substituted,
  count(CASE WHEN quality = 'questionable' THEN wh END) AS questionable
FROM readings_by_direction
WHERE interval_s <= 3600
GROUP BY dt, meter_id, date_add('second', mod(minute(start) * 60, interval_s), date_trunc('hour', start))
