"""The customer service page: one meter, its readings, its bill, and what other tariffs would cost."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboard import data, layout
from dashboard.access.roles import Data
from dashboard.access.visitor import may
from dashboard.bills import bill_data
from dashboard.forecast import forecast_data
from dashboard.meter import meter_charts, meter_data, meter_view, service_history
from dashboard.show_errors import show_errors
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.comparison import offers
from electrocloud.domain.local_time import DAY_S, HOUR_S, BillingMonth, day_of
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff
from presentation import units
from presentation.export_text import BEFORE_EXPORT, forecast_notes
from presentation.invoice_text import percent
from presentation.money_text import mark, money
from presentation.suspects_text import MEANINGS

SUGGESTED = 12
HEAT_DAYS = 35
CURVE_DAYS = 3
ESTIMATED_FROM_DAYS = 28


def suggest(text: str, ids: list[str]) -> None:
    """Offer the meters whose ID contains the text."""
    matches = [meter_id for meter_id in ids if text.lower() in meter_id.lower()]
    if not matches:
        st.info(f"No meter ID contains “{units.in_markdown(text)}”. Check the ID on the customer's bill.")
        return
    more = f", showing the first {SUGGESTED}" if len(matches) > SUGGESTED else ""
    label = f" matching “{units.in_markdown(text)}”" if text else ""
    st.caption(f"{units.count(len(matches), 'meter')}{label}{more}:")
    st.pills("Meters", matches[:SUGGESTED], key="suggested", on_change=accept_suggestion, label_visibility="collapsed")


def accept_suggestion() -> None:
    """Put the meter that was picked from the suggestions into the field."""
    if st.session_state["suggested"]:
        st.session_state["meter"] = st.session_state["suggested"]


@st.fragment(run_every=15)
def show(meter: RegisteredMeter) -> None:
    """Draw all of one meter."""
    with show_errors(), layout.loading("meter"):
        tariff = data.tariffs().get(meter.tariff_id)
        if tariff is None:
            st.info(
                f"This meter's tariff {units.in_markdown(meter.tariff_id)} is not registered, so it is not billed. "
                "Register the tariff to bill it."
                if meter.tariff_id
                else "Nobody has an agreement at this meter's service point, so it is not billed. "
                "`electrocloud registry move-in` opens one."
            )
            return
        place = f"feeder {meter.feeder} · {units.customer_class(meter.customer)} · {tariff.name}"
        st.markdown(f"## {units.in_markdown(meter.meter_id)}\n{units.in_markdown(place)}")
        newest = meter_data.newest_day(meter.meter_id)
        if newest is None:
            st.info("This meter has never reported. Its readings appear here after its first upload.")
            return
        if not newest.count:
            st.info(f"This meter has no reading of energy delivered on {newest.day}, its newest day.")
            return
        last = newest.latest
        end = last.start + last.seconds
        month = BillingMonth.at(last.start, tariff.zone)
        first = day_of(min(month.start - ESTIMATED_FROM_DAYS * DAY_S, end - HEAT_DAYS * DAY_S))
        days = meter_data.days(meter.meter_id, first, newest.day + timedelta(days=1))
        shown, zone = units.moment(end, tariff.zone), units.zone_name(end, tariff.zone)
        st.caption(f"Latest reading: **{shown}**, {zone} · one every {units.duration(last.seconds)}")
        if may(Data.BILLS):
            costs(meter, month, days, end)
        layout.paint_first()
        suspicious(meter.meter_id, tariff.zone)
        latest(meter.meter_id, tariff, days, end)
        heat(tariff.zone, days, end)
        if may(Data.BILLS):
            compare_tariffs(meter, month, days, end)
        if may(Data.CUSTOMERS):
            service(meter.meter_id)


@st.cache_resource(ttl=60, max_entries=500, show_spinner=False)
def projected(
    meter_id: str,
    tariff_id: str,
    month: BillingMonth,
    end: float,  # noqa: ARG001  end of the newest reading, part of the cache key
    _days: list[MeterDay],
) -> list[Bill]:
    """The meter's projected month-end bill on a tariff; empty if the month has not started in the tariff's zone."""
    return meter_view.projected([data.tariffs()[tariff_id]], month, _days, meter_id)


def costs(meter: RegisteredMeter, month: BillingMonth, days: list[MeterDay], end: float) -> None:
    """Draw what the month costs so far, and what it will come to."""
    bill = bill_data.bill(meter.meter_id, str(month))
    named = units.month(str(month))
    so_far = {
        "Bill so far": (
            money(bill.total_rounded, bill.currency) if bill else "–",
            f"The bill for {named}, including fixed charges.",
            None,
        ),
        "Month-end bill": month_end_bill(meter, month, days, end),
        "Energy so far": (f"{bill.energy_kwh:,.0f} kWh" if bill else "–", f"Billed in {named}.", None),
        **exported_so_far(month, days),
        "Peak demand": (f"{bill.demand_kw:,.2f} kW" if bill else "–", f"In {named}, as the tariff defines it.", None),
        "Estimated": (
            f"{bill.intervals.estimated:,}" if bill else "–",
            "Billed intervals estimated from the weeks before.",
            None,
        ),
    }
    with layout.metrics("meter"):
        for name, (value, note, below) in so_far.items():
            layout.metric(name, value, below, note, height="stretch")
    with st.container(horizontal=True, gap="small"):
        view = bill and st.button("View bill", icon=":material/receipt_long:")
        st.download_button(
            "Download Green Button",
            meter_data.green_button_file(meter.meter_id),
            f"{meter.meter_id}.xml",
            "application/xml",
            icon=":material/download:",
            on_click="ignore",
            help="Usage and bills of the last 13 months, of the current customer, as XML that energy apps read.",
        )
    if view:
        st.switch_page("bills/page.py", query_params={"bill": meter.meter_id, "month": str(month)})


def exported_so_far(month: BillingMonth, days: list[MeterDay]) -> dict[str, tuple[str, str, None]]:
    """The energy received from the customer in the month, where there is any reading of it."""
    found = [one for day in days for one in day.intervals("received") if month.start <= one.start < month.end]
    if not found:
        return {}
    kwh = sum(one.wh for one in found) / 1000
    return {"Export so far": (f"{kwh:,.0f} kWh", f"Received from the customer in {units.month(str(month))}.", None)}


def month_end_bill(
    meter: RegisteredMeter, month: BillingMonth, days: list[MeterDay], end: float
) -> tuple[str, str, str | None]:
    """The month-end forecast, its basis and its interval; without a forecast, a projection with no interval."""
    if forecast := forecast_data.month_end(meter.meter_id, str(month)):
        total, currency = forecast.total, forecast.currency
        made = f"Forecast made {units.moment(forecast.made_at, month.zone)}; the range is an 80% interval."
        made += forecast_notes(forecast)
        return money(total.value, currency), made, f"{money(total.low, currency)} to {money(total.high, currency)}"
    (expected,) = projected(meter.meter_id, meter.tariff_id, month, end, days)
    note = "Projection: assumes that the rest of the month is like the same hours of the last four weeks."
    if data.tariffs()[meter.tariff_id].metering and any(day.received_count for day in days):
        note += BEFORE_EXPORT
    return money(expected.total_rounded, expected.currency), note, None


def suspicious(meter_id: str, zone: str) -> None:
    """Suspect readings, to check before discussing the bill with the customer."""
    found = [one for one in forecast_data.suspects() if one.meter_id == meter_id]
    if found:
        lines = [
            f"- {units.moment(one.start, zone)}, {units.duration(one.end - one.start)}: {MEANINGS[one.kind]} "
            f"(expected {units.scaled(one.low, 'Wh')} to {units.scaled(one.high, 'Wh')} per hour)"
            for one in found
        ]
        text = "**Suspect readings.** They are billed unless they are corrected."
        st.warning("\n".join([text, "", *lines]), icon=":material/troubleshoot:")


def compare_tariffs(meter: RegisteredMeter, month: BillingMonth, days: list[MeterDay], end: float) -> None:
    """Draw what the month would cost on other tariffs of the same currency."""
    currency = data.currency_of(meter.tariff_id)
    others = sorted(
        tariff_id
        for tariff_id, tariff in data.tariffs().items()
        if tariff_id != meter.tariff_id and tariff.currency == currency
    )
    issued = [projected(meter.meter_id, tariff_id, month, end, days) for tariff_id in (meter.tariff_id, *others)]
    ranked = offers([bills for bills in issued if bills])
    best = ranked[0]
    saved = (
        f"would save {money(best.saving, currency)}" if best.saving > 0 else "is the current tariff and the cheapest"
    )
    st.header("This month on other tariffs")
    st.markdown(
        f"**{units.in_markdown(best.tariff_name)}** {saved}. "
        "All bills are projected to the end of the month, assuming that its rest is like the last four weeks."
    )
    current = issued[0][0].tariff
    month_column, savings_column = f"Month, {mark(currency)}", f"Savings, {mark(currency)}"
    st.dataframe(
        pd.DataFrame(
            {
                "Tariff": offer.tariff_name + (" (current)" if offer.tariff == current else ""),
                month_column: float(offer.total),
                savings_column: float(offer.saving),
                "Peak share of energy": percent(offer.peak_energy_share) if offer.peak_energy_share else "–",
                "Peak share of cost": percent(offer.peak_bill_share) if offer.peak_bill_share else "–",
            }
            for offer in ranked
        ),
        hide_index=True,
        column_config=dict.fromkeys((month_column, savings_column), st.column_config.NumberColumn(format="%,.2f")),
    )


def service(meter_id: str) -> None:
    """Draw who has been served where the meter is, and by which meters."""
    st.header("Service history")
    st.caption("Meters and agreements at this service point. An end day is the first one no longer covered.")
    st.dataframe(service_history.table(meter_data.service_histories(meter_id)), hide_index=True)


def latest(meter_id: str, tariff: Tariff, days: list[MeterDay], end: int) -> None:
    """Draw the curve of the last days over the tariff's periods, and the voltage."""
    since = end - CURVE_DAYS * DAY_S
    curve = meter_view.curve(meter_id, days, since)
    exported = meter_view.export(meter_id, days, since)
    estimates = meter_view.estimated(days, since, end, tariff.zone)
    st.header(f"Last {CURVE_DAYS} days")
    corrected, missing = int((curve["revision"] > 0).sum()), len(estimates)
    sentences = [
        "The shading shows the tariff's periods; gaps in the line are missing readings.",
        "" if exported.empty else "Green, below 0, is export: what the meter received from the customer.",
        f"Corrected: {units.count(corrected, 'reading')}." if corrected else "",
        f"Missing: {units.count(missing, 'reading')}, estimated from the weeks before as the bill does after its grace "
        "period."
        if missing
        else "",
    ]
    st.caption(" ".join(filter(None, sentences)))
    bands = meter_view.periods(tariff, since, end)
    chart = meter_charts.curve(curve, estimates, bands, tariff.zone, exported)
    st.vega_lite_chart(chart, key="meter_curve", height=320)
    if curve["volt"].notna().any():
        st.vega_lite_chart(meter_charts.voltage(curve, tariff.zone), key="meter_volts", height=200)
    else:
        st.caption("This meter does not measure voltage.")


def heat(zone: str, days: list[MeterDay], end: float) -> None:
    """Draw the last weeks hour by hour."""
    st.header(f"Last {HEAT_DAYS} days, hour by hour")
    since = end // HOUR_S * HOUR_S - HEAT_DAYS * DAY_S
    hours = meter_view.hours(days, zone)
    hours = hours[(hours["start"] >= since) & (hours["start"] + HOUR_S <= end)]
    gaps = int((hours["complete"] < 1).sum())
    crossed = f" A cross marks a partly read hour ({gaps:,})." if gaps else ""
    st.caption(f"Data completeness {meter_view.completeness(days, since, end):.1%}; gaps are blank.{crossed}")
    st.vega_lite_chart(meter_charts.heat(hours, zone, since, end), key="meter_heat", height=380)


st.title("Meter")
with show_errors(again=True):
    typed = st.text_input("Meter", placeholder="meter ID, or part of it", key="meter", bind="query-params").strip()
    if typed and (meter := data.meter(typed)):
        show(meter)
    else:
        suggest(typed, [one.meter_id for one in data.registry()])
