-- What is the amount due on each meter's bill for a month, line by line?
-- Computed from the raw readings by the tariffs' rules, equal to the bills to the cent. Missing readings are not estimated
-- and not billed here. It covers energy, demand, fixed and minimum charges of whole calendar months; not riders, taxes,
-- holidays, hours-use rates (kWh and kWh/kW in one period), least demand, system peaks and hourly prices, nor periods
-- that are cut by a price change or by the dates of service.
-- param: month month this-month billing month, in the tariff's time zone
-- param: meter meter all one meter, or all
-- param: detail lines|totals lines all lines, or each bill's total only
WITH customers AS (
  SELECT
    m.meter_id,
    t.tariff_id,
    t.timezone,
    t.allocation,
    t.demand_window_s,
    h.flat_demand_period,
    CAST(at_timezone(with_timezone(CAST({month} AS timestamp(3)), t.timezone), 'UTC') AS timestamp(3)) AS month_start,
    CAST(
      at_timezone(with_timezone(CAST({month} + INTERVAL '1' MONTH AS timestamp(3)), t.timezone), 'UTC') AS timestamp(3)
    ) AS month_end
  FROM meters AS m
  JOIN tariffs AS t ON t.tariff_id = m.tariff_id
  JOIN tariff_hours AS h ON h.tariff_id = t.tariff_id AND h.month = month({month}) AND h.hour = 0 AND NOT h.weekend
  WHERE {meter} = 'all' OR m.meter_id = {meter}
),
metered AS (
  SELECT
    r.meter_id,
    r.start,
    CAST(at_timezone(with_timezone(r.start, 'UTC'), c.timezone) AS timestamp(3)) AS local_start,
    r.interval_s,
    r.wh,
    -- Demand is the mean power over the tariff's window, or over the reading if that spans whole windows.
    CASE WHEN mod(r.interval_s, c.demand_window_s) <> 0 THEN c.demand_window_s END AS window_s
  FROM readings_current AS r
  JOIN customers AS c ON c.meter_id = r.meter_id
  WHERE r.dt BETWEEN date_format({month} - INTERVAL '1' DAY, '%Y-%m-%d')
                 AND date_format({month} + INTERVAL '1' MONTH, '%Y-%m-%d')
    AND ({meter} = 'all' OR r.meter_id = {meter})
    AND r.start >= c.month_start
    AND r.start < c.month_end
),
placed AS (
  SELECT
    *,
    wh * CAST(3600 / interval_s AS bigint) AS power_w,
    coalesce(window_s, 3600) AS length_s,
    mod(minute(local_start) * 60, coalesce(window_s, 3600)) AS at_s
  FROM metered
),
-- Buckets: local hours, within which no period changes, or demand windows, which lie within an hour. Energy counts where
-- the reading starts (step 0); a reading that extends into more windows contributes its power to each by time.
bucketed AS (
  SELECT
    meter_id,
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
  GROUP BY meter_id, window_s, date_add('second', step * length_s - at_s, start)
),
-- The month's cumulative Wh after each bucket, which selects the tier; the month's energy and demand.
counted AS (
  SELECT
    b.meter_id,
    c.tariff_id,
    h.energy_period,
    h.demand_period,
    b.wh,
    b.w,
    CAST(
      sum(b.wh) OVER (PARTITION BY b.meter_id ORDER BY b.start ROWS UNBOUNDED PRECEDING) AS decimal(18, 6)
    ) AS after_wh,
    CAST(sum(b.wh) OVER (PARTITION BY b.meter_id) AS decimal(18, 6)) AS month_wh,
    max(b.w) OVER (PARTITION BY b.meter_id) AS month_w
  FROM bucketed AS b
  JOIN customers AS c ON c.meter_id = b.meter_id
  JOIN tariff_hours AS h
    ON h.tariff_id = c.tariff_id
    AND h.month = month(b.local_hour)
    AND h.weekend = (day_of_week(b.local_hour) > 5)
    AND h.hour = hour(b.local_hour)
),
-- Tier limits of the month in Wh, or in Wh per W of its demand.
prices AS (
  SELECT
    *,
    CAST(
      above * CASE WHEN above_daily THEN day(last_day_of_month({month})) ELSE 1 END
      * CASE WHEN per_kw THEN 1 ELSE 1000 END AS decimal(18, 6)
    ) AS above_wh,
    CAST(
      up_to * CASE WHEN up_to_daily THEN day(last_day_of_month({month})) ELSE 1 END
      * CASE WHEN per_kw THEN 1 ELSE 1000 END AS decimal(18, 6)
    ) AS up_to_wh
  FROM tariff_prices
),
tiered AS (
  SELECT
    c.*,
    p.tier,
    CASE
      WHEN p.per_kw THEN CAST(p.above_wh * CAST(c.month_w AS decimal(38, 9)) AS decimal(18, 6))
      ELSE p.above_wh
    END AS above_wh,
    CASE
      WHEN p.up_to_wh IS NULL THEN c.month_wh
      WHEN p.per_kw THEN CAST(p.up_to_wh * CAST(c.month_w AS decimal(38, 9)) AS decimal(18, 6))
      ELSE p.up_to_wh
    END AS up_to_wh
  FROM counted AS c
  JOIN prices AS p ON p.tariff_id = c.tariff_id AND p.charge = 'energy' AND p.period = c.energy_period
),
allotted AS (
  SELECT
    meter_id,
    energy_period,
    demand_period,
    tier,
    max(w) AS w,
    sum(wh) AS wh,
    sum(greatest(least(after_wh, up_to_wh) - greatest(after_wh - wh, above_wh), 0)) AS tier_wh,
    max(month_wh) AS month_wh,
    greatest(least(max(month_wh), max(up_to_wh)) - max(above_wh), 0) AS month_tier_wh
  FROM tiered
  GROUP BY meter_id, energy_period, demand_period, tier
),
-- Three kinds of rows: the energy of each period and tier, the demand of each period, and the whole month.
measured AS (
  SELECT
    meter_id,
    energy_period,
    tier,
    demand_period,
    max(w) * 0.001 AS kw,
    sum(tier_wh) * 0.001 AS chronological_kwh,
    CAST(sum(wh) * max(month_tier_wh) AS decimal(38, 9)) / nullif(max(month_wh), 0) * 0.001 AS prorated_kwh
  FROM allotted
  GROUP BY GROUPING SETS ((meter_id, energy_period, tier), (meter_id, demand_period), (meter_id))
),
priced AS (
  SELECT
    c.meter_id,
    c.tariff_id,
    p.charge,
    p.period,
    p.tier,
    CASE
      WHEN p.unit = 'kW' THEN greatest(least(m.kw, coalesce(p.up_to, m.kw)) - p.above, 0)
      WHEN p.unit = 'month' THEN 1
      WHEN p.unit = 'day' THEN day(last_day_of_month({month}))
      WHEN p.unit = 'year' THEN
        CAST(day(last_day_of_month({month})) AS decimal(30, 15)) / day_of_year(last_day_of_month(date_trunc('year', {month}) + INTERVAL '11' MONTH))
      WHEN c.allocation = 'prorated' THEN m.prorated_kwh
      ELSE m.chronological_kwh
    END AS quantity,
    p.unit,
    p.rate
  FROM measured AS m
  JOIN customers AS c ON c.meter_id = m.meter_id
  JOIN prices AS p
    ON p.tariff_id = c.tariff_id
    AND CASE p.charge
      WHEN 'energy' THEN p.period = m.energy_period AND p.tier = m.tier
      WHEN 'demand' THEN p.period = m.demand_period
      WHEN 'flat demand' THEN p.period = c.flat_demand_period AND m.tier IS NULL AND m.demand_period IS NULL
      ELSE m.tier IS NULL AND m.demand_period IS NULL
    END
),
-- The minimum-bill charge is the amount by which the minimum exceeds all other charges.
owed AS (
  SELECT
    *,
    CAST(
      CASE
        WHEN charge <> 'minimum' THEN quantity * rate
        ELSE quantity * rate - coalesce(
          sum(CASE WHEN charge <> 'minimum' THEN quantity * rate END) OVER (PARTITION BY meter_id), 0
        )
      END AS decimal(30, 12)
    ) AS amount
  FROM priced
  WHERE quantity > 0
),
-- Round to the cent, half to even; round() would round half away from zero.
lines AS (
  SELECT
    *,
    CASE
      WHEN abs(amount - round(amount, 2)) = 0.005 AND mod(round(amount, 2) * 100, 2) <> 0
        THEN round(amount, 2) - 0.01 * sign(amount)
      ELSE round(amount, 2)
    END AS rounded,
    CASE WHEN charge = 'energy' THEN quantity END AS energy_kwh
  FROM owed
  WHERE charge <> 'minimum' OR amount > 0
)
SELECT
  meter_id,
  tariff_id,
  coalesce(charge, 'total') AS line,
  period,
  tier,
  CAST(CASE WHEN unit IS NULL THEN sum(energy_kwh) ELSE sum(quantity) END AS decimal(20, 6)) AS quantity,
  coalesce(unit, 'kWh') AS unit,
  CAST(rate AS decimal(20, 10)) AS rate,
  CAST(sum(amount) AS decimal(20, 10)) AS amount,
  CAST(sum(rounded) AS decimal(20, 2)) AS amount_rounded
FROM lines
GROUP BY GROUPING SETS ((meter_id, tariff_id, charge, period, tier, unit, rate), (meter_id, tariff_id))
HAVING {detail} = 'lines' OR charge IS NULL
ORDER BY
  meter_id,
  array_position(ARRAY['energy', 'demand', 'flat demand', 'fixed', 'minimum', 'total'], coalesce(charge, 'total')),
  period,
  tier
