"""The emergency stop over real sockets (behaviour 13)."""

from __future__ import annotations

import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import DOWNSIDE, ORDERS, TRADE, Bot, Exchange, until
from tg1.machine.files import file_stem
from tg1.models import Role
from tg1.settings.flags import flag_of
from tg1.told.disk import last_snapshot
from tg1.told.paths import ToldPaths
from tg1.told.snapshot import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.told.snapshot import Snapshot

BY_HAND = {"symbol": "IRFC", "side": "BUY", "quantity": 7, "price": "40.00"}


QUICK = ("tg1.rules.reconcile.EMPTY_SECS=3", "tg1.rules.reconcile.EMPTY_READS=3", "tg1.trading.tag_proof.WATCH_SECS=4")
"""By the tag alone an empty book proves something only after half a minute (behaviour 13)."""


@pytest.fixture
def trading(make_bot: Callable[..., Bot], exchange: Exchange) -> Bot:
    """A running bot with an entry, a target and a hedge at work, beside two orders of other people."""
    exchange.ask("foreign_order", account=TRADE, **BY_HAND)
    exchange.ask("foreign_order", account=DOWNSIDE, **BY_HAND, client_id="by-hand")
    bot = make_bot(steps=1).start()
    until(lambda: _ours(exchange) == {"D01E", "U01E"}, "the entries", bot, exchange)
    exchange.price("IRFC", "49.00")
    until(lambda: _ours(exchange) == {"D01T", "D01O", "U01E"}, "the legs", bot, exchange)
    return bot


def _told(bot: Bot) -> Snapshot:
    """What `tg1 status` reads."""
    snapshot = last_snapshot(ToldPaths(bot.state_dir, file_stem(bot.name)))
    assert snapshot is not None
    return snapshot


def _names(bot: Bot) -> list[str]:
    """What lies in the state folder, but for what the running bot is about to rename."""
    return sorted(path.name for path in bot.state_dir.iterdir() if path.suffix != ".tmp")


def _ours(exchange: Exchange) -> set[str]:
    return exchange.places() - {""}


def test_cancel_all_stops_the_running_bot_and_clears_every_account(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: the bot is told to stop first, its orders go, other people's stay; a second time is harmless."""
    done = trading.cancel_all()
    assert done.returncode == 0, done.stderr + done.stdout
    assert trading.exit_code() == 0
    assert _ours(exchange) == set()
    assert len(exchange.working()) == 2
    assert trading.counters() == (0, 100, 0, 0), "the position stays in the books"
    told = _told(trading)
    assert (told.phase, told.orders, told.held_at) == (Phase.ENDED, (), None)
    assert [(one.account, one.quantity) for one in told.positions if one.quantity] == [("trade", 100)]
    cancels, placed = exchange.count("DELETE", ORDERS), exchange.count("POST", ORDERS)
    assert trading.cancel_all().returncode == 0
    assert (exchange.count("DELETE", ORDERS), exchange.count("POST", ORDERS)) == (cancels, placed)


def test_cancel_all_finds_orders_by_their_tag_without_a_state(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: no state file, no instruments, no feed: the tag in the books is enough."""
    trading.kill()
    shutil.rmtree(trading.state_dir)
    exchange.ask("quirks", kite_rest="502", ticker_handshake="403")
    done = trading.cancel_all(tweaks=QUICK)
    assert done.returncode == 0, done.stderr + done.stdout
    assert _ours(exchange) == set()
    assert len(exchange.working()) == 2
    assert not trading.state_path.exists()


def test_cancel_all_clears_the_others_when_one_account_is_dead(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: exit 1 with a list of what is still working; the accounts that can be reached are cleared."""
    trading.kill()
    shutil.rmtree(trading.state_dir / "sessions")
    trading.environment["TG1_DOWNSIDE_OCO_SECRET"] = "wrong"
    done = trading.finish(trading.tweaked("tg1.trading.ending.GIVE_UP_SECS=3", more=["--cancel-all"]))
    assert done.returncode == 1
    assert _ours(exchange) == {"D01O"}
    (hedge,) = exchange.working(place="D01O")
    complaints = [line for line in done.stdout.splitlines() if "STILL WORKING" in line]
    # Killed before it saved the exchange's number, the bot knows its order by the client order id alone.
    names = (str(hedge["app_order_id"]), hedge["client_id"])
    assert any("downside_oco" in line and any(name in line for name in names) for line in complaints), done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_cancel_all_kills_a_bot_that_does_not_listen(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: a bot that does not end when told to is killed, or it would place the orders again."""
    trading.signal(signal.SIGSTOP)
    done = trading.finish(trading.tweaked("tg1.trading.stopping.STOP_WITHIN_SECS=1", more=["--cancel-all"]))
    assert done.returncode == 0, done.stderr + done.stdout
    assert trading.exit_code() == -signal.SIGKILL
    assert _ours(exchange) == set()


def test_cancel_all_works_on_a_full_disk(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13, failures.md II.18: not a byte can be written, and still every order goes."""
    trading.kill()
    command = [sys.executable, "-m", "tg1.run", "--cancel-all", "--bot-name", trading.name]
    command += ["--state-dir", str(trading.state_dir), "--log-dir", str(trading.folder / "logs")]
    command += ["--xts-root", exchange.roots["xts_root"]]
    done = trading.finish(["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command])
    assert done.returncode == 0, done.stderr + done.stdout
    assert _ours(exchange) == set()
    assert "Traceback" not in done.stderr + done.stdout


def test_cancel_all_does_not_depend_on_its_lock(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: where the state folder can't be used the orders are cancelled all the same, and it is said."""
    trading.kill()
    command = [sys.executable, "-m", "tests.support.tweaked", *QUICK, "--", "--cancel-all"]
    command += ["--bot-name", trading.name, "--state-dir", "/dev/null"]
    command += ["--log-dir", str(trading.folder / "logs"), "--xts-root", exchange.roots["xts_root"]]
    done = trading.finish(command)
    assert done.returncode == 0, done.stderr + done.stdout
    assert _ours(exchange) == set()
    assert "/dev/null" in done.stdout


def test_misspelt_name_is_no_success_and_leaves_no_file(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: no bot of this name here; the ones that are known are named."""
    before = _names(trading)
    done = trading.cancel_all("--bot-name", "IRFC-SBIM Grid", tweaks=QUICK)
    assert done.returncode == 1
    assert "No bot of the name 'IRFC-SBIM Grid'" in done.stdout
    assert trading.name.split()[0] in done.stdout.rsplit("known here:", 1)[1]
    assert _names(trading) == before
    assert _ours(exchange) == {"D01T", "D01O", "U01E"}


def test_stop_that_is_typed_in_another_folder_finds_the_bot_alive(trading: Bot) -> None:
    """Behaviour 13: it exited 0 once, and the bot placed its grid again behind the operator's back."""
    elsewhere = trading.folder / "elsewhere"
    done = trading.cancel_all("--state-dir", str(elsewhere), tweaks=QUICK[:2], within=90)
    assert done.returncode == 1, done.stdout
    assert "lives elsewhere" in done.stdout
    assert not elsewhere.exists()


def test_square_off_leaves_the_broker_flat_and_others_shares_alone(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: a stuck market is said, `kill -9` before an answer doubles nothing, in the end all of ours is gone.

    Seven IRFC in the same account and product were bought by hand.
    """
    exchange.ask("foreign_order", account=TRADE, **{**BY_HAND, "price": "51.00"}, product="MIS")
    exchange.price("SBIN", "118.40")
    until(lambda: exchange.position(DOWNSIDE, "SBIN") == -50, "the hedge", trading, exchange)
    assert trading.exit_code() == 3, "one hedge of one level is the whole side (architecture 13)"
    flags = ["--square-off", "--yes", "--zerodha-config", str(trading.zerodha_config)]
    flags += [part for name in ("kite_root", "kite_ws_root") for part in (flag_of(name), exchange.roots[name])]

    exchange.ask("halt", secs=100_000, reason="Exchange : market halted")
    done = trading.cancel_all(*flags, tweaks=("tg1.trading.square_off.GIVE_UP_SECS=2",))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NOT CLOSED: +100 IRFC in account trade are still held: Exchange : market halted" in done.stdout
    assert "NOT CLOSED: -50 SBIN in account downside_oco are still held: Exchange : market halted" in done.stdout
    assert _ours(exchange) == set()

    exchange.ask("halt", secs=0.01, reason="over")
    exchange.fault("timeout", when="after", method="POST", path=ORDERS, account=TRADE)
    trading.launch([*trading.command(), "--cancel-all", *flags])
    until(lambda: exchange.position(TRADE, "IRFC") == 7, "the closing order's fill", trading, exchange)
    trading.kill()
    told = _told(trading)
    assert (told.phase, [order.role for order in told.orders if order.account == "trade"]) == (
        Phase.STOPPING,
        [Role.CLOSE],
    )
    assert told.stop.startswith("tg1 run --cancel-all --square-off --bot-name ")

    done = trading.cancel_all(*flags)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _ours(exchange) == set()
    held = {(each["account"], each["symbol"]): each["net"] for each in exchange.truth()["positions"] if each["net"]}
    assert held == {(TRADE, "IRFC"): 7}
    told = _told(trading)
    assert (told.orders, [one for one in told.positions if one.quantity]) == ((), [])
    assert sum(each["cumulative"] for each in exchange.orders() if each["client_id"][11:12] == "X") == 100 + 50
    assert len(exchange.working()) == 2


def test_square_off_without_instruments_or_prices_cancels_all_the_same(exchange: Exchange, trading: Bot) -> None:
    """Behaviour 13: what keeps it from closing keeps no order alive; it refused once before its first cancel."""
    for dump in trading.state_dir.glob("instruments*"):
        dump.unlink()
    done = trading.cancel_all("--square-off", "--yes", "--zerodha-config", str(trading.folder / "gone.ini"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert _ours(exchange) == set()
    assert exchange.position(TRADE, "IRFC") == 100
    assert "gone.ini" in done.stdout
    assert "Nothing is closed" in done.stdout


def test_square_off_asks_before_it_closes_anything(trading: Bot) -> None:
    """Behaviour 13: without a terminal to ask on it wants --yes, and does nothing at all until then."""
    done = trading.cancel_all("--square-off")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert trading.is_running
