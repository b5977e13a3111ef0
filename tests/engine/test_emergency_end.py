"""How an emergency stop ends: what it waits for, what it says, what the next start finds (behaviour 13)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.emergencies import (
    EmergencyBroker,
    fills_closing_orders,
    flatten,
    hedged,
    in_memory,
    net,
    opened,
    refusing,
    stop_everything,
    told,
)
from tg1.config import GridOcoConfig
from tg1.errors import BrokerUnavailable, ExitCode
from tg1.models import LevelState, OrderRequest, OrderStatus, OrderType, Side, TradeSide
from tg1.rules.client_ids import bot_tag
from tg1.trading.emergency import cancel_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tg1.models import BrokerPosition

TAG = bot_tag("IRFC-SBIN Grid")
DOWN = TradeSide.DOWNSIDE


def nameless(make_bench: Callable[..., Bench], **broker: Any) -> Bench:
    """A folder without anything of the bot, beside accounts of the broker."""
    bench = make_bench()
    bench.broker = EmergencyBroker(**broker)
    return bench


def order_of_the_tag(bench: Bench, number: int = 1) -> OrderRequest:
    """An entry of the bot that works in the trade account."""
    request = OrderRequest(
        client_id=f"{TAG}AAAD01E{number:04}",
        symbol="IRFC",
        side=Side.BUY,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(40),
    )
    bench.broker.add("trade", request)
    return request


def next_day(bench: Bench) -> None:
    """The morning after: yesterday's orders are in no book."""
    bench.clock.wall += timedelta(days=1)
    bench.clock.mono += 86400
    for order in bench.broker.working():
        order.status = OrderStatus.CANCELLED


def took(bench: Bench, **how: Any) -> tuple[int, float]:
    """The exit code of a stop, and its seconds."""
    begun = bench.clock.monotonic()
    return stop_everything(bench, **how), bench.clock.monotonic() - begun


# -- what the next start finds ----------------------------------------------------------------------------------------


def test_a_folder_that_nobody_can_look_into_holds_no_stop_up(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: without a state folder orders go by their tag; which other bots live there is only words."""
    bench = nameless(make_bench)
    order_of_the_tag(bench)

    def no_folder(_path: object) -> list[str]:
        raise NotADirectoryError(20, "Not a directory")

    monkeypatch.setattr(bench.fs, "names", no_folder, raising=False)
    stop_everything(bench, is_known=False)
    assert bench.broker.working() == []
    assert "known here: the folder can't be read, Not a directory" in caplog.text


def test_stop_is_on_disk_with_the_fill_that_won(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 9.2, 13: "stopped", 200 bought and the new level's hedge price, whoever reads the file next."""
    bench = opened(make_bench)
    bench.broker.cancels.append("filled")
    bare = GridOcoConfig(bot_name="IRFC-SBIN Grid", token_a_symbol="")
    client: Any = bench.broker
    assert cancel_all(bare, client, bench._engine().store, bench.clock) == ExitCode.OK
    state = bench.on_disk()
    assert str(state.bot_status) == "Stopped: cancel all"
    assert state.downside_net_quantity == 200
    (raced,) = [level for level in state.levels.values() if level.trade_side is DOWN and level.level == 2]
    assert (raced.state, raced.oco_trade_price) == (LevelState.TARGET_READY, Decimal("118.50"))


def test_fill_that_won_is_told_by_the_saved_grids_symbols(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13, 18: the flags need not name them."""
    bench = opened(make_bench)
    caplog.set_level("INFO")
    bench.broker.cancels.append("filled")
    bare = GridOcoConfig(bot_name="IRFC-SBIN Grid", token_a_symbol="")
    client: Any = bench.broker
    cancel_all(bare, client, bench._engine().store, bench.clock)
    assert "[downside] ENTRY FILLED: BUY IRFC @ 48.00" in caplog.text


def test_target_that_won_ends_its_trip(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.1, 4.6, 13: 50 earned, and the level waits at its entry price under another name."""
    bench = opened(make_bench)
    level = bench.level(DOWN)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    assert stop_everything(bench) == ExitCode.OK
    state = bench.on_disk()
    assert state.total_pnl == 50
    assert state.downside_net_quantity == 0
    assert level.uuid not in state.levels
    assert all(each.state is LevelState.FRESH and not each.closed for each in state.levels.values())
    assert all(len(uuid) == 12 for uuid in state.levels)


def test_hedge_and_target_that_both_won_are_a_persons(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.5, 13: 50 SBIN sold that hedge nothing any more, in the saved grid's own words."""
    bench = opened(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "118.50", "downside_oco").order_id)
    assert stop_everything(bench) == ExitCode.OK
    (item,) = bench.on_disk().attention
    assert "SELL of 50 SBIN is an unhedged position, close it by hand" in item.text


# -- how long it goes on -----------------------------------------------------------------------------------------------


def test_state_of_today_makes_one_clean_look_enough(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: it says what must be there; a second after the cancels the books confirm them."""
    assert took(opened(make_bench)) == (ExitCode.OK, 1)


def test_order_that_does_not_end_is_waited_for_a_minute(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: then it is listed; every cancel said why it was sent."""
    bench = opened(in_memory(make_bench))
    caplog.set_level("INFO")
    bench.broker.cancels.extend(["sent"] * 500)
    placed = len(bench.broker.placed)
    assert took(bench, flatten=flatten(bench)) == (ExitCode.FAILED, 60)
    assert len(bench.broker.placed) == placed
    assert told(caplog, "Nothing is closed while orders of the bot may still work")
    assert f"Cancel of {bench.broker.cancelled[0]} sent (cancel all)" in caplog.text


def test_account_that_could_not_be_logged_in_is_tried_for_a_quarter_of_a_minute(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: from the moment when the others are clear; then exit 1 names it."""
    bench = opened(in_memory(make_bench))
    bench.broker.locked.add("upside_oco")  # type: ignore[attr-defined]
    assert took(bench) == (ExitCode.FAILED, 16)
    assert told(caplog, "STILL WORKING OR NOT CONFIRMED: ") == ["account upside_oco: its order book could not be read"]
    assert "Account upside_oco can't be reached, the others are cleared: Invalid credentials" in caplog.text


def test_known_name_without_a_state_needs_six_clean_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: its lock is here and was taken, so nobody places again; the cancel, then three reads over 5 s."""
    bench = nameless(make_bench, account_names=("trade",))
    order_of_the_tag(bench)
    client: Any = bench.broker
    begun = bench.clock.monotonic()
    assert cancel_all(bench._engine()._parts.config, client, bench._engine().store, bench.clock) == ExitCode.OK
    assert bench.clock.monotonic() - begun == 6
    assert bench.broker.working() == []


def test_unknown_name_is_watched_for_ten_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: orders of the tag, and neither state nor lock here: somebody else may run it."""
    bench = nameless(make_bench, account_names=("trade",))
    order_of_the_tag(bench)
    assert took(bench, is_known=False) == (ExitCode.OK, 10)


# -- what is no success ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["upside_oco", "downside_oco"])
def test_account_that_was_not_given_is_named_though_nothing_of_it_is_known(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, account: str
) -> None:
    """Behaviour 13: exit 0 only when every account that the saved grid trades on was looked at."""
    bench = nameless(make_bench)
    bench.begin().cycle(2)
    bench.broker.missing.add(account)  # type: ignore[attr-defined]
    assert stop_everything(bench) == ExitCode.FAILED
    assert bench.broker.working() == []
    assert told(caplog, "STILL WORKING OR NOT CONFIRMED: ") == [f"account {account}: no credentials were given"]


def test_bot_without_hedges_needs_no_other_account(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: nothing of it can work where it never trades."""
    bench = make_bench(trade_type="buyts")
    bench.broker = EmergencyBroker(missing={"upside_oco", "downside_oco"})
    bench.begin().cycle(2)
    assert stop_everything(bench) == ExitCode.OK
    assert bench.broker.working() == []


def test_misspelt_name_hears_which_bots_are_here(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: "no bot of this name in FOLDER; known here: …"."""
    bench = nameless(make_bench, account_names=("trade",))
    bench.folder.mkdir()
    (bench.folder / "Another_state.json").write_text("{}")
    assert stop_everything(bench, is_known=False) == ExitCode.FAILED
    assert told(caplog, "No bot of the name ") == [
        f"'IRFC-SBIN Grid' in {bench.folder}, and no order of it in any book; known here: Another"
    ]
    (bench.folder / "Another_state.json").unlink()
    stop_everything(bench, is_known=False)
    assert "known here: none" in caplog.text


def test_book_that_was_never_read_does_not_say_that_the_name_is_wrong(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: orders of the bot may be in it; that it is not confirmed is all that is known."""
    bench = nameless(make_bench, account_names=("trade",))
    bench.broker.broken_books.add("trade")
    assert took(bench, is_known=False) == (ExitCode.FAILED, 60)
    assert told(caplog, "STILL WORKING OR NOT CONFIRMED: ") == ["account trade: its order book could not be read"]
    assert "No bot of the name" not in caplog.text


def test_bot_that_lives_elsewhere_is_told_with_its_orders(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: how many were cancelled, and that new ones come."""
    bench = nameless(make_bench, account_names=("trade",))
    order_of_the_tag(bench)
    caplog.set_level("INFO")

    def places_again() -> None:
        if bench.clock.monotonic() == 1008:
            order_of_the_tag(bench, 2)

    bench.clock.on_wait = places_again
    assert stop_everything(bench, is_known=False, flatten=flatten(bench)) == ExitCode.FAILED
    assert told(caplog, "2 orders of 'IRFC-SBIN Grid' were cancelled, but new ones appear: the bot lives elsewhere")
    assert "is working on" not in caplog.text


def test_book_that_showed_our_orders_and_goes_blank_is_no_proof(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 4.4, 13: it counts as unread, without a state, too."""
    bench = nameless(make_bench, account_names=("trade",))
    order_of_the_tag(bench)
    bench.clock.on_wait = lambda: bench.broker.empty_books.add("trade")
    assert stop_everything(bench) == ExitCode.FAILED
    assert told(caplog, "STILL WORKING OR NOT CONFIRMED: ") == ["account trade: its order book could not be read"]


# -- what is held ------------------------------------------------------------------------------------------------------


def test_stop_says_what_is_held(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 13: per account, symbol and signed shares, with the rupees at the last known price."""
    bench = hedged(make_bench)
    caplog.set_level("INFO")
    assert stop_everything(bench) == ExitCode.OK
    assert len(told(caplog, "Net ")) == 1
    assert [text.split(" at ")[0] for text in told(caplog, "Held, ")] == [
        "Downside OCO account: -50 SBIN",
        "Trade account: 0 IRFC (100 bought, 100 sold), which locks +200.00 in",
    ]


def test_stop_without_a_state_says_that_nobody_knows(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: never a silence that passes for "nothing is held"."""
    bench = nameless(make_bench, account_names=("trade",))
    order_of_the_tag(bench)
    caplog.set_level("INFO")
    assert stop_everything(bench) == ExitCode.OK
    assert "what it holds is not known; look at the broker's positions" in caplog.text
    assert told(caplog, "Held, ") == []


@pytest.mark.parametrize(("product", "is_held"), [("CNC", True), ("NRML", True), ("MIS", False)])
def test_delivery_of_yesterday_is_held_and_intraday_is_not(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, product: str, *, is_held: bool
) -> None:
    """Behaviour 9.5, 13: the broker squared the MIS position off; its file is left to its own morning in each case."""
    bench = make_bench(product_type=product)
    bench.broker = EmergencyBroker(product_type=product)
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    next_day(bench)
    before = bench.store.paths.state.read_bytes()
    caplog.set_level("INFO")
    assert stop_everything(bench, product_type=product) == ExitCode.OK
    assert [text.split(" at ")[0] for text in told(caplog, "Held, ")] == ["Trade account: +100 IRFC"] * is_held
    left = "The MIS positions of 2026-11-23 were left to the broker's square-off of that day"
    assert (left in caplog.text) is not is_held
    assert bench.store.paths.state.read_bytes() == before


def test_delivery_of_yesterday_that_is_closed_is_on_disk(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.2, 13: intents and fills are written, or the next run would sell the shares again."""
    bench = make_bench(product_type="CNC")
    bench.broker = EmergencyBroker(product_type="CNC")
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    next_day(bench)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench), product_type="CNC") == ExitCode.OK
    assert net(bench) == {}
    state = bench.on_disk()
    assert str(state.bot_status) == "Terminated: squared off by the operator"
    assert [one.order.filled_quantity for one in state.closing] == [100]


def test_intraday_bot_of_yesterday_has_nothing_to_close(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 13: its positions went at 15:20; what the account holds today is somebody else's."""
    bench = hedged(make_bench)
    next_day(bench)
    fills_closing_orders(bench)
    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert len(bench.broker.placed) == placed


@pytest.mark.parametrize("damage", [None, b"{"])
def test_square_off_without_a_state_is_no_success(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, damage: bytes | None
) -> None:
    """Behaviour 13: exit 0 only when nothing is left. Nobody knows what it held, and it exited 0 over 100 shares."""
    bench = hedged(make_bench)
    paths = bench.store.paths
    for path in (paths.bak, paths.tmp, paths.state):
        path.unlink(missing_ok=True)
    if damage is not None:
        paths.state.write_bytes(damage)
    fills_closing_orders(bench)
    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert bench.broker.working() == []
    assert len(bench.broker.placed) == placed
    assert told(caplog, "Nothing is closed: ") == [
        "no state here says what the bot holds; look at the broker's positions"
    ]


def test_positions_that_can_not_be_read_close_nothing(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: never more than the broker's own position, which nobody knows."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    placed = len(bench.broker.placed)

    def broken(_account: str) -> tuple[BrokerPosition, ...]:
        raise BrokerUnavailable("502")

    monkeypatch.setattr(bench.broker, "positions", broken)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert len(bench.broker.placed) == placed
    assert told(caplog, "Nothing is closed: ") == ["502"]
    assert str(bench.on_disk().bot_status) == "Stopped: cancel all"


def test_position_that_is_gone_is_no_success(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: the bot's books and the account disagree about all of it; nothing is asked, a person looks."""
    bench = hedged(make_bench)
    bench.broker.held = {"downside_oco": {"SBIN": 50}}
    fills_closing_orders(bench)
    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert len(bench.broker.placed) == placed
    assert "show +0: 50 are not closed by this" in caplog.text


def test_bot_that_holds_nothing_is_flat(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: nothing is asked and nothing is placed, and that is a success; it may be resumed."""
    bench = nameless(make_bench)
    bench.begin().cycle(2)

    def never(question: str) -> bool:
        raise AssertionError(question)

    assert stop_everything(bench, flatten=flatten(bench, never)) == ExitCode.OK
    assert str(bench.on_disk().bot_status) == "Stopped: cancel all"


def test_operator_is_asked_by_the_bots_name(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 13: "type the bot's name to close N shares of …"; another answer leaves them, and is no success."""
    bench = hedged(make_bench)
    asked: list[str] = []
    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench, refusing(asked))) == ExitCode.FAILED
    assert asked == ["type the bot's name (IRFC-SBIN Grid) to close 50 shares of SBIN in downside_oco: "]
    assert len(bench.broker.placed) == placed
    assert bench.broker.working() == []
    assert told(caplog, "Nothing is closed: ") == ["the answer was not the bot's name"]
    assert str(bench.on_disk().bot_status) == "Stopped: cancel all"


@pytest.mark.parametrize("secs", [1, 180])
def test_position_that_goes_while_the_operator_is_asked_is_not_opened_anew(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, secs: float
) -> None:
    """Behaviour 13: never more than the broker's own net position, which he squares off at 15:20 while nobody answers.

    It bought 50 SBIN that were no longer short, and left the trader 50 long.
    """
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    asked: list[str] = []

    def too_late(question: str) -> bool:
        asked.append(question)
        bench.clock.advance(secs)
        bench.broker.held = {"downside_oco": {"SBIN": 50}}
        return True

    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench, too_late)) == ExitCode.FAILED
    assert len(bench.broker.placed) == placed
    assert net(bench) == {}
    assert len(asked) == 1
    assert "The positions have changed while you were asked" in caplog.text
    assert "show +0: 50 are not closed by this" in caplog.text


def test_position_that_shrinks_while_the_operator_is_asked_is_put_to_him_again(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 13: he agreed to 50 and there are 20; he is asked about these."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    asked: list[str] = []

    def slowly(question: str) -> bool:
        asked.append(question)
        bench.clock.advance(30)
        bench.broker.held = {"downside_oco": {"SBIN": 30}}
        return True

    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench, slowly)) == ExitCode.FAILED
    assert [text.partition("to close ")[2] for text in asked] == [
        "50 shares of SBIN in downside_oco: ",
        "20 shares of SBIN in downside_oco: ",
    ]
    assert [order.quantity for order in bench.broker.placed[placed:]] == [20]
    assert net(bench) == {}


@pytest.mark.parametrize(("secs", "reads"), [(0, 1), (0.5, 1), (90, 2)])
def test_answer_that_comes_at_once_costs_no_second_read(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, secs: float, reads: int
) -> None:
    """Behaviour 13: with --yes nobody is asked and nothing is read twice; a person is asked once about what stays."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    read: list[str] = []
    positions = bench.broker.positions

    def noted(account: str) -> tuple[BrokerPosition, ...]:
        read.append(account)
        return positions(account)

    def yes(_question: str) -> bool:
        bench.clock.advance(secs)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(bench.broker, "positions", noted)
        assert stop_everything(bench, flatten=flatten(bench, yes)) == ExitCode.OK
    assert read == ["downside_oco"] * reads
    assert net(bench) == {}


def test_feed_is_asked_for_what_is_closed(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: TokenB of the filled hedge, and no symbol that nobody needs."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert list(bench.feed.started.values()) == ["SBIN"]
