"""`tg1 replay --against BOT`: where a bot's day differs from its replay, order by order, and why."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.recorded_bench import RecordedBench
from tests.support.told import an_event
from tg1.errors import ConfigError
from tg1.models import OrderStatus, Role, Side
from tg1.replay.against import Against, compare_day, verdict_of
from tg1.replay.compare import Kind
from tg1.replay.order_lives import order_lives
from tg1.replay.program import main
from tg1.replay.verdict_words import as_json, told
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.replay.compare import Difference
    from tg1.replay.order_lives import SeenFill
    from tg1.replay.verdict import Verdict


class Day(RecordedBench):
    """A recorded day by hand, on an exchange that matches what comes in."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        super().__init__(folder, **changes)
        self.broker.matching = True

    def quiet(self, cycles: int = 1) -> Day:
        """Nothing happens."""
        self.cycle(cycles)
        return self

    def moves(self, symbol: str, price: str, *, fills: bool = True) -> Day:
        """A price is heard and, unless others stand before us in the queue, fills what it touches; then a cycle."""
        self.clock.advance(-0.3)
        self.tick(symbol, float(price))
        self.clock.advance(0.3)
        if fills:
            self.broker.trade(symbol, price)
        else:
            self.feed.prices[symbol] = self.feed.prices[symbol].__class__(price)
        self.cycle()
        return self

    def verdict(self) -> Verdict:
        """Beside its replay."""
        return verdict_of(self.record(), self.engine.config.bot_name)


@pytest.fixture
def day(tmp_path: Path) -> Day:
    """The example's bot with two levels per side, all four entries at work."""
    day = Day(tmp_path / "state")
    day.begin()
    return day.quiet(3)


def kinds(verdict: Verdict) -> list[tuple[str, Role | None, Kind]]:
    """Level, role and kind of each difference."""
    return [(one.order.level, one.order.role, one.kind) for one, _ in verdict.differences]


def reason(verdict: Verdict, level: str, role: Role) -> str:
    """Why the first order of that level and role differs."""
    return next(why for one, why in verdict.differences if (one.order.level, one.order.role) == (level, role))


def test_a_day_without_trouble_is_its_own_replay(day: Day) -> None:
    """Entries, a target, a hedge that is cancelled, another that fills, an entry that is placed again."""
    day.moves("IRFC", "49.00").quiet(2).moves("IRFC", "49.50").quiet(3)
    day.moves("IRFC", "51.00").quiet(2).moves("SBIN", "122.60").quiet(3)
    verdict = day.verdict()
    assert verdict.differences == ()
    assert verdict.equal == verdict.live.orders == verdict.again.orders
    assert verdict.live.orders >= 9
    assert verdict.live.fills == verdict.again.fills == 4
    assert (verdict.live.net, verdict.live.gross) == (verdict.again.net, verdict.again.gross)
    # 100 bought at 49.00 and sold at 49.50; 100 sold at 51.00, and 50 SBIN bought at 122.60, at the last prices.
    assert verdict.live.gross == 50


def test_an_account_that_could_not_be_read_is_why_a_fill_was_seen_late(day: Day) -> None:
    """Its target and its hedge were late, too, and each says so."""
    day.broker.broken_books.add("trade")
    day.moves("IRFC", "49.00").quiet(8)
    day.broker.broken_books.clear()
    day.quiet(3)
    verdict = day.verdict()
    assert ("B1", Role.ENTRY, Kind.TIME) in kinds(verdict)
    for role in (Role.ENTRY, Role.TARGET):
        assert "the Trade account could not be read" in reason(verdict, "B1", role)
    assert reason(verdict, "B1", Role.OCO) == "it follows from this level's difference at 09:20:03"


def test_a_rejection_is_told_in_the_brokers_words(day: Day) -> None:
    """The replay's order rests; the live one was put out by the risk system, and went in again."""
    (entry,) = [each for each in day.broker.working() if each.request.limit_price == 49 and each.account == "trade"]
    day.broker.end(entry.order_id, OrderStatus.REJECTED, "RMS: margin exceeds")
    day.quiet(4)
    verdict = day.verdict()
    assert kinds(verdict) == [("B1", Role.ENTRY, Kind.END), ("B1", Role.ENTRY, Kind.ONLY_LIVE)]
    first, second = (why for _, why in verdict.differences)
    assert first == "the broker rejected it: RMS: margin exceeds"
    assert second.startswith("it follows from this level's difference at")


@pytest.mark.parametrize(("answer", "words"), [("refused", "the order was refused"), ("unknown-lost", "no answer")])
def test_a_refused_order_and_an_unknown_one_say_what_the_server_said(day: Day, answer: str, words: str) -> None:
    """The replay's target works; the live one was not taken, or never arrived and was placed anew."""
    day.broker.answers.append(answer)
    day.moves("IRFC", "49.00").quiet(8)
    assert reason(day.verdict(), "B1", Role.TARGET) == f"the order was refused or never answered: {words}"


def test_a_hedge_that_waited_for_a_price_waits_in_the_replay_too(day: Day) -> None:
    """TokenB's price was missing for a while after the entry's fill; the replay has none either, so it waits, too."""
    del day.feed.prices["SBIN"]
    day.moves("IRFC", "49.00").quiet(5)
    day.feed.prices["SBIN"] = day.feed.prices["IRFC"].__class__("120.50")
    day.quiet(3)
    assert day.verdict().differences == ()


def test_a_pause_is_why_entries_are_missing(day: Day) -> None:
    """The operator's pause is no market's, so the replay places what the bot did not."""
    day.moves("IRFC", "49.00").quiet(2)
    day.state.paused_sides.append(Side.BUY)
    day.recorder.told([an_event(1, kind=EventKind.PAUSED, side=Side.BUY)])
    day.moves("IRFC", "49.50").quiet(3)
    verdict = day.verdict()
    assert kinds(verdict) == [("B1", Role.ENTRY, Kind.ONLY_REPLAY)]
    assert reason(verdict, "B1", Role.ENTRY) == "BUY entries were paused by the operator"


def test_a_touch_that_did_not_fill_is_the_queue(day: Day) -> None:
    """The replay fills at the touch; the market came back and filled the order half a minute later, or never."""
    day.moves("IRFC", "49.00", fills=False).moves("IRFC", "49.20", fills=False).quiet(30)
    verdict = day.verdict()
    assert ("B1", Role.ENTRY, Kind.FILL) in kinds(verdict)
    assert "the market did not fill it: your place in the queue" in reason(verdict, "B1", Role.ENTRY)
    assert verdict.live.fills == 0
    day.moves("IRFC", "49.00").quiet(3)
    assert "s after its price was touched: your place in the queue" in reason(day.verdict(), "B1", Role.ENTRY)


def test_each_start_is_lived_again_from_where_it_stood(day: Day) -> None:
    """What filled while the bot was down says so, and the second run begins with what it found."""
    day.moves("IRFC", "49.00").quiet(2)
    day.recorder.end("Stopped: by signal", 0, day.clock.now())
    day.clock.advance(30)
    day.broker.trade("IRFC", "49.50")
    day.begin()
    day.quiet(3)
    day.moves("IRFC", "51.00").quiet(2)
    verdict = day.verdict()
    assert verdict.runs == 2
    assert kinds(verdict) == [("B1", Role.TARGET, Kind.FILL)]
    assert reason(verdict, "B1", Role.TARGET).startswith("the bot was not running from 09:20:0")
    assert verdict.live.ends == ("Stopped: by signal", "it died, or still runs")
    assert verdict.live.fills == 3
    assert verdict.again.fills == 2


def test_shares_that_filled_in_part_while_the_bot_was_down_are_bought(day: Day) -> None:
    """40 at 49.00 between two runs, 60 in the second: neither run's books miss them, and none counts them twice."""
    day.recorder.end("Stopped: by signal", 0, day.clock.now())
    (entry,) = [each for each in day.broker.working() if each.request.limit_price == 49]
    day.broker.fill(entry.order_id, 40)
    day.begin()
    day.broker.fill(entry.order_id, 20)
    day.quiet(2)
    day.moves("IRFC", "49.00").quiet(2)
    day.moves("IRFC", "49.50").quiet(3)
    verdict = day.verdict()
    assert sum(fill.quantity for fill in fills_of(day, "B1", Role.ENTRY)) == 100
    assert verdict.live.gross == 50


def restarted(day: Day) -> Day:
    """The process is gone, and the next one begins some seconds later."""
    day.recorder.end("Stopped: by signal", 0, day.clock.now())
    day.clock.advance(5)
    day.begin()
    return day


def second_run(day: Day) -> Verdict:
    """The second start of the day alone, beside its replay."""
    record = day.record()
    return verdict_of(replace(record, runs=record.runs[1:]), day.engine.config.bot_name)


def test_partly_filled_order_goes_on_from_what_it_had(day: Day) -> None:
    """40 of 100 were bought at 48.90 before the restart: the replay's order has 60 to go, too."""
    (entry,) = [each for each in day.broker.working() if each.request.limit_price == 49]
    day.broker.fill(entry.order_id, 40, "48.90")
    day.moves("IRFC", "49.10", fills=False)
    restarted(day).quiet(2).moves("IRFC", "49.00").quiet(2).moves("IRFC", "49.50").quiet(2)
    verdict = second_run(day)
    assert verdict.differences == ()
    assert (verdict.live.fills, verdict.again.fills) == (2, 2)


def test_stop_that_was_triggered_before_the_restart_is_a_limit_order(day: Day) -> None:
    """TokenB jumped over its limit; as a stop it would be refused by the replay's exchange, and the level naked."""
    day.moves("IRFC", "49.00").quiet(2).moves("SBIN", "117.00")
    restarted(day).quiet(2).moves("SBIN", "117.90").quiet(2)
    verdict = second_run(day)
    assert verdict.differences == ()
    assert verdict.live.fills == verdict.again.fills == 1


def test_cancel_that_was_under_way_at_the_restart_is_the_bots_own(day: Day) -> None:
    """The target filled, its hedge's cancel was sent and not carried out: both end it, and no broker did."""
    day.moves("IRFC", "49.00").quiet(2)
    day.broker.cancels.append("sent")
    day.moves("IRFC", "49.50")
    restarted(day).quiet(8)
    assert second_run(day).differences == ()


def fills_of(day: Day, level: str, role: Role) -> list[SeenFill]:
    """What filled of a level's orders of a role, over all runs."""
    runs = day.runs()
    lives = [
        life
        for run, after in zip(runs, [*runs[1:], None], strict=True)
        for life in order_lives(run.begun, run.cycles, after)
    ]
    return [fill for life in lives if (life.level, life.role) == (level, role) for fill in life.fills]


def test_average_that_comes_late_is_the_price_of_what_filled(day: Day) -> None:
    """Behaviour 5.1, xts.md 2.6: the entry at 49.00 filled at 48.90, which the feed told and the book two cycles later.

    A row without an average used to be a share that was had for nothing, and 4,950 earned by this trip.
    """
    (entry,) = [each for each in day.broker.working() if each.request.limit_price == 49]
    entry.no_average = True
    day.moves("IRFC", "48.90").quiet(2)
    entry.no_average = False
    day.quiet(2)
    day.moves("IRFC", "49.50").quiet(2)
    verdict = day.verdict()
    assert verdict.differences == ()
    assert verdict.live.gross == verdict.again.gross == 60


def test_average_that_never_comes_is_the_orders_own_price(day: Day) -> None:
    """Behaviour 5.1: the bot's books have 49.00, and so has the comparison."""
    (entry,) = [each for each in day.broker.working() if each.request.limit_price == 49]
    entry.no_average = True
    day.moves("IRFC", "48.90").quiet(2).moves("IRFC", "49.50").quiet(2)
    verdict = day.verdict()
    assert verdict.live.gross == day.state.total_pnl == 50
    assert verdict.again.gross == 60


def test_the_words_say_the_net_first_and_each_order_with_its_reason(day: Day) -> None:
    """A person's summary; programs get the same as one object."""
    (entry,) = [each for each in day.broker.working() if each.request.limit_price == 49]
    day.broker.end(entry.order_id, OrderStatus.REJECTED, "RMS: margin exceeds")
    day.quiet(4)
    verdict = day.verdict()
    lines = told(verdict).splitlines()
    assert lines[0] == "NET live 0.00, replay 0.00: live is 0.00 against it"
    assert lines[1] == "IRFC-SBIN Grid, 2026-11-23: 1 start, 7 cycles"
    assert lines[2] == "orders: 3 equal, 1 different, 1 only live, 0 only in the replay"
    assert lines[6:10] == [
        "09:20:03 B1 entry, Trade account: BUY 100 IRFC at 49.00",
        "  live:   sent 09:20:00, rejected 09:20:03",
        "  replay: sent 09:20:00, working",
        "  why: the broker rejected it: RMS: margin exceeds",
    ]
    told_json = json.loads(json.dumps(as_json(verdict)))
    assert (told_json["equal"], told_json["different"], told_json["only_live"]) == (3, 1, 1)
    first = told_json["differences"][0]
    assert (first["level"], first["role"], first["kind"]) == ("B1", "entry", "other end")
    assert [first[side]["status"] for side in ("live", "replay")] == ["rejected", "working"]
    assert first["live"]["limit"] == "49.00"
    assert told_json["live"]["net"] == "0.00"


def test_command_finds_the_day_or_names_those_that_there_are(
    day: Day, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Exit 0 whatever the differences, 2 with a sentence for a day or a bot that is not there."""
    day.quiet()
    assert day.disk.flush(30)
    here = ["--state-dir", str(day.folder)]
    name = day.engine.config.bot_name
    assert main(["--against", name, *here]) == 0
    assert "orders: 4 equal" in capsys.readouterr().out
    assert main(["--against", name, "--day", "2026-11-23", "--json", *here]) == 0
    assert json.loads(capsys.readouterr().out)["equal"] == 4
    for words, sentence in (
        ([name, "--day", "2026-11-24", *here], "no record of 'IRFC-SBIN Grid' on 2026-11-24; recorded are 2026-11-23."),
        (["Other", *here], "no bot of the name 'Other'"),
        ([name, "--state-dir", str(tmp_path / "none")], "there is no state folder"),
        ([name, "--prices", "x.csv"], "--prices has no use with --against"),
        ([name, "--every-cycle"], "--every-cycle has no use with --against"),
        ([name, "--steps", "5"], "unrecognized arguments: --steps 5"),
    ):
        assert main(["--against", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert main(["--day", "2026-11-24", "--made-days", "1"]) == 2
    assert "--day has no use without --against" in capsys.readouterr().err
    shutil.copytree(day.paths.folder, day.folder / "paper" / "records")
    assert main(["--against", name, *here]) == 2
    assert "was recorded on 2026-11-23 for real and on paper" in capsys.readouterr().err
    assert main(["--against", name, "--state-dir", str(day.folder / "paper")]) == 0


def test_a_bot_that_never_recorded_is_told_how_to(tmp_path: Path) -> None:
    """Its state is there, its records are not."""
    bench = RecordedBench(tmp_path / "state")
    bench.begin()
    with pytest.raises(ConfigError, match="unless --no-record is given"):
        compare_day(Against(bot=bench.engine.config.bot_name, state_dir=bench.folder, day=None, as_json=False))


def test_differences_are_shown_in_the_order_of_time(day: Day) -> None:
    """The first one is the one to look at."""
    for price in ("51.00", "49.00"):
        (entry,) = [each for each in day.broker.working() if each.request.limit_price == Decimal(price)]
        day.broker.end(entry.order_id, OrderStatus.REJECTED, "RMS")
        day.quiet(3)
    found: list[Difference] = [one for one, _ in day.verdict().differences]
    assert [one.order.level for one in found] == ["S1", "S1", "B1", "B1"], "though B1 was sent first"
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_what_a_signal_kept_the_bot_from_sending_says_so(day: Day) -> None:
    """It came in the middle of a cycle; the replay has that cycle whole."""
    day.broker.before_place = lambda _request: setattr(day.clock, "stopping", True)
    day.moves("IRFC", "49.00")
    day.recorder.end("Stopped: by signal", 0, day.clock.now())
    verdict = day.verdict()
    assert kinds(verdict) == [("B1", Role.OCO, Kind.ONLY_REPLAY)]
    assert reason(verdict, "B1", Role.OCO) == "the bot was being stopped"


def test_replay_that_ended_by_its_rules_is_why_the_live_bot_alone_went_on(tmp_path: Path) -> None:
    """The hedge's book could not be read, so nobody judged it (behaviour 7.4); the replay saw it fail, and ended."""
    day = Day(tmp_path / "state", oco_stop_count=1)
    day.begin()
    day.quiet(3).moves("IRFC", "49.00").quiet(2)
    day.broker.broken_books.add("downside_oco")
    day.moves("SBIN", "117.00").quiet(20).moves("IRFC", "51.00").quiet(2)
    verdict = day.verdict()
    (end,) = verdict.again.ends
    assert end.startswith("Terminated: ")
    assert verdict.live.ends == ("it died, or still runs",)
    assert ("S1", Role.TARGET, Kind.ONLY_LIVE) in kinds(verdict)
    assert reason(verdict, "S1", Role.TARGET).startswith("the replay had ended at 09:20:2")
    assert reason(verdict, "S1", Role.TARGET).endswith(end)


def test_a_bot_without_a_hedge_is_lived_again_too(tmp_path: Path) -> None:
    """One account, one symbol."""
    day = Day(tmp_path / "state", trade_type="buyts")
    day.begin()
    day.quiet(3).moves("IRFC", "49.00").quiet(2).moves("IRFC", "49.50").quiet(3)
    verdict = day.verdict()
    assert verdict.differences == ()
    assert (verdict.live.fills, verdict.live.gross) == (2, Decimal(50))
    assert verdict.live == replace(verdict.again, ends=verdict.live.ends)
