"""The embedded paper exchange: a child process that lives exactly as long as the bot that started it (behaviour 17)."""

from __future__ import annotations

import json
import logging
import select
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, ConfigError
from tg1.machine.files import file_stem
from tg1.paper.prices import DEFAULT_CENTRES
from tg1.rules.hours import TradingCalendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from tg1.config import GridOcoConfig

log = logging.getLogger(__name__)

READY_WITHIN_SECS = 30.0
READ_BYTES_PER_SEC = 2_000_000
"""A price file is read once before the exchange is ready, on a slow machine so fast."""
END_WITHIN_SECS = 5.0
HEDGE_SPREADS = DEFAULT_CENTRES[1] / 2
"""TokenB's made price in OCO spreads unless it is given: hedges lie 1.7 % away, which made prices come to."""
TELL_EVERY = 10
"""Reports of the market's clock, one a second, between two that are logged."""
TELL_EVERY_MINUTES = 30
"""Market minutes between them."""
_USAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRoots:
    """Where the exchange listens."""

    xts_root: str
    kite_root: str
    kite_ws_root: str


def forget_last_exchange(folder: Path, bot_name: str) -> None:
    """Remove what a bot's last exchange left in its folder, where other bots may be starting, or at work."""
    request = folder / f"{file_stem(bot_name)}_request.json"
    for left in (request, *folder.glob("instruments_*"), *(folder / "sessions").glob("*")):
        left.unlink(missing_ok=True)


class MarketClock:
    """The clock of the market that is replayed, as the exchange reports it; for any thread."""

    def __init__(self) -> None:
        self.time: datetime | None = None
        """When the last price traded, aware IST; None where prices are made, whose market is here and now."""
        self.is_over = False
        """The file has been played."""

    def follow(self, lines: Iterable[str]) -> None:
        """Take the exchange's reports until there are no more, and log what a person wants to know of them."""
        told: datetime | None = None
        for number, line in enumerate(lines):
            report = json.loads(line)
            self.time = datetime.fromisoformat(report["market_time"])
            if report["is_over"]:
                self._end(self.time, report["fault"])
            elif told is None or (number % TELL_EVERY == 0 and _minutes(told, self.time) >= TELL_EVERY_MINUTES):
                told = self.time
                log.info("The market's clock stands at %s (%.0f %% played)", _text(told), 100 * report["played"])

    def _end(self, at: datetime, fault: str) -> None:
        if fault:
            log.error("The prices break off: %s", fault)
        log.info("The price file has been played: the market's clock stands at %s, and the session ends", _text(at))
        self.is_over = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedDays(TradingCalendar):
    """Open until the price file has been played, whatever the day."""

    market: MarketClock

    def is_over(self) -> bool:
        """The file has been played."""
        return self.market.is_over

    def why_closed(self, day: date) -> str:  # noqa: ARG002  # whatever the day
        """The file has been played, or nothing."""
        return "the price file has been played" if self.market.is_over else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperExchange:
    """A running exchange; `market` is the clock of its replay, None where prices are made."""

    roots: PaperRoots
    market: MarketClock | None


def command_of(config: GridOcoConfig) -> list[str]:
    """The command line that starts the exchange for this bot's symbols, prices and seed."""
    command = [sys.executable, "-m", "tg1.paper", "--exit-with-stdin"]
    command += ["--token-a", config.token_a_symbol, "--token-b", config.token_b_symbol]
    command += ["--centre-a", str(config.entry_price or DEFAULT_CENTRES[0]), "--centre-b", str(price_b_of(config))]
    command += ["--paper-speed", str(config.paper_speed), "--paper-seed", str(config.paper_seed)]
    if config.paper_prices is not None:
        command += ["--paper-prices", str(config.paper_prices), "--tell-clock", "--wait-for-ticker"]
    if config.journal is not None:
        command += ["--journal", str(config.journal)]
    return command


def price_b_of(config: GridOcoConfig) -> Decimal:
    """Rupees near which TokenB's made prices start: as given, or where the OCO spread is a sensible part of them."""
    return config.paper_price_b or config.oco_spread * HEDGE_SPREADS or DEFAULT_CENTRES[1]


@contextmanager
def paper_exchange(config: GridOcoConfig, also: Sequence[str] = ()) -> Iterator[PaperExchange]:
    """Run the exchange around a `with` block; it lists the symbols of `also`, too.

    Raises `ConfigError` for bad prices, `BrokerUnavailable` otherwise.

    Its standard input is a pipe that we hold: however we die, the pipe closes and the exchange ends. It has a session
    of its own, so that Ctrl-C reaches the bot alone and the bot can still speak to it while it stops.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module, with arguments that argparse has checked
        [*command_of(config), *(word for symbol in also for word in ("--also", symbol))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    listener: Thread | None = None
    try:
        roots = _roots(child, _ready_within(config))
        if config.paper_prices is None:
            yield PaperExchange(roots=roots, market=None)
        else:
            market = MarketClock()
            listener = Thread(target=market.follow, args=(child.stdout,), name="paper-clock", daemon=True)
            listener.start()
            yield PaperExchange(roots=roots, market=market)
    finally:
        _end(child, listener)


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} IST"


def _minutes(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 60


def _ready_within(config: GridOcoConfig) -> float:
    if config.paper_prices is None:
        return READY_WITHIN_SECS
    try:
        size = config.paper_prices.stat().st_size
    except OSError:
        size = 0  # the exchange says what is wrong with it
    return READY_WITHIN_SECS + size / READ_BYTES_PER_SEC


def _roots(child: subprocess.Popen[str], within_secs: float) -> PaperRoots:
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for above
    readable, _, _ = select.select([child.stdout], [], [], within_secs)
    line = child.stdout.readline() if readable else ""
    if line:
        return PaperRoots(**json.loads(line))
    child.kill()
    _, complaint = child.communicate()
    last = (complaint.strip().splitlines() or [f"it was not ready within {within_secs:.0f} s"])[-1]
    sentence = f"The paper exchange did not start: {last.removeprefix('python -m tg1.paper: ')}"
    raise ConfigError(sentence) if child.returncode == _USAGE else BrokerUnavailable(sentence)


def _end(child: subprocess.Popen[str], listener: Thread | None) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(END_WITHIN_SECS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if listener is not None:
        listener.join(END_WITHIN_SECS)  # it reads to the end of a pipe whose writer is gone
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
