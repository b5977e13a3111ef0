"""One word for each bot, and whom it needs: judged from outside, because a bot that hangs can't tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.states import NOW, a_level, a_state, an_order, with_order
from tests.support.told import ACCOUNT, FEED, HERE, a_snapshot, an_instant
from tg1.machine.lock import Holder
from tg1.models import (
    ACTIVE,
    COMPLETED,
    Attention,
    ClosingOrder,
    LegOrder,
    OpenOrder,
    Role,
    Side,
    Status,
    StatusKind,
    Traded,
    TradeType,
)
from tg1.told.found import Found, Saved
from tg1.told.judge import ConcernKind, Life, judge
from tg1.told.snapshot import Phase, Snapshot, ToldEnd, ToldPrice, ToldSaves

ALIVE = Holder(pid=HERE.pid, since=NOW, host="here")
STOPPED = Status(kind=StatusKind.STOPPED, reason="by signal")
TERMINATING = Status(kind=StatusKind.TERMINATING, reason="OCO imbalance")
TERMINATED = Status(kind=StatusKind.TERMINATED, reason="OCO imbalance")


def _found(snapshot: Snapshot | None = None, holder: Holder | None = ALIVE, **more: Any) -> Found:
    return Found(
        stem="bot", folder=Path("state"), holder=holder, snapshot=snapshot, saved=more.pop("saved", None), **more
    )


def _saved(status: Status, *, after_secs: float = 0.0, attention: tuple[Attention, ...] = (), **more: Any) -> Saved:
    state = a_state(bot_status=status, attention=list(attention), **{"levels": {}, **more})
    return Saved(state=state, at=NOW + timedelta(seconds=after_secs))


def _kinds(found: Found, after_secs: float = 0.5) -> list[ConcernKind]:
    return [concern.kind for concern in judge(found, an_instant(after_secs)).concerns]


def _ended(status: Status, exit_code: int, *, is_crash: bool = False) -> Snapshot:
    end = ToldEnd(exit_code=exit_code, why="as it was", is_crash=is_crash)
    return a_snapshot(phase=Phase.ENDED, status=status, end=end)


STOP = "tg1 run --cancel-all --bot-name bot, with the flags that it had"


def test_a_stop_at_work_is_stopping_and_needs_nobody() -> None:
    """It sees no fresh price and no feed, and that is no trouble; a question is answered when it is answered."""
    old = (ToldPrice(symbol="IRFC", price=Decimal(49), age_secs=400.0, stale=True),)
    told = a_snapshot(phase=Phase.STOPPING, stop=STOP, prices=old)
    for found, after_secs in ((_found(told), 0.5), (_found(replace(told, waits_for="the operator's answer")), 900.0)):
        judged = judge(found, an_instant(after_secs))
        assert (judged.life, judged.concerns) == (Life.STOPPING, ())
    assert judge(_found(told), an_instant(900.0)).life is Life.HUNG


@pytest.mark.parametrize(
    ("status", "life"), [(ACTIVE, Life.DEAD), (STOPPED, Life.STOPPED), (TERMINATED, Life.TERMINATED)]
)
def test_a_stop_that_was_cut_off_names_what_to_type(status: Status, life: Life) -> None:
    """Whatever the state was when it died."""
    judged = judge(_found(a_snapshot(phase=Phase.STOPPING, stop=STOP), None, saved=_saved(status)), an_instant())
    assert (judged.life, judged.needs_person) == (life, True)
    assert f"cut off before its end; type it again: {STOP}" in judged.concerns[0].text


def test_a_stop_that_could_not_do_all_says_so_beside_a_termination() -> None:
    """And a whole one adds nothing."""
    told = replace(_ended(TERMINATED, 1), stop=STOP)
    (concern,) = judge(_found(told, None, saved=_saved(TERMINATED)), an_instant()).concerns
    assert concern.text == "terminated: OCO imbalance; as it was"
    (concern,) = judge(
        _found(replace(_ended(TERMINATED, 0), stop=STOP), None, saved=_saved(TERMINATED)), an_instant()
    ).concerns
    assert concern.text == "terminated: OCO imbalance"


def test_a_refused_start_is_told_beside_what_was_wrong_before_it() -> None:
    """The end with something left stays, under its own key; a start that was only stopped adds nothing."""
    earlier = "2 orders could not be confirmed"
    told = replace(_ended(STOPPED, 5), cycle=0, earlier=earlier)
    concerns = judge(_found(told, None, saved=_saved(STOPPED)), an_instant()).concerns
    assert [(one.kind, one.key) for one in concerns] == [(ConcernKind.FAILED, ""), (ConcernKind.FAILED, "start")]
    assert [one.text for one in concerns] == [earlier, f"a start at {NOW:%H:%M:%S} was refused: as it was"]
    told = replace(_ended(STOPPED, 0), cycle=0, earlier=earlier)
    (concern,) = judge(_found(told, None, saved=_saved(STOPPED)), an_instant()).concerns
    assert concern.text == earlier


def test_a_bot_that_trades_is_active_and_needs_nobody() -> None:
    """The good case, with the age of its last word."""
    judged = judge(_found(a_snapshot()), an_instant(0.5))
    assert (judged.life, judged.needs_person, judged.age_secs) == (Life.ACTIVE, False, 0.5)


@pytest.mark.parametrize(
    ("poll_secs", "secs", "life"),
    [(1, 10, Life.ACTIVE), (1, 10.1, Life.HUNG), (5, 15, Life.ACTIVE), (5, 15.1, Life.HUNG)],
)
def test_no_cycle_for_ten_seconds_is_a_hang(poll_secs: float, secs: float, life: Life) -> None:
    """Or for three intervals of a slower poll."""
    found = _found(a_snapshot(poll_interval_secs=poll_secs))
    assert judge(found, an_instant(secs)).life is life
    assert (_kinds(found, secs) == [ConcernKind.HUNG]) is (life is Life.HUNG)


def test_a_bot_whose_disk_is_full_is_not_said_to_hang() -> None:
    """Its cycles go on and can't be told (behaviour 9.2): whoever kills it for that kills what reads its books."""
    concern = judge(_found(a_snapshot(), has_room=False), an_instant(60)).concerns[0]
    assert concern.kind is ConcernKind.SAVE
    assert concern.text.startswith("it could tell nothing for 60 s, because its disk is full: make room")


def test_a_bot_that_hung_during_the_night_is_seen_after_the_clock_was_put_back() -> None:
    """Its age is counted on the boot's clock, which knows no jumps."""
    moment = replace(an_instant(60), now=NOW - timedelta(hours=1))
    assert judge(_found(a_snapshot()), moment).life is Life.HUNG


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.WAITING])
def test_waiting_for_brokers_and_the_open_is_no_hang(phase: Phase) -> None:
    """A start takes its time; two minutes without a sign of life are too many."""
    assert judge(_found(a_snapshot(phase=phase, cycle=0)), an_instant(119)).life is Life.WAITING
    assert judge(_found(a_snapshot(phase=phase, cycle=0)), an_instant(121)).life is Life.HUNG


def test_paused_means_that_nothing_new_can_open() -> None:
    """With one of two sides paused the bot still opens positions: it is active, whatever a glance would like to see."""
    assert judge(_found(a_snapshot(paused=(Side.BUY, Side.SELL))), an_instant()).life is Life.PAUSED
    assert judge(_found(a_snapshot(paused=(Side.BUY,))), an_instant()).life is Life.ACTIVE
    one_sided = a_snapshot(paused=(Side.BUY,), trade_type=TradeType.BUYTS)
    assert judge(_found(one_sided), an_instant()).life is Life.PAUSED


def test_what_a_trading_bot_itself_can_see_needs_a_person() -> None:
    """Attention, a stale price, an unread book, a state that can't be saved, a refused token."""
    stale = ToldPrice(symbol="SBIN", price=None, age_secs=31.0, stale=True)
    young = replace(stale, symbol="IRFC", age_secs=29.0)
    blind = replace(ACCOUNT, good_age_secs=31.0)
    refused = replace(FEED, phase="token refused", fault="the token has expired")
    entry = Attention(key="k", text="look at it", at="2026-02-16T10:00:00+05:30")
    assert _kinds(_found(a_snapshot(attention=(entry,)))) == [ConcernKind.ATTENTION]
    assert _kinds(_found(a_snapshot(prices=(young, stale)))) == [ConcernKind.STALE_PRICE]
    assert _kinds(_found(a_snapshot(accounts=(blind,)))) == [ConcernKind.BLIND]
    assert _kinds(_found(a_snapshot(accounts=(replace(blind, orders_expected=0),)))) == []
    assert _kinds(_found(a_snapshot(feed=refused))) == [ConcernKind.TOKEN]
    assert _kinds(_found(a_snapshot(saves=ToldSaves(count=1, p50_ms=1, p99_ms=1, fault="No space")))) == [
        ConcernKind.SAVE
    ]


def test_a_snapshot_of_an_earlier_process_proves_no_life() -> None:
    """A new process has the lock: it has only begun, or an earlier TG1 runs that tells nothing."""
    other = Holder(pid=1, since=NOW, host="here")
    assert judge(_found(a_snapshot(), other, saved=_saved(ACTIVE)), an_instant(29)).life is Life.WAITING
    assert judge(_found(a_snapshot(), other, saved=_saved(ACTIVE)), an_instant(31)).life is Life.ACTIVE
    assert judge(_found(None, other), an_instant(31)).life is Life.WAITING


@pytest.mark.parametrize(
    ("status", "life", "kinds"),
    [
        (ACTIVE, Life.DEAD, [ConcernKind.DEAD]),
        (TERMINATING, Life.DEAD, [ConcernKind.DEAD]),
        (TERMINATED, Life.TERMINATED, [ConcernKind.TERMINATED]),
        (STOPPED, Life.STOPPED, []),
        (COMPLETED, Life.COMPLETED, []),
    ],
)
def test_without_a_process_the_state_file_tells(status: Status, life: Life, kinds: list[ConcernKind]) -> None:
    """With the snapshot of the process that is gone beside it, and, of an earlier TG1, without any."""
    for snapshot in (None, a_snapshot()):
        found = _found(snapshot, None, saved=_saved(status))
        assert (judge(found, an_instant()).life, _kinds(found)) == (life, kinds)


def test_a_process_that_died_at_its_first_start_is_dead() -> None:
    """No state was ever saved; the snapshot alone shows that it was here."""
    assert judge(_found(a_snapshot(phase=Phase.STARTING), None), an_instant()).life is Life.DEAD


@pytest.mark.parametrize(
    ("end", "life", "kinds"),
    [
        (_ended(STOPPED, 0), Life.STOPPED, []),
        (_ended(STOPPED, 1), Life.STOPPED, [ConcernKind.FAILED]),
        (_ended(STOPPED, 4), Life.STOPPED, [ConcernKind.FAILED]),
        (_ended(ACTIVE, 1, is_crash=True), Life.DEAD, [ConcernKind.DEAD]),
    ],
)
def test_the_last_words_tell_what_the_state_cannot(end: Snapshot, life: Life, kinds: list[ConcernKind]) -> None:
    """An exit code that is not 0 needs a person; a crash is a death."""
    found = _found(end, None, saved=_saved(end.status, after_secs=-1))
    assert (judge(found, an_instant()).life, _kinds(found)) == (life, kinds)


def test_an_emergency_stop_after_the_last_words_is_believed() -> None:
    """`--cancel-all` saves the state of a bot that crashed before: what is left is said there."""
    found = _found(_ended(ACTIVE, 1, is_crash=True), None, saved=_saved(STOPPED, after_secs=60))
    assert (judge(found, an_instant()).life, _kinds(found)) == (Life.STOPPED, [])


def test_attention_outlives_the_process() -> None:
    """A stopped bot with an unhedged quantity still needs somebody."""
    entry = Attention(key="k", text="sell 50 SBIN", at="2026-02-16T10:00:00+05:30")
    found = _found(_ended(STOPPED, 0), None, saved=_saved(STOPPED, attention=(entry,)))
    assert _kinds(found) == [ConcernKind.ATTENTION]


def test_attention_that_is_over_waits_for_nobody() -> None:
    """Half a minute without a book in the morning does not keep the table red until the evening."""
    entry = Attention(key="k", text="account trade is blind (over at 10:01:00: seen)", at="2026-02-16T10:00:00+05:30")
    found = _found(a_snapshot(attention=(entry,)))
    assert (found.attention, _kinds(found)) == ((entry,), [])


def test_a_file_that_cannot_be_read_needs_a_person() -> None:
    """Nobody knows how that bot is."""
    found = _found(None, None, faults=("its snapshot can't be read: it is no whole JSON (3 bytes)",))
    assert judge(found, an_instant()).life is Life.DEAD
    assert ConcernKind.UNREADABLE in _kinds(found)


LEFT = (
    "2 orders of it may still work at the broker, and nobody minds them: start it again, or remove them with "
    "tg1 run --cancel-all and the flags of its start (tg1 orders has the list)"
)


def _levels(*orders: LegOrder) -> dict[str, OpenOrder]:
    level = with_order(a_level(), *orders)
    return {level.uuid: level}


TWO = (an_order(), an_order("TAGXXGENUD01O000", role=Role.OCO, side=Side.SELL, symbol="SBIN", order_id=None))


@pytest.mark.parametrize(
    ("status", "exit_code", "kind", "text"),
    [
        (ACTIVE, None, ConcernKind.DEAD, f"its process is gone without a word; {LEFT}"),
        (TERMINATING, None, ConcernKind.DEAD, f"and it goes on with that; {LEFT}"),
        (TERMINATING, 3, ConcernKind.FAILED, f"as it was; {LEFT}"),
        (STOPPED, 0, ConcernKind.FAILED, f"Stopped: by signal; {LEFT}"),
        (STOPPED, 1, ConcernKind.FAILED, f"as it was; {LEFT}"),
        (STOPPED, None, ConcernKind.FAILED, f"Stopped: by signal; {LEFT}"),
        (TERMINATED, 3, ConcernKind.TERMINATED, f"OCO imbalance; {LEFT.replace('start it again, or ', '')}"),
    ],
)
def test_orders_that_a_gone_bot_left_need_a_person(
    status: Status, exit_code: int | None, kind: ConcernKind, text: str
) -> None:
    """Killed, stopped by a signal, cancels not confirmed, terminated: how many, and the command that removes them."""
    snapshot = a_snapshot() if exit_code is None else _ended(status, exit_code)
    found = _found(snapshot, None, saved=_saved(status, after_secs=-1, levels=_levels(*TWO)))
    (concern,) = judge(found, an_instant()).concerns
    assert concern.kind is kind
    assert concern.text.endswith(text)


def test_one_order_that_is_left_is_told_in_the_singular() -> None:
    """Of an earlier TG1, whose snapshot nobody has, too."""
    (concern,) = judge(_found(None, None, saved=_saved(STOPPED, levels=_levels(TWO[0]))), an_instant()).concerns
    assert concern.text.startswith(
        "Stopped: by signal; 1 order of it may still work at the broker, and nobody minds it: start it again, or remove"
    )


def test_a_closing_order_that_nobody_saw_end_is_left_as_well() -> None:
    """Behaviour 13: a square-off that was interrupted."""
    sell = an_order("TAGXXGENX0001000", role=Role.CLOSE, side=Side.SELL)
    closing = [ClosingOrder(account="trade", order=sell, day=NOW.date(), is_over=over) for over in (True, False)]
    (concern,) = judge(_found(None, None, saved=_saved(TERMINATED, closing=closing)), an_instant()).concerns
    assert "; 1 order of it may still work at the broker" in concern.text


@pytest.mark.parametrize("bought", ["trade", "upside_oco"])
def test_shares_that_a_square_off_left_are_named(bought: str) -> None:
    """Behaviour 13: by account, with the command that closes them; two hedges of one key are one account."""
    entry = Traded(quantity=100, value=Decimal(4900))
    level = replace(a_level(), entry_traded=entry, opened_seq=1)
    sold = an_order("TAGXXGENX0001000", role=Role.CLOSE, side=Side.SELL, filled_quantity=60, filled_value=2940)
    closing = [ClosingOrder(account="trade", order=sold, day=NOW.date(), is_over=True)]
    saved = _saved(TERMINATED, closing=closing, levels={level.uuid: level})
    accounts = (ACCOUNT, replace(ACCOUNT, name=bought))
    (concern,) = judge(_found(a_snapshot(accounts=accounts), None, saved=saved), an_instant()).concerns
    assert concern.text == (
        "terminated: OCO imbalance, but by its own books there is still held: +40 IRFC in account trade; to close it, "
        "type the same command with --cancel-all --square-off once more"
    )


def test_what_was_left_yesterday_or_on_paper_works_no_more() -> None:
    """An order lives for a day (behaviour 9.5), and the exchange of a rehearsal ends with it."""
    yesterday = _saved(STOPPED, levels=_levels(*TWO), trading_day=NOW.date() - timedelta(days=1))
    assert _kinds(_found(None, None, saved=yesterday)) == []
    on_paper = a_snapshot(is_paper=True)
    assert _kinds(_found(on_paper, None, saved=_saved(STOPPED, levels=_levels(*TWO)))) == []
    assert (
        _kinds(replace(_found(None, None, saved=_saved(STOPPED, levels=_levels(*TWO))), folder=Path("s/paper"))) == []
    )


def test_a_death_that_left_nothing_says_so() -> None:
    """Who reads it at night need not look at the broker; where the state can't be read, he must."""
    (concern,) = judge(_found(None, None, saved=_saved(ACTIVE)), an_instant()).concerns
    assert concern.text == (
        "its process is gone without a word; by its state no order of it is left at the broker; start it again"
    )
    concern = judge(
        _found(None, None, faults=("its state can't be read: it is no whole JSON",)), an_instant()
    ).concerns[0]
    assert concern.text == (
        "its process is gone without a word: its orders may still work, and nobody minds them; start it again"
    )
