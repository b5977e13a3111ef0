"""What the market of a recorded run did: prices when they were heard, unless a book says that they came before."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.support.records import DAY, a_begun, a_cycle
from tg1.models import OrderRequest, OrderStatus, OrderType, Side
from tg1.record.reading import Run
from tg1.record.values import Asked, Row, Sent, Tick
from tg1.replay.script import script_of

if TYPE_CHECKING:
    from tg1.record.values import Cycle
    from tg1.replay.script import Script

BEGIN = 10 * 3600 + 30 * 60
"""Seconds after midnight of a record's first cycle."""


def a_run(*cycles: Cycle) -> Run:
    """A run without orders at its start, so that only its cycles tell of any."""
    begun = a_begun()
    begun.state.levels.clear()
    return Run(begun=begun, cycles=list(cycles))


def a_tick(before: float, price: str, symbol: str = "IRFC") -> Tick:
    """A price so many seconds before its cycle's moment."""
    return Tick(before_us=round(before * 1e6), symbol=symbol, price=Decimal(price))


def a_sent(limit: str, side: Side = Side.BUY, trigger: str | None = None, after: float = 0.01) -> Sent:
    """An order of 100 shares, answered so many seconds after the moment."""
    request = OrderRequest(
        client_id="A",
        symbol="IRFC",
        side=side,
        quantity=100,
        order_type=OrderType.LIMIT if trigger is None else OrderType.STOPLIMIT,
        limit_price=Decimal(limit),
        trigger_price=None if trigger is None else Decimal(trigger),
    )
    return Sent(after_us=round(after * 1e6), account="trade", request=request, order_id="1")


def a_row(price: str | None = None, status: OrderStatus = OrderStatus.WORKING) -> Row:
    """The order as a book shows it: filled whole at a price, or resting."""
    average = None if price is None else Decimal(price)
    status = status if price is None else OrderStatus.FILLED
    return Row(account="trade", client_id="A", order_id="1", status=status, filled=100 if price else 0, average=average)


def prices(script: Script) -> list[tuple[float, str]]:
    """TokenA's prices of the market with the seconds since the first cycle, where they changed."""
    rows, last = [], 0
    for secs, cell in zip(script.tape.secs.tolist(), script.tape.a.tolist(), strict=True):
        if cell != last:
            rows.append((round(secs - BEGIN, 3), f"{cell / 10_000:.2f}"))
        last = cell
    return rows


FIRST = (-1.0, "50.00")
"""The market begins a second before the first cycle's book, at what that cycle saw."""


def test_prices_are_there_when_they_were_heard() -> None:
    """Those that no cycle saw, too; and what a cycle saw without a tick."""
    cycles = [
        a_cycle(0),
        a_cycle(1, ticks=(a_tick(0.5, "49.90"), a_tick(0.2, "50.10")), price_a=Decimal("50.10")),
        a_cycle(2, price_a=Decimal("50.20")),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (0.5, "49.90"), (0.8, "50.10"), (2.0, "50.20")]


def test_a_fill_that_no_price_explains_is_a_price_before_its_book() -> None:
    """The exchange filled at 49.00, and the feed told of it half a second later, or never."""
    cycles = [a_cycle(0, sent=(a_sent("49.00"),)), a_cycle(1, rows=(a_row("49.00"),))]
    late = a_cycle(2, ticks=(a_tick(0.6, "49.00"),), price_a=Decimal("49.00"))
    for more in ([], [late]):
        assert prices(script_of(a_run(*cycles, *more), DAY)) == [FIRST, (1.0, "49.00")]


def test_a_fill_that_a_price_explains_adds_none() -> None:
    """It was heard between the order and the book."""
    cycles = [
        a_cycle(0, sent=(a_sent("49.00"),)),
        a_cycle(1, ticks=(a_tick(0.4, "48.95"),), price_a=Decimal("48.95"), rows=(a_row("48.95"),)),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (0.6, "48.95")]


def test_a_price_that_was_heard_before_a_book_without_its_fill_came_after_it() -> None:
    """The book was made before the price, and the price was heard before the book was read."""
    cycles = [
        a_cycle(0, sent=(a_sent("49.00"),)),
        a_cycle(1, ticks=(a_tick(0.02, "49.00"),), rows=(a_row(),), price_a=Decimal("49.00")),
        a_cycle(2, rows=(a_row("49.00"),), price_a=Decimal("49.00")),
    ]
    ((_, first), (at, price)) = prices(script_of(a_run(*cycles), DAY))
    assert (first, price) == ("50.00", "49.00")
    assert at == 1.0


def test_a_touch_long_before_its_fill_stays_where_it_was() -> None:
    """That is the queue, which a comparison has to show."""
    cycles = [
        a_cycle(0, sent=(a_sent("49.00"),)),
        a_cycle(1, ticks=(a_tick(0.5, "49.00"),), rows=(a_row(),), price_a=Decimal("49.00")),
        a_cycle(2, rows=(a_row("49.00"),), price_a=Decimal("49.00")),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (0.5, "49.00")]


def test_an_order_that_rests_though_the_heard_price_would_fill_it_has_met_the_next_price() -> None:
    """50.00 was heard, the market stood at 50.20 already, and a BUY at 50.10 rests."""
    cycles = [
        a_cycle(0, sent=(a_sent("50.10"),)),
        a_cycle(1, ticks=(a_tick(0.3, "50.20"),), rows=(a_row(),), price_a=Decimal("50.20")),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (0.06, "50.20")]


def test_an_order_that_a_book_shows_before_the_exchange_has_it_has_met_nothing_yet() -> None:
    """The next book decides which price it met."""
    cycles = [
        a_cycle(0, sent=(a_sent("50.10", after=0.97),)),
        a_cycle(1, rows=(a_row(status=OrderStatus.PENDING),)),
        a_cycle(2, ticks=(a_tick(0.8, "50.20"),), rows=(a_row(),), price_a=Decimal("50.20")),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (1.02, "50.20")]


def test_an_order_that_filled_at_the_next_price_has_met_it() -> None:
    """50.00 was heard, and a BUY at 50.10 got 50.05."""
    cycles = [
        a_cycle(0, sent=(a_sent("50.10"),)),
        a_cycle(1, ticks=(a_tick(0.3, "50.05"),), rows=(a_row("50.05"),), price_a=Decimal("50.05")),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (0.06, "50.05")]


def test_an_order_met_no_price_that_was_over_when_the_exchange_had_it() -> None:
    """A SELL at 50.08 was sent at 50.11, 50.05 was heard 2 ms later, and half a second later it filled at 50.08."""
    cycles = [
        a_cycle(0, sent=(a_sent("50.08", Side.SELL),), price_a=Decimal("50.11")),
        a_cycle(1, ticks=(a_tick(0.988, "50.05"),), rows=(a_row("50.08"),), price_a=Decimal("50.05")),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [(-1.0, "50.11"), (0.012, "50.05"), (1.0, "50.08")]


def test_a_fill_that_won_against_a_cancel_came_before_the_cancel_was_done() -> None:
    """Else the replay's order would be gone when its price comes."""
    cycles = [
        a_cycle(0, sent=(a_sent("49.00"),)),
        a_cycle(1, rows=(a_row(),), asked=(Asked(after_us=20_000, account="trade", client_id="A"),)),
        a_cycle(2, rows=(a_row("49.00"),)),
    ]
    assert prices(script_of(a_run(*cycles), DAY)) == [FIRST, (1.02, "49.00")]


def test_a_stop_fills_between_its_trigger_and_its_limit() -> None:
    """A price before the trigger explains no fill."""
    cycles = [
        a_cycle(0, sent=(a_sent("50.60", trigger="50.50"),)),
        a_cycle(1, ticks=(a_tick(0.5, "50.40"),), rows=(a_row("50.55"),), price_a=Decimal("50.40")),
    ]
    found = [price for _, price in prices(script_of(a_run(*cycles), DAY))]
    assert found == ["50.00", "50.40", "50.55"]


heard_prices = st.lists(st.tuples(st.integers(0, 999_999), st.sampled_from(["49.00", "50.00", "51.00"])), max_size=4)


@given(
    heard=st.lists(heard_prices, min_size=4, max_size=6),
    limit=st.sampled_from(["48.90", "49.00", "50.00", "50.10"]),
    sent_in=st.integers(0, 2),
    shown_after=st.integers(0, 2),
    better=st.none() | st.sampled_from(["0.00", "0.05", "2.00"]),
)
def test_steps_and_tape_run_forward_and_every_fill_has_its_price(
    heard: list[list[tuple[int, str]]], limit: str, sent_in: int, shown_after: int, better: str | None
) -> None:
    """Whatever was heard when, and whatever a book showed of a BUY: rows rise in time, nothing that was heard is lost.

    A fill's order meets a price at which it trades after it was there, and before the book that shows it.
    """
    filled_at = None if better is None else str(Decimal(limit) - Decimal(better))
    shown_in = min(sent_in + 1 + shown_after, len(heard) - 1)
    cycles = [
        a_cycle(
            number,
            ticks=tuple(
                Tick(before_us=us, symbol="IRFC", price=Decimal(price)) for us, price in sorted(ticks, reverse=True)
            ),
            price_a=Decimal(min(ticks)[1]) if ticks else Decimal("50.00"),
            sent=(a_sent(limit),) if number == sent_in else (),
            rows=(a_row(filled_at),) if number == shown_in else (),
        )
        for number, ticks in enumerate(heard)
    ]
    script = script_of(a_run(*cycles), DAY)
    secs, cells = script.tape.secs, [cell / 10_000 for cell in script.tape.a.tolist()]
    assert (secs[1:] >= secs[:-1]).all()
    assert [step.at for step in script.steps] == sorted(step.at for step in script.steps)
    assert all(step.read_at <= step.at for step in script.steps)
    told = Counter(float(price) for ticks in heard for _, price in ticks)
    assert told <= Counter(cells)
    if filled_at is not None:
        since, read_at = BEGIN + sent_in + 0.06, script.steps[shown_in].read_at / 1e6
        stood = [cell for at, cell in zip(secs, cells, strict=True) if at <= since][-1:]
        later = [cell for at, cell in zip(secs, cells, strict=True) if since < at < read_at]
        assert min([*stood, *later]) <= float(limit)
