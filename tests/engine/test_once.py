"""Every order exactly once (behaviour 3; failures.md I, II)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import DeathError
from tg1.errors import BrokerUnavailable
from tg1.models import LevelState, OrderRequest, OrderStatus, OrderType, Side, TradeSide
from tg1.rules.client_ids import bot_tag, parse_client_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def a_request(client_id: str, price: str = "45.00") -> OrderRequest:
    """A BUY of 7 IRFC under that client id."""
    return OrderRequest(
        client_id=client_id,
        symbol="IRFC",
        side=Side.BUY,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(price),
    )


def test_intent_is_on_disk_before_its_request_leaves(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.2: at the moment of each request the state file holds its client id, without an order id."""
    bench = make_bench().begin()
    seen: list[str] = []

    def look(request: OrderRequest) -> None:
        saved = json.loads(bench.store.paths.state.read_bytes())
        assert request.client_id in json.dumps(saved["open_orders"])
        seen.append(request.client_id)

    bench.broker.before_place = look
    bench.cycle(2)
    for order in list(bench.broker.working("trade")):
        bench.broker.fill(order.order_id)
    bench.cycle(2)
    assert len(seen) == len(bench.broker.placed) == 10


def test_client_ids_are_short_tagged_and_never_used_twice(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.1: at most 16 characters [A-Z0-9], the bot's tag first, unique over trips, roles and restarts."""
    bench = make_bench().begin()
    for _ in range(4):
        bench.cycle(2)
        for order in list(bench.broker.working("trade")):
            bench.broker.fill(order.order_id)
        bench.begin()
    ids = [request.client_id for request in bench.broker.placed]
    assert len(set(ids)) == len(ids) > 15
    for client_id in ids:
        named = parse_client_id(client_id)
        assert named is not None
        assert named.tag == bot_tag("IRFC-SBIN Grid")


@pytest.mark.parametrize("answer", ["refused", "limited", "session", "unavailable"])
def test_placement_that_created_nothing_frees_the_level_for_a_new_id(
    make_bench: Callable[..., Bench], answer: str
) -> None:
    """Behaviour 3.3: a readable refusal, or a request that never left, is tried again under a new client id."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append(answer)
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.FRESH
    bench.cycle()
    assert len(bench.broker.working()) == 1
    assert len({request.client_id for request in bench.broker.placed}) == 2


@pytest.mark.parametrize("answer", ["limited", "session", "unavailable"])
def test_answers_that_are_no_fault_of_the_order_count_no_rejection(
    make_bench: Callable[..., Bench], answer: str
) -> None:
    """Behaviour 8 counts rejected orders; a limiter, a dead session or no network is none."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend([answer] * 8)
    bench.cycle(9)
    assert len(bench.broker.placed) == 9
    assert bench.state.attention == []


def test_unknown_outcome_is_never_placed_again_while_the_book_hides_it(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, failures.md I.1 and I.5: adopted once the book shows it; one request in all."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.hide_new_for_reads = 2
    bench.broker.answers.append("unknown-accepted")
    bench.cycle(10)
    assert len(bench.broker.placed) == 1
    assert bench.level(DOWN).entry_order_id == bench.broker.working()[0].order_id


def test_absence_needs_three_reads_over_five_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: neither three quick reads nor five quiet seconds alone prove that an order never arrived."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-lost")
    bench.cycle()
    start = bench.clock.mono
    while len(bench.broker.placed) == 1:
        bench.cycle()
    assert bench.clock.mono - start >= 5
    assert bench.broker.reads["trade"] >= 4
    assert bench.broker.working()


def test_failed_reads_prove_nothing(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3 and 4.4, failures.md II.12: a transport error is not absence."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-lost")
    bench.broker.broken_books.add("trade")
    bench.cycle(30)
    assert len(bench.broker.placed) == 1
    bench.broker.broken_books.clear()
    bench.cycle(33)
    assert len(bench.broker.placed) == 2


def test_empty_book_is_no_proof_of_absence_when_it_must_hold_an_order(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4 before 3.3: a book that lacks what it must hold changes nothing, so nothing is placed again."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle()
    bench.broker.answers.append("unknown-accepted")
    bench.cycle()
    bench.broker.empty_books.add("trade")
    bench.cycle(20)
    assert len(bench.broker.placed) == 2
    bench.broker.empty_books.clear()
    bench.cycle(2)
    assert len(bench.broker.placed) == len(bench.broker.working()) == 2
    assert bench.level(DOWN, 2).state is LevelState.ENTRY_PLACED
    assert bench.level(DOWN, 2).entry_order_id is not None


def test_first_order_of_an_empty_account_that_never_arrived_is_placed_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: an empty book that need hold nothing is a read; ten of them over 30 s prove it, and it is said."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-lost")
    bench.cycle(31)
    assert len(bench.broker.placed) == 1
    bench.cycle(2)
    assert len(bench.broker.placed) == 2
    assert [item.key.split()[0] for item in bench.state.attention] == ["empty-book"]


def test_trip_whose_hedge_never_arrived_ends_with_its_target(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 9.4: 100 bought and sold while nobody knew of the hedge: a trip like any other, and the next one.

    It used to wait for an order that was proven absent: no record, and no entry for the rest of the day.
    """
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.broker.answers.extend(["ok", "unknown-lost"])
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(35)
    (record,) = bench.state.order_history
    assert (record.outcome, record.realised_pnl, bench.state.total_pnl) == ("target", 50, 50)
    assert bench.broker.working_at(Side.BUY, "49.00")
    assert bench.level(TradeSide.DOWNSIDE).state is LevelState.ENTRY_PLACED


def test_level_whose_target_never_arrived_is_closed_by_its_hedge(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 9.4: 50 SBIN sold against 100 IRFC while nobody knew of the target: closed for good, and told."""
    bench = make_bench(trade_type="buyocots", steps=2).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.broker.answers.append("unknown-lost")
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "118.50", "downside_oco").order_id)
    bench.cycle(10)
    assert bench.level(TradeSide.DOWNSIDE).closed
    assert [record.outcome for record in bench.state.order_history] == ["oco"]


def test_row_without_an_order_id_proves_arrival_and_is_adopted_later(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.3: an AppOrderID that can't be read yet neither frees the level nor makes its order an orphan."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-accepted")
    bench.cycle()
    bench.broker.nameless_rows = True
    bench.cycle(10)
    assert len(bench.broker.placed) == 1
    assert bench.broker.cancelled == []
    bench.broker.nameless_rows = False
    bench.cycle(2)
    assert len(bench.broker.placed) == 1
    assert bench.broker.cancelled == []
    bench.broker.fill(bench.broker.working()[0].order_id)
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.TARGET_PLACED


def test_start_cancels_orphans_and_leaves_foreign_orders_alone(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: our tag without a level is cancelled; no tag, another bot's or a look-alike is never touched."""
    bench = make_bench()
    tag = bot_tag("IRFC-SBIN Grid")
    orphan = bench.broker.add("downside_oco", a_request(f"{tag}AAAD01O0009"))
    others = [
        bench.broker.add("trade", a_request(client_id), foreign=True)
        for client_id in ("", "MANUAL", f"{tag}", f"{tag}my own order", f"{bot_tag('another')}AAAD01E0001")
    ]
    bench.begin().cycle(3)
    assert orphan.status is OrderStatus.CANCELLED
    assert all(order.is_working for order in others)
    assert bench.broker.cancelled == [orphan.order_id]


def test_start_is_given_up_when_an_orphan_does_not_end(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: nothing is placed beside an order of ours that nobody accounts for; exit 4 after a minute."""
    bench = make_bench()
    bench.broker.add("trade", a_request(f"{bot_tag('IRFC-SBIN Grid')}AAAD01E0009"))
    bench.broker.cancels.extend(["sent"] * 100)
    with pytest.raises(BrokerUnavailable, match="orphan"):
        bench.begin()
    assert bench.broker.placed == []


def test_orphan_that_appears_while_the_bot_runs_is_cancelled(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, failures.md II.13: the sweep goes on, not only at the start."""
    bench = make_bench().begin()
    bench.cycle()
    orphan = bench.broker.add("trade", a_request(f"{bot_tag('IRFC-SBIN Grid')}AAAD01E0009"))
    bench.cycle()
    assert orphan.status is OrderStatus.CANCELLED


def test_order_that_the_broker_doubled_keeps_one_and_loses_the_other(make_bench: Callable[..., Bench]) -> None:
    """Failures.md I.4: two rows under one client id: one is the level's, the other an orphan."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    twin = bench.broker.add("trade", bench.broker.placed[0])
    bench.cycle(2)
    assert twin.status is OrderStatus.CANCELLED
    assert len(bench.broker.working()) == 1


def test_late_fill_of_an_order_thought_gone_is_brought_to_attention(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47: "cancelled" that fills an hour later is alarmed, once."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(2)
    first = bench.broker.working_at(Side.BUY, "49.00")
    bench.broker.end(first.order_id, OrderStatus.CANCELLED, "square off")
    bench.cycle(2)
    bench.broker.fill(first.order_id)
    bench.cycle(5)
    assert [item.key.split()[0] for item in bench.state.attention] == ["late-fill"]
    assert "100 shares" in bench.state.attention[0].text


def test_fill_is_applied_once_however_often_it_is_read(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.5, reference.md 24: cumulative quantity per order, over cycles and restarts."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    order = bench.broker.working()[0]
    for quantity in (30, 30, 40):
        bench.broker.fill(order.order_id, quantity)
        bench.cycle(2)
        bench.begin().cycle(2)
    assert bench.state.downside_net_quantity == 100
    assert len([r for r in bench.broker.placed if r.side is Side.SELL]) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_death_around_a_placement_never_doubles_an_order(make_bench: Callable[..., Bench], when: str) -> None:
    """Behaviour 3.2, 3.4: after a crash at either side of the wire the book decides."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    setattr(bench.broker, f"{when}_place", die)
    with pytest.raises(DeathError):
        bench.cycle()
    setattr(bench.broker, f"{when}_place", None)
    bench.begin().cycle(3)
    assert sorted(o.request.limit_price for o in bench.broker.working()) == [48, 49]
    assert len(bench.broker.working()) == 2


def die(_request: object) -> None:
    """End the process here."""
    raise DeathError
