"""A tariff study in sentences, for the page and the terminal."""

from collections.abc import Iterator, Sequence

from electrocloud.domain.studies.price_change import NAMES, NamedPrice
from electrocloud.domain.studies.study import Group, Study, StudyResult
from presentation.money_text import money
from presentation.units import count, month


def title(study: Study) -> str:
    """`residential-tou for class home, October 2025 to September 2026`."""
    request = study.request
    first, last = month(request.first_month), month(request.last_month)
    when = first if first == last else f"{first} to {last}"
    return f"{request.prices} for {request.customers}, {when}"


def headline(result: StudyResult) -> str:
    """How many would save, and how many would pay more."""
    total = result.total
    same = total.customers - total.save - total.pay_more
    unchanged = f", and {same:,} the same" if same else ""
    who = count(total.customers, "customer")
    return f"Of {who}, {total.save:,} would save and {total.pay_more:,} would pay more{unchanged}."


def revenue(result: StudyResult) -> str:
    """The revenue now and then."""
    total = result.total
    now, then = (money(amount, result.currency) for amount in (total.now, total.then))
    return f"Revenue is {now} now and would be {then}: {difference(total, result.currency)}."


def difference(group: Group, currency: str) -> str:
    """`-$1,234.50 (-3.2%)`."""
    change = group.then - group.now
    share = f" ({change / group.now:+.1%})" if group.now else ""
    return f"{money(change, currency, sign=True)}{share}"


def neutral(result: StudyResult) -> str:
    """The factor that keeps the revenue, and what rating with it gives; "" where nobody asked."""
    found = result.neutral
    if found is None:
        return f"{result.no_neutral}." if result.no_neutral else ""
    off = found.revenue - result.total.now
    exactly = "the same as now" if not off else f"{money(off, result.currency, sign=True)} against now"
    return (
        f"{NAMES[found.component].capitalize()} times {found.factor:f} would keep the revenue: rated with the prices "
        f"below it is {money(found.revenue, result.currency)}, {exactly}."
    )


def prices(found: Sequence[NamedPrice]) -> list[dict[str, str]]:
    """Rows of changed prices, each in full."""
    return [
        {
            "Tariff": one.tariff,
            "Price": one.name,
            "Unit": one.unit,
            "Studied": f"{one.before:f}",
            "Changed": f"{one.after:f}",
        }
        for one in found
    ]


def source(study: Study) -> Iterator[str]:
    """Of which data, by which tariffs, when and by whom it was made; who was left out, and why."""
    result = study.result
    if result is None:
        return
    data = result.data
    yield (
        f"Study {study.study_id}, made by {study.made_by} on {study.made_at:%Y-%m-%d %H:%M} UTC from "
        f"{count(data.readings, 'reading')} ({data.kwh:,.0f} kWh) of the UTC days {data.first_day} to {data.last_day}, "
        f"data {data.digest}. Every bill is rated by the billing engine, in {result.seconds:,.0f} s."
    )
    for side, what in (("now", "Now"), ("then", "Then")):
        used = [
            f"{one.name or one.tariff_id} ({one.dates}, {one.fingerprint})"
            for one in result.tariffs
            if one.side == side
        ]
        changes = ", ".join(map(str, study.request.changes)) if side == "then" else ""
        yield f"{what}: {'; '.join(used)}{f', with {changes}' if changes else ''}."
    for reason, number in result.left_out.items():
        yield f"Left out: {count(number, 'customer')}, {reason}."
