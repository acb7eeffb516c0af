"""The books of windows, Parquet and bills, compared."""

from datetime import date

from analytics.audit import Amount, Books, DayRange, Difference, total

DAY = date(2026, 7, 1)
FULL, SHORT, NONE = Amount(96, 9_600), Amount(95, 9_500), Amount()


def _books(
    windows: Amount = FULL, parquet: Amount = FULL, bills: Amount | None = FULL, served: Amount | None = None
) -> Books:
    key = ("M-1", DAY)
    return Books({key: windows}, {key: parquet}, {key: bills} if bills else {}, {} if served is None else {key: served})


def test_equal_books_have_no_differences() -> None:
    assert _books().differences() == []
    assert _books().unbilled() == NONE


def test_a_reading_that_parquet_lacks_is_named_with_its_meter_and_day() -> None:
    assert _books(parquet=SHORT).differences() == [Difference("M-1", DAY, FULL, SHORT, FULL)]


def test_a_meter_day_that_only_parquet_has_is_a_difference() -> None:
    assert Books({}, {("M-1", DAY): FULL}, {}, {}).differences() == [Difference("M-1", DAY, NONE, FULL, NONE)]


def test_the_same_count_with_other_energy_is_a_difference() -> None:
    other = Amount(96, 9_601)
    assert _books(bills=other).differences() == [Difference("M-1", DAY, FULL, FULL, other)]


def test_what_nobody_is_served_by_is_counted_and_is_no_difference() -> None:
    assert _books(bills=None, served=NONE).differences() == []
    assert _books(bills=None, served=NONE).unbilled() == FULL


def test_a_served_day_that_is_on_no_bill_is_a_difference() -> None:
    assert _books(bills=None, served=FULL).differences() == [Difference("M-1", DAY, FULL, FULL, NONE)]


def test_of_the_day_of_a_move_bills_hold_what_was_served() -> None:
    part = Amount(68, 6_800)
    assert _books(bills=part, served=part).differences() == []
    assert _books(bills=part, served=part).unbilled() == Amount(28, 2_800)
    assert _books(bills=FULL, served=part).differences() == [Difference("M-1", DAY, FULL, FULL, FULL)]


def test_received_energy_must_be_in_parquet_and_is_on_no_bill() -> None:
    both = Amount(96, 9_600, 40, 7_000)
    assert _books(windows=both, parquet=both).differences() == []
    assert _books(windows=both, parquet=both).unbilled() == NONE
    assert _books(windows=both, parquet=FULL).differences() == [Difference("M-1", DAY, both, FULL, FULL)]
    assert total([both, FULL]) == Amount(192, 19_200, 40, 7_000)


def test_days_go_to_before_the_end() -> None:
    assert DayRange(date(2026, 2, 27), date(2026, 3, 2)).days() == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert total([FULL, SHORT]) == Amount(191, 19_100)
