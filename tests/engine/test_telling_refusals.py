"""A start that waits or is refused keeps what was known before it: held, net, orders, attention, the death."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.telling import TellingBench
from tg1.errors import BrokerUnavailable, StateError, Tg1Error
from tg1.models import Attention
from tg1.told.found import Found, Saved
from tg1.told.judge import ConcernKind, Instant, Life, judge
from tg1.told.looks import Looked, held_of, net_of
from tg1.told.snapshot import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "IRFC-SBIN Grid"
ATTENTION = Attention(key="late-fill x 5", text="5 shares are in no level", at="2026-02-16T10:00:00+05:30")


@pytest.fixture
def died(tmp_path: Path) -> Iterator[TellingBench]:
    """A bot that held 100 IRFC under a target and a hedge, and is gone without a word."""
    bench = TellingBench(tmp_path / "state")
    bench.begin()
    bench.cycle(3)
    bench.trade(IRFC="48.95")
    bench.cycle(2)
    bench.state.attention.append(ATTENTION)
    bench.cycle()
    bench.events()
    yield bench
    for disk in bench.disks:
        disk.close(5.0)


def start(bench: TellingBench, **changes: Any) -> None:
    """Type a start that is refused."""
    bench.clock.advance(5.0)
    bench.engine = bench._engine(**changes)
    with pytest.raises(Tg1Error):
        bench.teller.tell_of(bench.engine.start)


def look(bench: TellingBench, *, faults: tuple[str, ...] = ()) -> Looked:
    """What `tg1 status` finds when no process lives."""
    saved = None
    if not faults:
        state = bench.store.load()
        assert state is not None
        saved = Saved(state=state, at=bench.snapshot.written_at)
    found = Found(stem=NAME, folder=bench.folder, holder=None, snapshot=bench.snapshot, saved=saved, faults=faults)
    at = Instant(now=bench.clock.now(), boot_secs=bench.clock.monotonic(), boot_id="boot-of-the-test")
    return Looked(found=found, judged=judge(found, at))


def test_a_grid_that_differs_is_refused_and_nothing_is_forgotten(died: TellingBench) -> None:
    """Nobody reads "held: nothing" or a net of 0 of a bot that holds 100 shares, because of a flag that he typed."""
    before = died.snapshot
    start(died, steps=3)
    told = died.snapshot
    assert told.phase is Phase.ENDED
    assert told.end is not None
    assert told.end.why.startswith("The saved grid")
    assert [(one.account, one.quantity) for one in told.positions if one.quantity] == [("trade", 100)]
    assert told.money is not None
    assert before.money is not None
    assert told.money.net == before.money.net
    assert [order.client_id for order in told.orders] == [order.client_id for order in before.orders]
    assert [(level.name, level.open_quantity) for level in told.levels] == [
        (level.name, level.open_quantity) for level in before.levels
    ]
    assert told.attention == (ATTENTION,)
    one = look(died)
    assert held_of(one) == f"Trade +100 IRFC, as of {before.written_at:%H:%M:%S}"
    kinds = [(concern.kind, concern.key) for concern in one.judged.concerns]
    assert kinds == [(ConcernKind.DEAD, ""), (ConcernKind.FAILED, "start"), (ConcernKind.ATTENTION, ATTENTION.key)]
    death, refusal, _ = one.why
    assert death.startswith("its process was gone without a word; 5 orders of it may still work")
    assert refusal.startswith(f"a start at {told.written_at:%H:%M:%S} was refused: The saved grid")
    assert one.judged.life is Life.DEAD


def test_the_net_is_at_the_last_price_that_was_told(died: TellingBench) -> None:
    """The state keeps a price for minutes, a snapshot is of the last second: no refused start goes back behind it."""
    died.trade(SBIN="119.00", IRFC="49.20")
    died.cycle()
    before = died.snapshot
    start(died, steps=3)
    start(died, steps=4)
    told = died.snapshot
    assert [(one.symbol, one.price) for one in told.prices] == [(one.symbol, one.price) for one in before.prices]
    assert all(one.stale for one in told.prices)
    assert told.money is not None
    assert before.money is not None
    assert (told.money.net, told.money.is_current) == (before.money.net, False)


def test_a_second_refusal_hides_the_death_no_more_than_the_first(died: TellingBench) -> None:
    """Who types it again, or systemd that does, still leaves the first moment at which the account was seen."""
    seen_at = died.snapshot.written_at
    start(died, steps=3)
    start(died, steps=4)
    told = died.snapshot
    assert (told.held_at, told.earlier) == (seen_at, "its process was gone without a word")
    assert [one.kind for one in look(died).judged.concerns][:2] == [ConcernKind.DEAD, ConcernKind.FAILED]


def test_fresh_over_working_orders_keeps_what_works(died: TellingBench) -> None:
    """Behaviour 9.3 refuses it; the orders are still told."""
    start(died, fresh=True)
    assert len(died.snapshot.orders) == 5
    assert held_of(look(died)).startswith("Trade +100 IRFC, as of ")


def test_an_account_that_cannot_be_reached_changes_nothing(died: TellingBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commonest refusal: no line, no login."""

    def refuse() -> None:
        raise BrokerUnavailable("no connection to the server")

    monkeypatch.setattr(died.broker, "connect", refuse)
    start(died)
    assert held_of(look(died)).startswith("Trade +100 IRFC, as of ")


def test_an_unreadable_state_makes_held_and_net_unknown(died: TellingBench) -> None:
    """What was told last is named, but not as what is held."""
    died.store.paths.state.write_text("{")
    died.store.paths.bak.write_text("{")
    before = died.snapshot.written_at
    start(died)
    one = look(died, faults=("its state can't be read: it is damaged",))
    assert held_of(one) == (f"unknown: its state can't be read (told last: Trade +100 IRFC, as of {before:%H:%M:%S})")
    assert (net_of(one), one.net) == ("unknown", None)
    assert len(died.snapshot.orders) == 5


def test_an_unreadable_state_that_fresh_may_not_archive(died: TellingBench) -> None:
    """The blank state that stands in while the books are asked is never told."""
    died.store.paths.state.write_text("{")
    died.store.paths.bak.write_text("{")
    start(died, fresh=True)
    assert [(one.account, one.quantity) for one in died.snapshot.positions if one.quantity] == [("trade", 100)]


def test_a_bot_that_never_ran_holds_nobody_knows_what(tmp_path: Path) -> None:
    """Without a state and a snapshot."""
    bench = TellingBench(tmp_path / "other")
    bench.store.paths.state.write_text("{")
    with pytest.raises(StateError):
        bench.teller.tell_of(bench.engine.start)
    assert held_of(look(bench, faults=("its state can't be read",))) == "unknown"
    bench.disks[-1].close(5.0)


def test_a_waiting_bot_tells_what_it_holds(died: TellingBench) -> None:
    """From the login to the first cycle, which may be more than an hour in the morning."""
    seen_at = died.snapshot.written_at
    died.clock.advance(5.0)
    died.begin()
    died.teller.beat()
    told = died.snapshot
    assert (told.phase, told.held_at) == (Phase.STARTING, seen_at)
    assert [(one.account, one.quantity) for one in told.positions if one.quantity] == [("trade", 100)]
    died.cycle()
    assert (died.snapshot.held_at, died.snapshot.earlier) == (None, "")


def test_the_orders_of_an_earlier_day_are_gone(died: TellingBench) -> None:
    """Behaviour 9.5; what is held is told with its day."""
    before = died.snapshot.written_at
    died.clock.advance(86400.0)
    start(died, steps=3)
    assert died.snapshot.orders == ()
    assert held_of(look(died)) == f"Trade +100 IRFC, as of {before:%d %b %H:%M:%S}"
