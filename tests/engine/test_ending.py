"""The last things that a bot does: what it cancels first, how long it tries, what it says and saves (behaviour 7.3)."""

from __future__ import annotations

import errno
import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import HandBroker
from tests.support.simdisk import SimDisk
from tg1.errors import ExitCode, SaveFailed
from tg1.models import OrderRequest, OrderStatus, OrderType, Role, Side, Status, StatusKind, TradeSide
from tg1.rules.client_ids import bot_tag, parse_client_id
from tg1.trading.ending import cancel_everything
from tg1.trading.tag_proof import TagProof

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder
    from tg1.screen.view import LadderView

DOWN = TradeSide.DOWNSIDE
TERMINATING = Status(kind=StatusKind.TERMINATING, reason="OCO imbalance")


def opened(bench: Bench) -> Bench:
    """Four entries, of which the BUY at 49.00 has filled: its target and its hedge work, and three entries."""
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    assert len(bench.broker.working()) == 5
    return bench


def at_the_end(bench: Bench) -> Bench:
    """It is 15:00."""
    bench.clock.wall = bench.clock.wall.replace(hour=15, minute=0)
    return bench


def an_orphan(bench: Bench, account: str = "trade") -> str:
    """An order of this bot that its state does not know works at the broker; its number."""
    request = OrderRequest(
        client_id=f"{bot_tag('IRFC-SBIN Grid')}AAAU01E0009",
        symbol="IRFC",
        side=Side.SELL,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(55),
    )
    return bench.broker.add(account, request).order_id


def cleared(bench: Bench, why: str = "cancel all", patience_secs: float | None = None) -> tuple[list[str], float]:
    """What is left, and how many seconds it took to know."""
    begun = bench.clock.mono
    return cancel_everything(bench.engine._parts, why, patience_secs), bench.clock.mono - begun


# -- cancelling -----------------------------------------------------------------------------------------------------


def test_entries_are_cancelled_before_hedges_and_hedges_before_targets(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: an entry would open something new; a target is the last protection to go."""
    bench = make_bench()
    bench.broker = HandBroker(account_names=("one",), market=bench.feed.prices)
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00", "one").order_id)
    bench.cycle()
    assert cleared(bench)[0] == []
    sent = [parse_client_id(bench.broker.orders[number].request.client_id) for number in bench.broker.cancelled]
    assert [each.role for each in sent if each] == [Role.ENTRY] * 3 + [Role.OCO, Role.TARGET]


def test_cancels_go_to_each_account_in_turn_and_orphans_go_with_them(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 11.3: an account with one order does not wait for an account with five."""
    bench = opened(make_bench())
    orphan = an_orphan(bench)
    left, secs = cleared(bench, why="stop")
    assert (left, secs) == ([], 1.0)
    accounts = [bench.broker.orders[number].account for number in bench.broker.cancelled]
    assert accounts == ["trade", "downside_oco", "trade", "trade", "trade", "trade"]
    assert bench.broker.cancelled[-1] == orphan
    assert set(bench.engine._parts.desk.cancel_reasons.items()) == {(each, "stop") for each in bench.broker.cancelled}


def test_orders_of_an_account_that_is_not_at_hand_are_left_to_be_said(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: without its credentials nothing can be sent there; the others are cleared all the same."""
    bench = opened(make_bench())
    (hedge,) = bench.broker.working("downside_oco")

    class TwoAccounts(HandBroker):
        @property
        def accounts(self) -> tuple[str, ...]:
            return ("trade", "upside_oco")

    bench.broker.__class__ = TwoAccounts
    left, _ = cleared(bench)
    assert [order.order_id for order in bench.broker.working()] == [hedge.order_id]
    assert hedge.order_id not in bench.broker.cancelled
    assert left == [
        f"account downside_oco: order {hedge.order_id} (downside level 1 oco), SELL 50 SBIN @ 118.50",
    ]


def test_books_are_read_once_a_second_and_a_lost_cancel_is_sent_again_after_five(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 7.3, 11.3: eight calls a second are for the cancels, not for asking."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    bench.broker.cancels.extend(["sent", "sent"])
    bench.broker.reads.clear()
    left, secs = cleared(bench)
    assert (left, secs) == ([], 11.0)
    assert bench.broker.reads == {"trade": 12, "upside_oco": 12, "downside_oco": 12}
    assert len(bench.broker.cancelled) == 3


def test_no_book_of_before_a_cancel_confirms_it(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 11.3, 7.3: another bot of the key may have read it, but not before this look began."""
    bench = opened(make_bench())
    read, looks = bench.broker.order_book, []

    def order_book(account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        looks.append((bench.clock.mono, since))
        return read(account, since=since)

    monkeypatch.setattr(bench.broker, "order_book", order_book)
    begun = bench.clock.mono
    assert cleared(bench)[0] == []
    assert looks == [(begun, begun)] * 3 + [(begun + 1, begun + 1)] * 3


def test_what_fills_while_it_is_cancelled_is_on_disk_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 9.2: the process may die before the last order has ended; what he bought must be known then."""
    bench = opened(make_bench())
    bench.broker.cancels.extend(["filled"] + ["sent"] * 500)
    looks: list[int] = []

    def look() -> None:
        looks.append(bench.on_disk().downside_net_quantity)

    bench.clock.on_wait = look
    assert len(cleared(bench, patience_secs=3.0)[0]) == 4
    assert looks[:2] == [100, 200]


def test_patience_is_a_minute_and_begins_anew_with_each_order_that_ends(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: what does not move for 60 s is said, with everything that a person needs to find it."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(2)
    first, second = bench.broker.working()
    bench.broker.fill(second.order_id, 30)
    bench.cycle()
    bench.broker.cancels.extend(["sent"] * 100)
    bench.clock.on_wait = lambda: bench.broker.end(first.order_id) if bench.clock.mono >= 1030.0 else None
    begun = bench.clock.mono
    left, secs = cleared(bench)
    assert left == [f"account trade: order {second.order_id} (downside level 2 entry), BUY 70 IRFC @ 48.00"]
    assert begun + secs == 1090.0


def test_given_patience_is_kept(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: the emergency stop has its own."""
    bench = opened(make_bench())
    bench.broker.cancels.extend(["sent"] * 500)
    left, secs = cleared(bench, patience_secs=7.0)
    assert (len(left), secs) == (5, 7.0)
    assert cleared(bench, patience_secs=0.0) == (left, 1.0)


def test_book_that_comes_and_goes_is_no_progress(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 4.4: orders that end are; otherwise a server that stumbles would keep the end away for ever."""
    bench = opened(make_bench())
    bench.broker.cancels.extend(["sent"] * 500)

    def stumble() -> None:
        bench.broker.broken_books ^= {"upside_oco"}

    bench.clock.on_wait = stumble
    left, secs = cleared(bench)
    assert secs == 60.0
    assert len(left) == 5


def test_book_that_is_never_read_is_no_confirmation(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 4.4: nothing works by the state; whether something works there nobody knows, which is said."""
    bench = make_bench().begin()
    bench.broker.broken_books.add("upside_oco")
    assert cleared(bench) == (["account upside_oco: its order book could not be read"], 60.0)
    bench.broker.broken_books.clear()
    assert cleared(bench) == ([], 0.0)


def test_what_can_not_be_confirmed_names_books_orders_doubts_and_orphans(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: four kinds of what may still work, each with account, side, rest, symbol and price."""
    bench = make_bench().begin()
    bench.broker.answers.append("unknown-accepted")
    bench.broker.hide_new_for_reads = 500
    bench.cycle()
    doubt, entry = bench.broker.working()
    entry.hidden_reads = 0
    orphan = an_orphan(bench)
    bench.broker.orders[orphan].hidden_reads = 0
    bench.broker.broken_books.add("downside_oco")
    bench.broker.cancels.extend(["sent"] * 500)
    left, _ = cleared(bench, patience_secs=2.0)
    assert left == [
        "account downside_oco: its order book could not be read",
        f"account trade: order in doubt {doubt.request.client_id} (downside level 1 entry), BUY 100 IRFC @ 49.00",
        f"account trade: order {entry.order_id} (upside level 1 entry), SELL 100 IRFC @ 51.00",
        f"account trade: order {orphan} ({bench.broker.orders[orphan].request.client_id})",
    ]


@pytest.mark.parametrize(("before", "told"), [(False, 1), (True, 0)])
def test_stop_while_it_cancels_is_answered_once(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, *, before: bool, told: int
) -> None:
    """Behaviour 7.3, 14: Ctrl-C does not leave orders behind, and whoever pressed it hears why it goes on."""
    bench = opened(make_bench())
    bench.broker.cancels.extend(["sent"] * 500)
    bench.clock.stopping = before
    bench.clock.on_wait = lambda: setattr(bench.clock, "stopping", True)
    left, secs = cleared(bench)
    assert (len(left), secs) == (5, 60.0)
    said = [line for line in caplog.messages if line.startswith("A stop was asked for")]
    assert len(said) == told
    assert all("nothing has moved for 60 s" in line for line in said)


def proven(bench: Bench, *, watches: bool = False) -> tuple[list[str], float]:
    """The same where no state says what must be there: the books have to prove it."""
    begun = bench.clock.mono
    proof = TagProof(watches=watches)
    return cancel_everything(bench.engine._parts, "cancel all", 30.0, proof), bench.clock.mono - begun


def test_proof_is_asked_for_looks_over_five_seconds_without_anything_at_work(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: one clean look proves nothing where a state is missing; what works meanwhile starts it anew."""
    bench = opened(make_bench())
    for account in ("upside_oco", "downside_oco"):
        bench.broker.end(an_orphan(bench, account))
    assert proven(bench) == ([], 6.0)
    again = opened(make_bench(bot_name="again"))
    for account in ("upside_oco", "downside_oco"):
        again.broker.end(an_orphan(again, account))
    again.broker.cancels.extend(["ok"] * 4 + ["sent"])
    assert proven(again) == ([], 11.0)


def test_proof_that_is_not_reached_names_what_works(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: never confirmed while an order works, however many looks there were."""
    bench = opened(make_bench())
    bench.broker.cancels.extend(["ok"] * 4 + ["sent"] * 100)
    left, secs = proven(bench)
    assert (len(left), secs) == (1, 31.0)


def test_order_that_appears_while_nobody_here_places_any_is_cancelled_and_said(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 13: the bot lives elsewhere; its newest order is cancelled, and nobody waits for the next one."""
    bench = make_bench(trade_type="buyts").begin()
    an_orphan(bench)
    late: list[str] = []

    def appear() -> None:
        if bench.clock.mono >= 1007.0 and not late:
            late.append(an_orphan(bench))

    bench.clock.on_wait = appear
    left, secs = proven(bench, watches=True)
    assert left == [f"account trade: order {late[0]} ({bench.broker.orders[late[0]].request.client_id})"]
    assert secs == 7.0
    assert bench.broker.orders[late[0]].status is OrderStatus.CANCELLED
    assert bench.engine._parts.desk.cancel_reasons[late[0]] == "cancel all"


# -- the four ends --------------------------------------------------------------------------------------------------


def test_last_word_is_shown_and_saved_with_the_prices_of_that_moment(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: the ladder's last picture is the end; a later look values what is held at these prices."""
    bench = opened(make_bench())
    pictures: list[LadderView] = []
    bench.engine._observer = pictures.append
    bench.feed.prices["IRFC"] = Decimal("49.30")
    bench.feed.stale.add("SBIN")
    assert at_the_end(bench).cycle() == ExitCode.OK
    assert [str(each.status) for each in pictures] == ["Stopped: session end"]
    saved = bench.store.load()
    assert saved is not None
    kept = {one.symbol: (one.price, one.at) for one in saved.last_prices}
    assert kept == {"IRFC": (Decimal("49.30"), bench.clock.wall), "SBIN": (Decimal("120.50"), bench.clock.wall)}


def test_last_word_is_tried_for_half_a_minute(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2: thirty tries, a second apart, then the error ends the process with its cause."""
    bench = make_bench()
    bench.fs = SimDisk()
    bench.begin().cycle(2)
    tries: list[float] = []

    def refuse(op: str, path: Path) -> None:
        if op == "write" and bench.state.bot_status.kind is StatusKind.STOPPED:
            tries.append(bench.clock.mono)
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    bench.fs.before_op = refuse
    with pytest.raises(SaveFailed, match="No space left"):
        at_the_end(bench).cycle()
    assert len(tries) == 31
    assert tries[-1] - tries[0] == 30.0
    assert bench.broker.working() == []


def test_stop_on_a_full_disk_says_first_what_is_left_and_keeps_no_emergency_waiting(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.2, 13: the orders and the position are told before the tries, which take ten seconds."""
    bench = make_bench()
    bench.fs = SimDisk()
    opened(bench)
    full = OSError(errno.ENOSPC, "No space left on device", "state")

    def refuse(op: str, _path: Path) -> None:
        if op == "write":
            said.append(len(caplog.messages))
            raise full

    said: list[int] = []
    bench.fs.before_op = refuse
    begun = bench.clock.mono
    with caplog.at_level(logging.INFO), pytest.raises(SaveFailed, match="No space left"):
        bench.engine._ending.stop()
    assert bench.clock.mono - begun == 10.0
    before = "\n".join(caplog.messages[: said[0]])
    assert "Stopped. 5 orders are left on the exchange:" in before
    assert "+100 IRFC" in before
    assert [line for line in caplog.messages if "it is tried for 10 s" in line]


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [
        pytest.param(lambda ending: ending.terminate("OCO imbalance"), 3, "Terminated: OCO imbalance", id="terminate"),
        pytest.param(lambda ending: ending.end_session(), 0, "Stopped: session end", id="session"),
        pytest.param(lambda ending: ending.complete(), 0, "Completed", id="complete"),
        pytest.param(lambda ending: ending.stop(), 0, "Stopped: by signal", id="signal"),
    ],
)
def test_every_end_has_its_code_its_status_on_disk_and_its_money(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, end: Callable[..., int], code: int, status: str
) -> None:
    """Behaviour 13 to 15."""
    bench = opened(make_bench())
    with caplog.at_level(logging.INFO):
        assert end(bench.engine._ending) == code
    saved = bench.store.load()
    assert saved is not None
    assert str(saved.bot_status) == status
    cancelled = dict.fromkeys(bench.broker.cancelled, "cancel all")
    assert bench.engine._parts.desk.cancel_reasons == cancelled
    assert sum(line.startswith("Net ") for line in caplog.messages) == 1


def test_stop_of_a_bot_that_is_terminating_leaves_it_so(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: a signal is no pardon: the next start goes on with the termination."""
    bench = opened(make_bench())
    bench.state.bot_status = TERMINATING
    assert bench.engine._ending.stop() == ExitCode.OK
    saved = bench.store.load()
    assert saved is not None
    assert str(saved.bot_status) == "Terminating: OCO imbalance"


def test_termination_that_is_not_confirmed_lists_what_works(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 7.3, 13: never "no order is left" while something works."""
    bench = opened(make_bench())
    bench.broker.cancels.extend(["ok"] * 4 + ["sent"] * 500)
    with caplog.at_level(logging.INFO):
        assert bench.engine._ending.terminate("OCO imbalance") == ExitCode.TERMINATED
    assert str(bench.state.bot_status) == "Terminating: OCO imbalance"
    assert [line for line in caplog.messages if line.startswith("STILL WORKING: ")] == [
        f"STILL WORKING: account trade: order {order.order_id} (downside level 1 target), SELL 100 IRFC @ 49.50"
        for order in bench.broker.working()
    ]
    assert "No order is left" not in caplog.text


def test_end_that_is_confirmed_says_so_once(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 12, 13: with the reminder that positions are another matter."""
    bench = opened(make_bench())
    with caplog.at_level(logging.INFO):
        bench.engine._ending.end_session()
    assert caplog.messages.count("No order is left on the exchange; positions are not closed") == 1
    assert "STILL WORKING" not in caplog.text


def test_signal_says_which_orders_it_leaves(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """Architecture 18: twenty by name, the rest by number."""
    bench = make_bench(steps=11).begin()
    bench.cycle(10)
    with caplog.at_level(logging.INFO):
        bench.engine._ending.stop()
        bench.cycle()
        bench.engine._ending.stop()
    said = [line for line in caplog.messages if "left on the exchange" in line or line.startswith("  ")]
    assert said[0] == "Stopped. 20 orders are left on the exchange:"
    assert said[1].startswith("  account trade: order 1210000001 (downside level 1 entry), BUY 100 IRFC @ 49.00")
    assert (said[21], said[-1]) == ("Stopped. 22 orders are left on the exchange:", "  and 2 more")
    assert len(said) == 21 + 22


def test_each_order_is_said_with_its_own_account(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Architecture 10, 18: the hedges of the two halves lie in two accounts, and somebody has to find them there."""
    bench = opened(make_bench())
    bench.broker.fill(bench.broker.working_at(Side.SELL, "51.00").order_id)
    bench.cycle()
    with caplog.at_level(logging.INFO):
        bench.engine._ending.stop()
    hedges = {line.strip().partition(":")[0]: line for line in caplog.messages if " oco), " in line}
    assert "(upside level 1 oco), BUY 50 SBIN @ 122.50" in hedges["account upside_oco"]
    assert "(downside level 1 oco), SELL 50 SBIN @ 118.50" in hedges["account downside_oco"]


def test_signal_with_nothing_at_work_lists_nothing(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Architecture 18."""
    bench = make_bench().begin()
    with caplog.at_level(logging.INFO):
        bench.engine._ending.stop()
    assert "Stopped. 0 orders are left on the exchange" in caplog.messages


def test_signal_with_one_order_at_work_says_so(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Architecture 18."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    with caplog.at_level(logging.INFO):
        bench.engine._ending.stop()
    assert "Stopped. 1 order is left on the exchange:" in caplog.messages


def stopped_early(bench: Bench) -> int:
    """A stop is asked for while the bot waits for its first price."""
    engine = bench._engine()
    bench.feed.stale.add("IRFC")
    bench.clock.on_wait = lambda: setattr(bench.clock, "stopping", True)
    return engine.start()


def test_stop_before_the_first_cycle_says_what_the_saved_state_knows(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 14: a restart that is called off leaves orders of the run before at work."""
    bench = opened(make_bench())
    with caplog.at_level(logging.INFO):
        assert stopped_early(bench) == ExitCode.OK
    beginning = "Stopped before the first cycle. As the saved state knows them,"
    assert f"{beginning} 5 orders are left on the exchange:" in caplog.messages
    assert len(bench.broker.working()) == 5


@pytest.mark.parametrize("yesterday", [False, True])
def test_stop_before_the_first_cycle_of_a_day_has_left_nothing(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, *, yesterday: bool
) -> None:
    """Behaviour 9.5, 14: orders of an earlier day are gone."""
    bench = make_bench()
    if yesterday:
        opened(bench)
        bench.broker.orders.clear()
        bench.clock.wall += timedelta(days=1)
    with caplog.at_level(logging.INFO):
        assert stopped_early(bench) == ExitCode.OK
    assert "Stopped before the first cycle: this run has placed nothing" in caplog.messages
    assert "left on the exchange" not in caplog.text


def test_book_that_went_blank_confirms_no_cancel(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, 7.3: it has shown our orders today, so it holds their last words back; the others end."""
    bench = opened(make_bench())
    bench.broker.empty_books.add("trade")
    left, secs = cleared(bench)
    assert secs == 61.0
    assert left[0] == "account trade: its order book could not be read"
    assert [order.status for order in bench.broker.orders.values() if order.account == "downside_oco"] == [
        OrderStatus.CANCELLED
    ]


def test_level_that_is_not_hedged_yet_is_cancelled_like_the_others(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: a level holds two orders at most, and both go."""
    bench = opened(make_bench())
    level = bench.level(DOWN)
    assert len(level.orders) == 2
    bench.state.levels[level.uuid] = replace(level, oco_order=None)
    assert cleared(bench) == ([], 1.0)
    assert bench.broker.working() == []
