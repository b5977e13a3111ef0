"""Whose fault a refused order is: the order's, or a session's that died in words of its own (behaviour 11.1)."""

from __future__ import annotations

import pytest

from tg1.errors import BrokerRefused, Forbidden, RateLimited, SessionRefused
from tg1.xts.suspicion import Suspicion, for_the_session, left_open, may_be_the_sessions


def test_words_are_the_orders_own_once_the_session_has_outlived_them() -> None:
    """Behaviour 8, 11.1: numbers differ from order to order and are left out."""
    it = Suspicion()
    assert not it.accuse("price 49.30 out of range")
    assert it.is_held
    assert not it.accuse("price 49.35 out of range")
    it.seen_alive()
    assert not it.is_held
    assert it.accuse("price 51.00 out of range")
    assert it.is_held
    assert not it.accuse("you have been logged out")


def test_words_of_a_session_that_was_replaced_are_nobodys_yet() -> None:
    """Behaviour 11.1: the next session has to hear them first."""
    it = Suspicion()
    it.accuse("logged out")
    it.begin_anew()
    it.seen_alive()
    assert not it.is_held
    assert not it.accuse("logged out")


@pytest.mark.parametrize(
    ("refusal", "suspected"),
    [
        (BrokerRefused("You have been logged out by another user. (HTTP 400, e-foo-1)"), True),
        (BrokerRefused("Please check the terms"), True),
        (BrokerRefused("OEMS:RMS : Margin Exceeds"), False),
        (BrokerRefused("rms: auto block"), False),
        (BrokerRefused("Insufficient margin"), False),
        (BrokerRefused("Required Holding:[100]"), False),
        (BrokerRefused("Price beyond the circuit limit"), False),
        (RateLimited("limit"), False),
        (SessionRefused("Invalid Token"), False),
    ],
)
def test_only_words_that_nobody_knows_are_suspected(refusal: BrokerRefused, *, suspected: bool) -> None:
    """Behaviour 11.1: the risk system and the limiter speak after the session was let in."""
    assert may_be_the_sessions(refusal) is suspected


def test_address_that_may_not_order_is_not_suspected() -> None:
    """Failures.md 58a: a new session was tried and did not mend it."""
    refusal = BrokerRefused("IP not registered")
    refusal.__cause__ = Forbidden("IP not registered")
    assert not may_be_the_sessions(refusal)


def test_what_an_order_is_refused_for_is_said_in_the_servers_words() -> None:
    """Behaviour 7.4: they are what a person can act on, and the account is named once."""
    refusal = BrokerRefused("trade account: the order was refused: Gone", code="e-1")
    why = SessionRefused("trade account: the session is dead and the next login may be tried in 9 s", wait_secs=9)
    assert str(for_the_session(refusal, why)) == (
        "trade account: the order was refused: Gone, and so was its order book; "
        "the session is dead and the next login may be tried in 9 s"
    )
    assert str(left_open(refusal)) == "trade account: the order was refused: Gone; whether the session lives is asked"
    assert {left_open(refusal).code, for_the_session(refusal, why).code} == {"e-1"}
