"""What acceptance tests speak: an `Exchange`, `Bot` processes, and conditions that are awaited.

The bot is `python -m tg1.run` in a process of its own; the exchange serves from a thread of the test's, which saves a
second process for each test; HTTP and websockets on 127.0.0.1 lie between them. A test moves prices and arms faults
over the control API and reads the exchange's own truth.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import requests

from tests.support.paper_server import serving_in_thread
from tests.support.patience import PATIENCE_SECS
from tests.support.places import REPO
from tg1.paper.build import PaperSettings, build

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SHARED_DATA = REPO / "../shared/data"

DEADLINE_SECS = PATIENCE_SECS
LOOK_EVERY_SECS = 0.1
_CONTROL_TIMEOUT_SECS = DEADLINE_SECS

WORKING = frozenset({"PendingNew", "New", "PartiallyFilled", "PendingReplace", "Replaced", "PendingCancel"})
ORDERS = "/interactive/orders"
LOGIN = "/interactive/user/session"

TRADE, UPSIDE, DOWNSIDE = "trade", "upside", "downside"
ACCOUNTS = (TRADE, UPSIDE, DOWNSIDE)
"""The accounts as the exchange names them; `Bot` logs in to them with the credentials below."""
KEYS = {name: f"key-of-{name}-7Hq2" for name in ACCOUNTS}
SECRETS = {name: f"secret-of-{name}-Zx91" for name in ACCOUNTS}
KITE_KEY, KITE_SECRET, KITE_TOKEN = "kite-key-M4tL", "kite-secret-P0wE", "kite-token-R8nD"

GRID = {
    "token_a": "IRFC",
    "token_b": "SBIN",
    "entry_price": 50,
    "steps": 2,
    "spread": 1,
    "target_spread": "0.50",
    "oco_spread": 2,
    "qty_a": 100,
    "qty_b": 50,
}
"""Architecture 4's example with two levels per side."""
BRISK = "tg1.xts.turns.READ_GAP_SECS=0.2"
BRISK_CYCLE_SECS = 0.25
"""Most stories run four cycles a second, not one; those that are about pace, crashes and paper trading don't."""
HEDGE_FLAGS = ("token_b", "oco_spread", "qty_b")


def until(
    condition: Callable[[], Any],
    what: str,
    *seen: Any,
    within: float = DEADLINE_SECS,
    look_every: float = LOOK_EVERY_SECS,
) -> Any:
    """Await a condition and return its value; on a miss, fail with `what` and what `seen` has to show."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            shown = "\n\n".join(each.shown() for each in seen)
            raise AssertionError(f"not within {within:.0f} s: {what}\n{shown}")
        time.sleep(look_every)


def place_of(order: dict[str, Any]) -> str:
    """Half, level and role that a client id names, e.g. "D01E" (tg1/rules/client_ids.py)."""
    return str(order["client_id"][8:12])


class Exchange:
    """A paper exchange; prices move only when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.journal_path = folder / "journal.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        self._ends = ExitStack()
        journal = self._ends.enter_context(self.journal_path.open("a", encoding="utf-8"))
        settings = PaperSettings(manual_prices=True, speed=20.0, centre_b=Decimal("120.50"))
        self.roots = asdict(self._ends.enter_context(serving_in_thread(build(settings, journal))))
        self._session = self._ends.enter_context(requests.Session())
        self._session.trust_env = False
        for name in ACCOUNTS:
            self.ask("account", name=name, app_key=KEYS[name], secret=SECRETS[name])

    def close(self) -> None:
        """Serve no longer."""
        self._ends.close()

    # -- acting --------------------------------------------------------------------------------------------------------

    def _request(self, method: str, what: str, body: Any = None) -> Any:
        url = f"{self.roots['xts_root']}/paper/{what}"
        answer = self._session.request(method, url, json=body, timeout=_CONTROL_TIMEOUT_SECS).json()
        assert answer["ok"], answer
        return answer["result"]

    def ask(self, what: str, **body: Any) -> Any:
        """Send one control request."""
        return self._request("POST", what, body)

    def price(self, symbol: str, rupees: float | str) -> None:
        """Set a last price and match."""
        self.ask("price", symbol=symbol, price=str(rupees))

    def fault(self, kind: str, **how: Any) -> None:
        """Arm a fault."""
        self.ask("faults", kind=kind, **how)

    def arm(self, *faults: dict[str, Any]) -> None:
        """Arm several faults at once, so that no request comes between two of them."""
        self._request("POST", "faults", faults)

    def faults(self) -> list[dict[str, Any]]:
        """What is armed, with counts."""
        state: list[dict[str, Any]] = self._request("GET", "faults")
        return state

    def was_hit(self) -> bool:
        """Some armed fault has hit a request."""
        return any(each["hits"] for each in self.faults())

    def heal(self) -> None:
        """Disarm every fault."""
        self._request("DELETE", "faults")

    # -- looking -------------------------------------------------------------------------------------------------------

    def truth(self) -> dict[str, Any]:
        """Everything the exchange knows."""
        truth: dict[str, Any] = self._request("GET", "truth")
        for order in truth["orders"]:
            for name in ("limit_price", "stop_price", "average_price"):
                order[name] = None if order[name] is None else Decimal(order[name])
        return truth

    def orders(self, account: str = "", place: str = "") -> list[dict[str, Any]]:
        """Orders ever placed, in order of arrival; `place` such as "D01E" narrows to a half, level and role."""
        found = [order for order in self.truth()["orders"] if account in ("", order["account"])]
        return [order for order in found if place_of(order).startswith(place)] if place else found

    def working(self, account: str = "", place: str = "") -> list[dict[str, Any]]:
        """Orders that can still trade."""
        return [order for order in self.orders(account, place) if order["status"] in WORKING]

    def places(self) -> set[str]:
        """Half, level and role of every working order, e.g. {"D01E", "U01E"}."""
        return {place_of(order) for order in self.working()}

    def position(self, account: str, symbol: str) -> int:
        """Net shares."""
        return sum(
            each["net"] for each in self.truth()["positions"] if (each["account"], each["symbol"]) == (account, symbol)
        )

    def count(self, method: str, path: str, account: str = "") -> int:
        """How many requests of a kind have come; for logins the account is not known yet and so left empty."""
        return sum(
            each["count"]
            for each in self.truth()["counters"]
            if (each["method"], each["path"]) == (method, path) and account in ("", each["account"])
        )

    def let_cycles_pass(self, number: int = 2, account: str = TRADE) -> None:
        """Await that many more reads of the account's book: the bot reads it once a cycle while orders work."""
        wanted = self.count("GET", ORDERS, account) + number
        until(lambda: self.count("GET", ORDERS, account) >= wanted, f"{number} cycles", self)

    def journal(self, kind: str = "") -> list[dict[str, Any]]:
        """The journal's lines; `kind` is "request" or "order"."""
        lines = [json.loads(line) for line in self.journal_path.read_text().splitlines()]
        return [line for line in lines if kind in ("", line["kind"])]

    def shown(self) -> str:
        """Prices and orders, for a failed test's report."""
        truth = self.truth()
        rows = [
            f"  {order['account']:9} {order['client_id']:16} {order['side']:4} {order['quantity']} {order['symbol']} @ "
            f"{order['limit_price']}/{order['stop_price']} {order['status']} {order['cumulative']} {order['reason']}"
            for order in truth["orders"]
        ]
        return "\n".join(["EXCHANGE " + json.dumps(truth["prices"]), *rows])


class Bot:
    """One bot: its folders, its command line and, while it runs, its process."""

    def __init__(
        self,
        exchange: Exchange,
        folder: Path,
        *,
        name: str = "IRFC-SBIN Grid",
        trade_type: str = "gridocots",
        brisk: bool = True,
        **flags: Any,
    ) -> None:
        self.exchange = exchange
        self.folder = folder
        self.name = name
        self.trade_type = trade_type
        self.brisk = brisk
        self.is_hedged = trade_type.endswith("ocots")
        grid = {key: value for key, value in GRID.items() if self.is_hedged or key not in HEDGE_FLAGS}
        self.flags: dict[str, Any] = {**grid, "ignore_market_hours": True, **flags}
        self.environment = credentials(*(ACCOUNTS if self.is_hedged else (TRADE,)))
        self._process: subprocess.Popen[str] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.zerodha_config = folder / "zerodha.ini"
        write_zerodha_config(self.zerodha_config)

    # -- the command line ----------------------------------------------------------------------------------------------

    @property
    def state_path(self) -> Path:
        """The state file."""
        return self.state_dir / f"{self.name}_state.json"

    @property
    def state_dir(self) -> Path:
        """Where the bot keeps its state."""
        return self.folder / "state"

    @property
    def log_path(self) -> Path:
        """The log file."""
        return self.folder / "logs" / "grid_oco_engine.log"

    def command(self, *more: str, **changes: Any) -> list[str]:
        """The whole command line; `changes` replace flags, None leaves one out."""
        named = {
            "bot_name": self.name,
            "trade_type": self.trade_type,
            **self.flags,
            "zerodha_config": self.zerodha_config,
            "state_dir": self.state_dir,
            "log_dir": self.folder / "logs",
            **self.exchange.roots,
            **changes,
        }
        return [sys.executable, "-m", "tg1.run", *flags_of(named), *more]

    # -- its life ------------------------------------------------------------------------------------------------------

    def start(self, *more: str, **changes: Any) -> Bot:
        """Start the process; its output goes to files."""
        if self.brisk:
            changes = {"poll_interval": BRISK_CYCLE_SECS, **self.flags, **changes}
        return self.launch(self.tweaked(BRISK, more=more, **changes) if self.brisk else self.command(*more, **changes))

    def launch(self, command: Sequence[str], stdout: int | None = None) -> Bot:
        """Start a command line as the bot's process; `stdout` is a descriptor, None a file of its own."""
        assert self._process is None, "the bot runs already"
        with (self.folder / "stdout").open("a") as out, (self.folder / "stderr").open("a") as err:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out if stdout is None else stdout,
                stderr=err,
                text=True,
                env=_environment() | self.environment,
            )
        return self

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process is not None, "the bot does not run"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """The process has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: no handler, no flush, no goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def exit_code(self, within: float = DEADLINE_SECS) -> int:
        """Await the end of the process and return its exit code."""
        assert self._process is not None
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {within:.0f} s\n{self.shown()}\n{self.exchange.shown()}"
            ) from None
        self._process = None
        return code

    def stop(self) -> int:
        """SIGTERM and the exit code; "Stopped" is not "cancelled": orders stay."""
        self.signal(signal.SIGTERM)
        return self.exit_code()

    def run(self, *more: str, within: float = DEADLINE_SECS, **changes: Any) -> subprocess.CompletedProcess[str]:
        """Run another process with the same folders to its end."""
        return self.finish(self.command(*more, **changes), within)

    def cancel_all(
        self, *more: str, tweaks: Sequence[str] = (), within: float = DEADLINE_SECS
    ) -> subprocess.CompletedProcess[str]:
        """The emergency stop, with no more than it needs (behaviour 18)."""
        needed = {
            "bot_name": self.name,
            "state_dir": self.state_dir,
            "log_dir": self.folder / "logs",
            "xts_root": self.exchange.roots["xts_root"],
        }
        program = ["tests.support.tweaked", *tweaks, "--"] if tweaks else ["tg1.run"]
        return self.finish([sys.executable, "-m", *program, "--cancel-all", *flags_of(needed), *more], within)

    def tweaked(self, *tweaks: str, more: Sequence[str] = (), **changes: Any) -> list[str]:
        """The command line run under `tests.support.tweaked`, e.g. with "tg1.trading.starting.PRICES_WITHIN_SECS=3"."""
        python, _, _, *words = self.command(*more, **changes)
        return [python, "-m", "tests.support.tweaked", *tweaks, "--", *words]

    def finish(self, command: Sequence[str], within: float = DEADLINE_SECS) -> subprocess.CompletedProcess[str]:
        """Run a command line of this bot to its end."""
        return subprocess.run(  # noqa: S603 - our own module
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_environment() | self.environment,
            timeout=within,
            check=False,
        )

    # -- what it leaves to be seen -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The state file; empty while there is none."""
        try:
            state: dict[str, Any] = json.loads(self.state_path.read_text(), parse_float=Decimal)
        except FileNotFoundError:
            return {}
        return state

    def level(self, trade_side: str, number: int = 1) -> dict[str, Any]:
        """One level of the state file; empty while there is none."""
        for level in self.state().get("open_orders", []):
            if (level["trade_side"], level["level"]) == (trade_side, number):
                return dict(level)
        return {}

    def counters(self) -> tuple[int, int, int, int]:
        """Net upside and downside shares, OCO counts upside and downside (architecture 12)."""
        state = self.state()
        names = ("upside_net_quantity", "downside_net_quantity", "upside_oco_net_count", "downside_oco_net_count")
        return tuple(int(state[name]) for name in names)  # type: ignore[return-value]

    def log(self) -> str:
        """The log file's text; empty while there is none."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    def says(self, sentence: str) -> int:
        """How many log lines hold this text."""
        return sum(sentence in line for line in self.log().splitlines())

    def output(self, stream: str = "stdout") -> str:
        """All that the bot's processes wrote to "stdout" or "stderr"."""
        path = self.folder / stream
        return path.read_text() if path.exists() else ""

    def shown(self) -> str:
        """The end of log and stderr, for a failed test's report."""
        log = "\n".join(self.log().splitlines()[-40:])
        state = self.state()
        return f"BOT {state.get('bot_status')}\n{log}\nSTDERR\n{self.output('stderr')[-2000:]}"

    # -- what is awaited -----------------------------------------------------------------------------------------------

    def await_places(self, *places: str, within: float = DEADLINE_SECS) -> None:
        """Await that exactly these orders rest at the exchange, and that the state file has them ("D01E" "U01E")."""
        until(lambda: self.has(*places), f"working orders {sorted(places)}", self, self.exchange, within=within)

    def has(self, *places: str) -> bool:
        """Exactly these orders work, none of them on its way in, and the state file says the same."""
        working = self.exchange.working()
        if any(order["status"] == "PendingNew" for order in working):
            return False
        return {place_of(order) for order in working} == set(places) and disagreement(self, working) == ""

    def await_log(self, sentence: str, within: float = DEADLINE_SECS) -> None:
        """Await a log line that the specification demands."""
        until(lambda: self.says(sentence), f"the log line {sentence!r}", self, self.exchange, within=within)

    def await_level(self, trade_side: str, number: int = 1, **values: Any) -> dict[str, Any]:
        """Await that a level of the state file has these values."""

        def found() -> dict[str, Any]:
            level = self.level(trade_side, number)
            return level if level and all(level[name] == value for name, value in values.items()) else {}

        level: dict[str, Any] = until(found, f"{trade_side} level {number} with {values}", self, self.exchange)
        return level


def credentials(*accounts: str) -> dict[str, str]:
    """The environment that holds the accounts' credentials (behaviour 16)."""
    names = {TRADE: "TRADE", UPSIDE: "UPSIDE_OCO", DOWNSIDE: "DOWNSIDE_OCO"}
    keys = {f"TG1_{names[account]}_KEY": KEYS[account] for account in accounts}
    return keys | {f"TG1_{names[account]}_SECRET": SECRETS[account] for account in accounts}


def write_zerodha_config(path: Path, token: str = KITE_TOKEN) -> None:
    """Write the INI of behaviour 16."""
    lines = ["[API_CREDENTIALS_Sai]", f"api_key = {KITE_KEY}", f"api_secret = {KITE_SECRET}", f"access_token = {token}"]
    path.write_text("\n".join(lines) + "\n")


def flags_of(values: dict[str, Any]) -> list[str]:
    """Command line words: True is a switch, None and False are left out."""
    words: list[str] = []
    for name, value in values.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return words


def disagreement(bot: Bot, orders: list[dict[str, Any]]) -> str:
    """How the state file and the books' working orders differ; empty when they agree. Orders by hand don't count."""
    known = {
        order["client_id"]: order["order_id"]
        for level in bot.state().get("open_orders", [])
        for order in (level["order"], level["oco_order"])
        if order is not None
    }
    working = {order["client_id"]: str(order["app_order_id"]) for order in orders if order["client_id"]}
    return "" if known == working else f"state has {known}, the books have {working}"


def doubled(exchange: Exchange) -> str:
    """What breaks "every order exactly once" (behaviour 3); empty when nothing does."""
    ids = Counter(order["client_id"] for order in exchange.orders())
    twice = [client_id for client_id, count in ids.items() if count > 1 and client_id]
    places = Counter(place_of(order) for order in exchange.working())
    crowded = [place for place, count in places.items() if count > 1]
    return f"client ids twice: {twice}, places with two working orders: {crowded}" if twice or crowded else ""


def _environment() -> dict[str, str]:
    """The surroundings of a process, without any TG1_ variable of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TG1_")}
    return kept | {"PYTHONPATH": str(REPO)}
