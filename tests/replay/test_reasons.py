"""Why a live order differs from its replay's: what the record tells of it, and no silence where it tells nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.replay.lives import a_life, filled
from tests.support.records import a_begun, a_cycle, an_end
from tests.support.states import NOW
from tests.support.told import an_event
from tg1.models import OrderStatus, Role, Side
from tg1.record.reading import Run
from tg1.replay.compare import difference
from tg1.replay.reasons import causes
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from tg1.replay.order_lives import OrderLife

QUIET = [a_cycle(second) for second in range(61)]


def why(
    live: OrderLife | None,
    again: OrderLife | None,
    cycles: list[Any] = QUIET,
    *,
    ended: tuple[datetime, str] | None = None,
    poll_secs: float = 1.0,
) -> str:
    """The reason for the only difference of a run."""
    found = difference((live, again))
    assert found is not None
    return causes(Run(begun=a_begun(), cycles=cycles, ended=an_end()), poll_secs, ended).why(found)


def with_events(*told: tuple[int, dict[str, Any]]) -> list[Any]:
    """Quiet cycles, of which some tell something."""
    events = {second: (an_event(1, **fields),) for second, fields in told}
    return [a_cycle(second, events=events.get(second, ())) for second in range(61)]


def without_price(symbol: str, first: int, last: int) -> list[Any]:
    """Quiet cycles, of which some had no fresh price of a symbol."""
    name = {"IRFC": "price_a", "SBIN": "price_b"}[symbol]
    return [a_cycle(second, **({name: None} if first <= second <= last else {})) for second in range(61)]


HEDGE: dict[str, Any] = {"role": Role.OCO, "symbol": "SBIN", "account": "downside_oco", "side": Side.SELL}
TARGET: dict[str, Any] = {"role": Role.TARGET, "side": Side.SELL}


def test_reason_that_nobody_knows_is_said_to_be_unknown() -> None:
    """A trader who reads an empty "why:" can't tell it from a fault of the page."""
    assert why(a_life(30), None) == "the record does not say why"
    assert why(None, a_life(30)) == "the record does not say why"


@pytest.mark.parametrize(
    ("symbol", "order", "concerns"),
    [
        ("IRFC", {}, True),
        ("IRFC", TARGET, False),
        ("IRFC", HEDGE, False),
        ("SBIN", HEDGE, True),
        ("SBIN", {}, False),
    ],
)
def test_stale_price_is_why_what_waits_for_it_is_missing(symbol: str, order: dict[str, Any], *, concerns: bool) -> None:
    """Behaviour 10.2: TokenA's price makes the entries and TokenB's the hedges; a target needs none."""
    reason = why(None, a_life(30, **order), without_price(symbol, 20, 40))
    assert (reason == f"there was no fresh price of {symbol}") is concerns


@pytest.mark.parametrize(("second", "concerns"), [(16, False), (17, True), (43, True), (44, False)])
def test_trouble_explains_what_lies_within_three_seconds_of_it(second: int, *, concerns: bool) -> None:
    """From 20 to 40 there was no price; a cycle or two on either side may still follow from it."""
    reason = why(None, a_life(second), without_price("IRFC", 20, 40))
    assert (reason == "there was no fresh price of IRFC") is concerns


def test_bot_that_stood_still_is_why() -> None:
    """More than three intervals without a cycle, of its own length; an interval below a second counts as one."""
    cycles = [a_cycle(second) for second in (0, 1, 5, 6)]
    assert why(None, a_life(3), cycles) == "the bot had no cycle for 4 s"
    assert why(None, a_life(3), cycles, poll_secs=0.1) == "the bot had no cycle for 4 s"
    assert why(None, a_life(3), cycles, poll_secs=2.0) == "the record does not say why"
    assert why(None, a_life(3), [a_cycle(second) for second in (0, 3, 6)]) == "the record does not say why"


@pytest.mark.parametrize(("second", "concerns"), [(5, False), (25, True), (50, False)])
def test_full_disk_is_why_from_its_first_sentence_to_its_last(second: int, *, concerns: bool) -> None:
    """Behaviour 9.2: nothing is placed while the state can't be saved."""
    cycles = with_events((15, {"kind": EventKind.SAVE_FAILING, "text": "No space left"}), (35, {"kind": "save_ok"}))
    assert (why(None, a_life(second), cycles) == "No space left") is concerns


@pytest.mark.parametrize(
    ("order", "concerns"), [({}, True), ({"side": Side.SELL}, False), (TARGET, False), ({"role": Role.TARGET}, False)]
)
def test_pause_is_why_for_entries_of_its_side_until_it_is_over(order: dict[str, Any], *, concerns: bool) -> None:
    """The operator's wish; open levels keep their targets."""
    paused = "BUY entries were paused by the operator"
    cycles = with_events(
        (10, {"kind": EventKind.PAUSED, "side": Side.BUY}), (40, {"kind": EventKind.RESUMED, "side": Side.BUY})
    )
    assert (why(None, a_life(30, **order), cycles) == paused) is concerns
    assert why(None, a_life(50, **order), cycles) == "the record does not say why"
    assert (why(None, a_life(38, **order), cycles[:40]) == paused) is concerns, "a pause without an end goes on"


def test_what_the_bot_called_a_person_for_is_why_in_its_account() -> None:
    """Another account's trouble explains nothing."""
    cycles = with_events((29, {"kind": EventKind.ATTENTION, "text": "the key is dead", "account": "downside_oco"}))
    assert why(None, a_life(30, **HEDGE), cycles) == "the key is dead"
    assert why(None, a_life(30), cycles) == "the record does not say why"


def test_broker_who_cancels_says_why() -> None:
    """He may be squaring off; a cancel that the bot asked for is no reason."""
    ended: dict[str, Any] = {"status": OrderStatus.CANCELLED, "ended_at": NOW + timedelta(seconds=40)}
    assert why(a_life(30, **ended, reason="square-off"), a_life(30)) == "the broker cancelled it: square-off"
    assert why(a_life(30, **ended), a_life(30)) == "the broker cancelled it: no reason given"


def test_replay_that_has_ended_sends_no_more() -> None:
    """A rule ended it; what the live bot did before that has another reason."""
    ended = (NOW + timedelta(seconds=20), "Terminated: OCO imbalance")
    assert why(a_life(30), None, ended=ended) == "the replay had ended at 10:30:20: Terminated: OCO imbalance"
    assert why(a_life(10), None, ended=ended) == "the record does not say why"


def test_market_is_why_for_fills_that_no_trouble_explains() -> None:
    """What the feed told and what the exchange did are two things."""
    heard, other = a_life(30, **filled(35)), a_life(30, **filled(35, "48.95"))
    assert why(heard, a_life(30)) == "the market filled it, though no price that was heard had touched it"
    assert why(other, heard) == "the market filled it at another price than the one that was heard"
    assert why(heard, a_life(30, **filled(40))) == "the market filled it 5 s before its price was heard"
    late = "the market filled it 5 s after its price was touched: your place in the queue"
    assert why(a_life(30, **filled(40)), heard) == late
    part = "its price was touched at 10:30:35 and the market did not fill it: your place in the queue"
    assert why(a_life(30, **filled(35, quantity=60)), heard) == part


def test_first_difference_may_be_why_for_those_after_it() -> None:
    """Of its own level it is; another level's order may follow from it, and another fill does not."""
    reasons = causes(Run(begun=a_begun(), cycles=QUIET), 1.0, None)

    def then(live: OrderLife | None, again: OrderLife | None) -> str:
        found = difference((live, again))
        assert found is not None
        return reasons.why(found)

    assert then(a_life(10), None) == "the record does not say why"
    assert then(a_life(20), None) == "it follows from this level's difference at 10:30:10"
    assert then(a_life(30, "B2"), None) == "it may follow from the first difference, at 10:30:10"
    other = then(a_life(30, "B3", **filled(35, "48.95")), a_life(30, "B3", **filled(35)))
    assert other == "the market filled it at another price than the one that was heard"
    assert then(a_life(30, "B4", limit=Decimal("48.00")), a_life(30, "B4")) == "the record does not say why"
