-- What does the energy of each agreement cost in a month, by dated price, period and tier?
-- Computed from the raw readings by the dated registry, and equal to the issued bills' energy lines to the cent. It covers energy
-- charges alone, also of periods that a price, a tariff, a meter or the agreement cuts; missing readings are not estimated. It
-- does not cover holidays, hours-use rates (kWh and kWh/kW in one period), hourly prices, and readings that an agreement shares by time. All
-- other charges are in revenue_by_tariff and the views of issued bills.
-- param: month month this-month month in which the billing cycle begins, in the service point's time zone
-- param: meter meter all one meter, or all
-- param: detail lines|totals lines all lines, or each agreement's total only
-- columns: kwh=full rate=full amount=full amount_rounded=money
-- empty: No energy was charged in this month: it has no readings, or no agreement of theirs has a tariff.
WITH installed AS (
  SELECT meter_id, service_point_id, start, "end" FROM installations
  UNION ALL
  -- Meters that were registered before there were agreements are served always, under their own IDs.
  SELECT meter_id, meter_id AS service_point_id, CAST('1970-01-01' AS timestamp) AS start, CAST(NULL AS timestamp) AS "end"
  FROM meters
  WHERE meter_id NOT IN (SELECT meter_id FROM installations)
),
agreed AS (
  SELECT
    a.agreement_id,
    a.service_point_id,
    a.tariff_id,
    a.first,
    a."end",
    first_value(a.cycle_day) OVER (PARTITION BY a.agreement_id ORDER BY a.first) AS cycle_day,
    p.time_zone
  FROM agreements AS a
  JOIN service_points AS p ON p.service_point_id = a.service_point_id
  UNION ALL
  SELECT
    m.meter_id AS agreement_id,
    m.meter_id AS service_point_id,
    m.tariff_id,
    CAST(NULL AS date) AS first,
    CAST(NULL AS date) AS "end",
    1 AS cycle_day,
    t.timezone AS time_zone
  FROM meters AS m
  JOIN (SELECT tariff_id, max_by(timezone, version) AS timezone FROM tariffs GROUP BY tariff_id) AS t
    ON t.tariff_id = m.tariff_id
  WHERE m.meter_id NOT IN (SELECT meter_id FROM installations)
),
cycles AS (
  SELECT
    *,
    CAST(date_add('day', cycle_day - 1, {month}) AS date) AS cycle_first,
    CAST(date_add('day', cycle_day - 1, CAST({month} + INTERVAL '1' MONTH AS date)) AS date) AS cycle_end
  FROM agreed
),
-- The parts of a period, each at one version of one tariff.
segments AS (
  SELECT
    c.agreement_id,
    c.service_point_id,
    c.tariff_id,
    t.version,
    t.allocation,
    t.demand_window_s,
    c.time_zone,
    greatest(c.cycle_first, coalesce(c.first, c.cycle_first), coalesce(t.first, c.cycle_first)) AS segment_start,
    least(c.cycle_end, coalesce(c."end", c.cycle_end), coalesce(t."end", c.cycle_end)) AS segment_end,
    date_diff('day', c.cycle_first, c.cycle_end) AS full_days
  FROM cycles AS c
  JOIN tariffs AS t ON t.tariff_id = c.tariff_id
),
-- When which meter served a segment, in UTC.
spans AS (
  SELECT
    s.agreement_id,
    s.tariff_id,
    s.version,
    s.allocation,
    s.demand_window_s,
    s.time_zone,
    s.segment_start,
    s.segment_end,
    date_diff('day', s.segment_start, s.segment_end) AS days,
    s.full_days,
    i.meter_id,
    greatest(
      i.start,
      CAST(at_timezone(with_timezone(CAST(s.segment_start AS timestamp(3)), s.time_zone), 'UTC') AS timestamp(3))
    ) AS span_start,
    least(
      coalesce(i."end", TIMESTAMP '9999-01-01 00:00:00'),
      CAST(at_timezone(with_timezone(CAST(s.segment_end AS timestamp(3)), s.time_zone), 'UTC') AS timestamp(3))
    ) AS span_end
  FROM segments AS s
  JOIN installed AS i ON i.service_point_id = s.service_point_id
  WHERE s.segment_start < s.segment_end
    AND (
      {meter} = 'all'
      OR s.service_point_id IN (SELECT service_point_id FROM installed WHERE meter_id = {meter})
    )
),
metered AS (
  SELECT
    s.agreement_id,
    s.segment_start,
    r.meter_id,
    r.start,
    CAST(at_timezone(with_timezone(r.start, 'UTC'), s.time_zone) AS timestamp(3)) AS local_start,
    r.interval_s,
    r.wh,
    -- Demand is the mean power over the tariff's window, or over the reading if that spans whole windows.
    CASE WHEN mod(r.interval_s, s.demand_window_s) <> 0 THEN s.demand_window_s END AS window_s
  FROM readings_current AS r
  JOIN spans AS s ON s.meter_id = r.meter_id AND r.start >= s.span_start AND r.start < s.span_end
  -- A cycle ends on the 28th of the next month at the latest.
  WHERE r.dt BETWEEN date_format({month} - INTERVAL '1' DAY, '%Y-%m-%d')
                 AND date_format({month} + INTERVAL '1' MONTH + INTERVAL '28' DAY, '%Y-%m-%d')
),
placed AS (
  SELECT
    *,
    CAST(wh * 3600 AS bigint) / interval_s AS power_w,
    coalesce(window_s, 3600) AS length_s,
    mod(minute(local_start) * 60, coalesce(window_s, 3600)) AS at_s
  FROM metered
),
-- Buckets: local hours, within which no period changes, or demand windows, which lie within an hour. Energy counts where
-- the reading starts (step 0); a reading that extends into more windows contributes its power to each by time.
bucketed AS (
  SELECT
    agreement_id,
    segment_start,
    date_add('second', step * length_s - at_s, start) AS start,
    min(date_trunc('hour', date_add('second', step * length_s - at_s, local_start))) AS local_hour,
    CAST(sum(CASE WHEN step = 0 THEN wh ELSE 0 END) AS bigint) AS wh,
    CASE
      WHEN window_s IS NULL THEN CAST(max(power_w) AS decimal(18, 9))
      ELSE CAST(
        CAST(
          sum(power_w * (least(at_s + interval_s, (step + 1) * length_s) - greatest(at_s, step * length_s)))
          AS decimal(38, 9)
        ) / window_s AS decimal(18, 9)
      )
    END AS w
  FROM placed
  CROSS JOIN UNNEST(
    CASE WHEN window_s IS NULL THEN ARRAY[0] ELSE sequence(0, CAST(at_s + interval_s - 1 AS bigint) / window_s) END
  ) AS further (step)
  GROUP BY agreement_id, segment_start, meter_id, window_s, date_add('second', step * length_s - at_s, start)
),
priced_segments AS (
  SELECT DISTINCT
    agreement_id, segment_start, segment_end, tariff_id, version, allocation, days, full_days
  FROM spans
),
-- The segment's cumulative Wh after each bucket, which selects the tier; the segment's energy and the bill's demand.
counted AS (
  SELECT
    b.agreement_id,
    b.segment_start,
    s.tariff_id,
    s.version,
    s.days,
    s.full_days,
    h.energy_period,
    b.wh,
    CAST(
      sum(b.wh) OVER (PARTITION BY b.agreement_id, b.segment_start ORDER BY b.start ROWS UNBOUNDED PRECEDING)
      AS decimal(27, 9)
    ) AS after_wh,
    CAST(sum(b.wh) OVER (PARTITION BY b.agreement_id, b.segment_start) AS decimal(27, 9)) AS segment_wh,
    max(b.w) OVER (PARTITION BY b.agreement_id) AS bill_w
  FROM bucketed AS b
  JOIN priced_segments AS s ON s.agreement_id = b.agreement_id AND s.segment_start = b.segment_start
  JOIN tariff_hours AS h
    ON h.tariff_id = s.tariff_id
    AND h.version = s.version
    AND h.month = month(b.local_hour)
    AND h.weekend = (day_of_week(b.local_hour) > 5)
    AND h.hour = hour(b.local_hour)
),
-- Tier limits in Wh. A limit of the whole cycle counts for the segment's part of the cycle's days.
limited AS (
  SELECT
    c.*,
    p.tier,
    p.rate,
    CAST(p.above * CASE WHEN p.per_kw THEN c.bill_w ELSE 1000 END AS decimal(27, 9)) AS above_wh,
    CAST(p.up_to * CASE WHEN p.per_kw THEN c.bill_w ELSE 1000 END AS decimal(27, 9)) AS up_to_wh,
    p.above_daily,
    p.up_to_daily
  FROM counted AS c
  JOIN tariff_prices AS p
    ON p.tariff_id = c.tariff_id AND p.version = c.version AND p.charge = 'energy' AND p.period = c.energy_period
),
tiered AS (
  SELECT
    agreement_id,
    segment_start,
    energy_period,
    tier,
    rate,
    wh,
    after_wh,
    segment_wh,
    CASE
      WHEN above_daily THEN CAST(above_wh * days AS decimal(27, 9))
      WHEN days = full_days THEN above_wh
      ELSE CAST(CAST(above_wh * days AS decimal(27, 9)) / full_days AS decimal(27, 9))
    END AS above_wh,
    coalesce(
      CASE
        WHEN up_to_daily THEN CAST(up_to_wh * days AS decimal(27, 9))
        WHEN days = full_days THEN up_to_wh
        ELSE CAST(CAST(up_to_wh * days AS decimal(27, 9)) / full_days AS decimal(27, 9))
      END,
      segment_wh
    ) AS up_to_wh
  FROM limited
),
allotted AS (
  SELECT
    agreement_id,
    segment_start,
    energy_period,
    tier,
    max(rate) AS rate,
    sum(wh) AS wh,
    sum(greatest(least(after_wh, up_to_wh) - greatest(after_wh - wh, above_wh), 0)) AS tier_wh,
    max(segment_wh) AS segment_wh,
    greatest(least(max(segment_wh), max(up_to_wh)) - max(above_wh), 0) AS segment_tier_wh
  FROM tiered
  GROUP BY agreement_id, segment_start, energy_period, tier
),
amounts AS (
  SELECT
    s.agreement_id,
    s.tariff_id,
    s.segment_start,
    s.segment_end,
    a.energy_period AS period,
    a.tier,
    a.rate,
    CAST(
      CASE s.allocation
        WHEN 'prorated' THEN CAST(a.wh * a.segment_tier_wh AS decimal(38, 9)) / nullif(a.segment_wh, 0) * 0.001
        ELSE a.tier_wh * 0.001
      END AS decimal(20, 12)
    ) AS kwh
  FROM allotted AS a
  JOIN priced_segments AS s ON s.agreement_id = a.agreement_id AND s.segment_start = a.segment_start
),
-- Round to the cent, half to even. Quotients have a last place: what is nearer to half a cent than that is half a cent.
lines AS (
  SELECT
    *,
    CASE
      WHEN abs(cents - floor(cents) - 0.5) < 0.0000001 THEN floor(cents) + abs(mod(floor(cents), 2))
      ELSE round(cents)
    END * 0.01 AS rounded
  FROM (
    SELECT *, CAST(kwh * rate AS decimal(30, 12)) AS amount, CAST(kwh * rate * 100 AS decimal(30, 10)) AS cents
    FROM amounts
    WHERE kwh > 0
  )
)
SELECT
  agreement_id,
  tariff_id,
  segment_start,
  segment_end,
  period,
  tier,
  CASE WHEN tier IS NULL THEN 'total' ELSE 'energy' END AS line,
  CAST(sum(kwh) AS decimal(20, 6)) AS kwh,
  CAST(rate AS decimal(20, 10)) AS rate,
  CAST(sum(amount) AS decimal(20, 6)) AS amount,
  CAST(sum(rounded) AS decimal(20, 2)) AS amount_rounded
FROM lines
GROUP BY GROUPING SETS (
  (agreement_id, tariff_id, segment_start, segment_end, period, tier, rate), (agreement_id)
)
HAVING {detail} = 'lines' OR tier IS NULL
ORDER BY agreement_id, tier IS NULL, segment_start, period, tier
