"""The address that led to the login, as the browser kept it."""

import pytest

from dashboard.access.wanted_address import COOKIE, wanted_in


def test_a_kept_address_is_its_page_and_parameters() -> None:
    kept = {COOKIE: "%2Fmeter%3Fmeter%3DM-1%26day%3D2026-11-01"}
    assert wanted_in(kept, ("live", "meter")) == ("meter", {"meter": ["M-1"], "day": ["2026-11-01"]})


@pytest.mark.parametrize(
    "address", ["", "/", "/bills", "/logout", "%2F%2Fevil.example%2F", "https%3A%2F%2Fevil.example%2Fmeters", "%ff%00"]
)
def test_what_is_no_page_of_the_user_is_not_gone_to(address: str) -> None:
    assert wanted_in({COOKIE: address}, ("live", "meter")) is None


def test_without_a_kept_address_there_is_none() -> None:
    assert wanted_in({}, ("live",)) is None
