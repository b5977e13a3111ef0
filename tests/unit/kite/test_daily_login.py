"""What a pasted address tells, and until when a token lives (kite.md 2.5)."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.kite.daily_login import KiteApp, is_unsure, lives_until, request_token_of
from tg1.machine.clock import IST


@pytest.mark.parametrize(
    "pasted",
    [
        "https://example.com/kite?action=login&type=login&status=success&request_token=aB3dE5gH",
        "http://127.0.0.1:8707/?status=success&request_token=aB3dE5gH&action=login\n",
        '"http://127.0.0.1/?request_token=aB3dE5gH"',
        "/?request_token=aB3dE5gH&status=success",
        "request_token=aB3dE5gH",
        "  aB3dE5gH ",
    ],
)
def test_token_is_found_however_a_person_pastes_it(pasted: str) -> None:
    """The whole address, its end, in quotes, or the token alone."""
    assert request_token_of(pasted) == "aB3dE5gH"


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("https://kite.zerodha.com/connect/login?v=3&api_key=HUSH7700", "holds no request_token"),
        ("http://127.0.0.1/?status=cancelled&request_token=HUSH7700", "was not completed"),
        ("http://127.0.0.1/?status=success&request_token=HUSH77%00", "holds no request_token"),
        ("HUSH 7700", "neither an address"),
        ("http://127.0.0.1/", "neither an address"),
    ],
)
def test_what_holds_no_token_is_refused_without_being_quoted(pasted: str, told: str) -> None:
    """It may hold one all the same, so nothing of it is repeated (behaviour 16)."""
    with pytest.raises(ConfigError, match=told) as caught:
        request_token_of(pasted)
    assert "HUSH" not in str(caught.value)


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)))  # noqa: DTZ001
def test_token_lives_until_the_next_six_in_the_morning(naive: datetime) -> None:
    """kite.md 2.5: never longer than a day, never into the past."""
    now = naive.replace(tzinfo=IST)
    end = lives_until(now)
    assert (end.hour, end.minute, end.second) == (6, 0, 0)
    assert 0 < (end - now).total_seconds() <= 86_400


@pytest.mark.parametrize(("hour", "unsure"), [(5, False), (6, True), (7, True), (8, False)])
def test_token_of_the_early_morning_is_unsure(hour: int, unsure: bool) -> None:  # noqa: FBT001
    """Staff posts and peers differ on the hour of the flush, from six to eight (kite.md 2.5)."""
    assert is_unsure(datetime(2026, 11, 25, hour, 30, tzinfo=IST)) is unsure


def test_address_is_zerodhas_unless_another_server_is_asked() -> None:
    """kite.md 2.5; the paper exchange has a page of its own."""
    assert KiteApp(api_key="k", api_secret="s").address == "https://kite.zerodha.com/connect/login?v=3&api_key=k"
    rehearsal = KiteApp(api_key="k", api_secret="s", root="http://127.0.0.1:9")
    assert rehearsal.address == "http://127.0.0.1:9/connect/login?v=3&api_key=k"
