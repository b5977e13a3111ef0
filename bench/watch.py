"""What the watch costs: CPU and memory of the real process over a folder in which many bots tell once a second.

`python -m bench.watch` makes such a folder, keeps it alive, runs `tg1 watch` on it with a page open, and prints the
share of a core and the peak memory. `--serve` only keeps the folder alive, for a look at the page.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tg1.config import GridOcoConfig
from tg1.machine.clock import SystemClock
from tg1.machine.process import birth_of, boot_id
from tg1.models import LevelState, OrderType, Role, Side, TradeSide
from tg1.told.codec import encode_event, encode_snapshot
from tg1.told.events import Event, EventKind
from tg1.told.paths import ToldPaths
from tg1.told.portrait import blank_snapshot
from tg1.told.snapshot import (
    Phase,
    Snapshot,
    ToldAccount,
    ToldFeed,
    ToldLevel,
    ToldMoney,
    ToldOrder,
    ToldPosition,
    ToldPrice,
    ToldProcess,
    ToldSaves,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SYMBOLS = (("IRFC", "SBIN", 50), ("PNB", "CANBK", 110), ("NHPC", "NTPC", 85), ("SAIL", "TATASTEEL", 130))
SETTLE_SECS = 5.0
"""The start's own work is not the watch's work."""
EVENT_EVERY_SECS = 20
"""A lively bot: a fill, its target and its hedge a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFigures:
    """One run."""

    bots: int
    seconds: float
    core_percent: float
    peak_memory_mb: float
    """VmHWM in 10^6 bytes."""
    messages: int
    """That the open page was sent."""


class Bots:
    """Folders of bots that tell once a second, all from this process."""

    def __init__(self, folder: Path, count: int, steps: int) -> None:
        self._clock = SystemClock()
        self._folder = folder
        self._random = random.Random(7)
        here = ToldProcess(pid=os.getpid(), birth=birth_of(os.getpid()), boot_id=boot_id())
        self._bots = [self._born(number, steps, here) for number in range(count)]
        self._seq = 0

    def _born(self, number: int, steps: int, here: ToldProcess) -> Snapshot:
        token_a, token_b, centre = SYMBOLS[number % len(SYMBOLS)]
        return a_bot(
            f"{token_a}-{token_b} Grid {number + 1}",
            token_a=token_a,
            token_b=token_b,
            centre=Decimal(centre),
            steps=steps,
            here=here,
            clock=self._clock,
        )

    def hold(self) -> list[TextIO]:
        """Take every lock, as live processes do; they are let go with the files."""
        return [self._locked(bot) for bot in self._bots]

    def _locked(self, bot: Snapshot) -> TextIO:
        file = ToldPaths(self._folder, bot.name).lock.open("w", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX)
        process = bot.process
        said = {"pid": process.pid, "since": bot.written_at.isoformat(), "host": socket.gethostname()}
        file.write(json.dumps(said | {"birth": process.birth}))
        file.flush()
        return file

    def tell(self) -> None:
        """One cycle of each bot."""
        self._seq += 1
        self._bots = [self._next(bot) for bot in self._bots]
        for index, bot in enumerate(self._bots):
            paths = ToldPaths(self._folder, bot.name)
            draft = paths.snapshot.with_suffix(".tmp")
            draft.write_bytes(encode_snapshot(bot))
            draft.replace(paths.snapshot)
            if (self._seq + index) % EVENT_EVERY_SECS == 0:
                with paths.events.open("ab") as file:
                    file.write(b"".join(map(encode_event, self._events(bot))))

    def _next(self, bot: Snapshot) -> Snapshot:
        step = Decimal(self._random.choice((-10, -5, 0, 5, 10))) / 100
        prices = tuple(replace(each, price=(each.price or Decimal(0)) + step) for each in bot.prices)
        money = bot.money and replace(bot.money, net=(bot.money.net or Decimal(0)) + step * 100)
        return replace(
            bot,
            written_at=self._clock.now(),
            written_boot_secs=self._clock.monotonic(),
            cycle=bot.cycle + 1,
            prices=prices,
            money=money,
        )

    def _events(self, bot: Snapshot) -> Iterator[Event]:
        base = Event(run=bot.run, seq=self._seq * 2, at=bot.written_at, bot=bot.name, kind=EventKind.FILL, text="")
        text = f"target filled: sold 100 {bot.token_a} at {bot.prices[0].price}"
        yield replace(base, text=text, level="B1", role=Role.TARGET, side=Side.SELL, quantity=100, account="trade")
        net = Decimal(self._random.randint(-900, 2400)) / 100
        yield replace(base, seq=base.seq + 1, kind=EventKind.ROUND_TRIP, text=f"round trip of B1: {net:+}", net=net)


def a_bot(
    name: str, *, token_a: str, token_b: str, centre: Decimal, steps: int, here: ToldProcess, clock: SystemClock
) -> Snapshot:
    """A grid in the middle of its day: two levels open and hedged, the rest waiting."""
    levels = [a_level(side, number, centre) for side in TradeSide for number in range(1, steps + 1)]
    levels.sort(key=lambda level: level.entry_price, reverse=True)
    orders = [an_order(level, token_a, number, clock) for number, level in enumerate(levels)]
    now = clock.now()
    config = GridOcoConfig(
        bot_name=name,
        token_a_symbol=token_a,
        token_b_symbol=token_b,
        entry_price=centre,
        steps=steps,
        token_a_quantity=100,
    )
    return replace(
        blank_snapshot(config, here, f"run-{name}", now),
        written_boot_secs=clock.monotonic(),
        cycle=5000,
        phase=Phase.TRADING,
        trading_day=now.date(),
        session_ends_at=now + timedelta(hours=2),
        centre=centre,
        prices=(
            ToldPrice(symbol=token_a, price=centre - Decimal("1.20"), age_secs=0.4, stale=False),
            ToldPrice(symbol=token_b, price=centre * 4, age_secs=1.1, stale=False),
        ),
        levels=tuple(levels),
        orders=tuple(orders),
        bought_quantity=200,
        money=ToldMoney(
            net=Decimal("412.50"),
            realised=Decimal("540.00"),
            open_a=Decimal("-62.00"),
            open_b=Decimal("0.00"),
            squared_off=Decimal("0.00"),
            charges=Decimal("65.50"),
            is_current=True,
        ),
        positions=(
            ToldPosition(
                account="trade",
                symbol=token_a,
                quantity=200,
                average=centre - 1,
                last=centre - Decimal("1.20"),
                gain=Decimal("-40.00"),
            ),
        ),
        accounts=tuple(
            ToldAccount(
                name=account,
                books_read=5000,
                books_refused=2,
                good_age_secs=0.7,
                orders_expected=expected,
                orders_seen=expected,
                is_blank=False,
                fault="",
            )
            for account, expected in (("trade", 2 * steps), ("upside_oco", 0), ("downside_oco", 2))
        ),
        feed=ToldFeed(
            phase="connected",
            stalled=False,
            silent_secs=0.4,
            connections=1,
            rebuilds=0,
            callback_errors=0,
            malformed=0,
            ignored_ticks=0,
            fault="",
        ),
        saves=ToldSaves(count=311, p50_ms=3.1, p99_ms=11.8, fault=""),
    )


def a_level(side: TradeSide, number: int, centre: Decimal) -> ToldLevel:
    """The two BUY levels next to the centre are open."""
    is_open = side is TradeSide.DOWNSIDE and number <= 2
    entry = centre + (number if side is TradeSide.UPSIDE else -number)
    hedge = centre * 4 - 2 if is_open else None
    return ToldLevel(
        level=number,
        trade_side=side,
        state=LevelState.TARGET_PLACED if is_open else LevelState.ENTRY_PLACED,
        entry_price=entry,
        target_price=entry + (Decimal("0.5") if side is TradeSide.DOWNSIDE else -Decimal("0.5")),
        hedge_price=hedge,
        entry_quantity=100,
        open_quantity=100 if is_open else 0,
        hedge_quantity=50,
        hedge_filled=0,
        hedge_state="works" if is_open else "",
        paused=False,
        note="",
    )


def an_order(level: ToldLevel, symbol: str, number: int, clock: SystemClock) -> ToldOrder:
    """What works at a level."""
    is_open = bool(level.open_quantity)
    side = level.trade_side.entry_direction
    return ToldOrder(
        level=level.name,
        role=Role.TARGET if is_open else Role.ENTRY,
        account="trade",
        order_id=f"11000{number:05}",
        client_id=f"152T9UZJD{number:02}E0001",
        side=side.opposite if is_open else side,
        symbol=symbol,
        quantity=100,
        filled_quantity=0,
        order_type=OrderType.LIMIT,
        limit_price=level.target_price if is_open else level.entry_price,
        trigger_price=None,
        placed_at=clock.now(),
        cancel_sent=False,
    )


def measure(count: int, steps: int, seconds: float) -> WatchFigures:
    """Run the watch over so many bots for so long, with alerts that nobody takes and one page open."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stop = _keep_alive(Bots(folder, count, steps), stack)
        command = [sys.executable, "-m", "tg1.watch", "--state-dir", str(folder), "--listen", "127.0.0.1:0", "--json"]
        environ = os.environ | {"TG1_ALERT_URLS": "json://127.0.0.1:9/nobody", "PYTHONUNBUFFERED": "1"}
        watch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ)  # noqa: S603 - our own
        try:
            assert watch.stdout is not None  # noqa: S101 - for the type checker
            page = _Page(json.loads(watch.stdout.readline())["url"], stop)
            time.sleep(SETTLE_SECS)
            before, begun = _cpu_secs(watch.pid), time.monotonic()
            time.sleep(seconds)
            spent, took = _cpu_secs(watch.pid) - before, time.monotonic() - begun
            memory = _peak_memory_mb(watch.pid)
        finally:
            stop.set()
            watch.send_signal(signal.SIGTERM)
            watch.wait(30)
    return WatchFigures(
        bots=count, seconds=took, core_percent=100 * spent / took, peak_memory_mb=memory, messages=page.messages
    )


def _keep_alive(bots: Bots, stack: ExitStack) -> threading.Event:
    for file in bots.hold():
        stack.enter_context(file)
    bots.tell()
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(1.0):
            bots.tell()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(stop.set)
    return stop


class _Page:
    """One open page: reads the stream, as a browser does."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        self.messages = 0
        self._stop = stop
        threading.Thread(target=self._read, args=(f"{url}stream",), daemon=True).start()

    def _read(self, url: str) -> None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=30) as stream:  # noqa: S310 - loopback
            while not self._stop.is_set():
                self.messages += stream.readline().startswith(b"data:")


def _cpu_secs(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_memory_mb(pid: int) -> float:
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise RuntimeError("the watch has ended, so its memory can't be read")
    return int(found.group(1)) * 1024 / 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch", description=__doc__.partition("\n")[0])
    parser.add_argument("--bots", type=int, default=50)
    parser.add_argument("--steps", type=int, default=10, help="levels per side (default: 10)")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--serve", metavar="DIR", type=Path, help="only keep such a folder alive")
    given = parser.parse_args(argv)
    if given.serve:
        given.serve.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack, suppress(KeyboardInterrupt):
            _keep_alive(Bots(given.serve, given.bots, given.steps), stack).wait()
        return 0
    figures = measure(given.bots, given.steps, given.seconds)
    print(
        f"{figures.bots} bots, 2 x {given.steps} levels, one snapshot a second each, one page open ({figures.messages} "
        f"messages), {figures.seconds:.0f} s: {figures.core_percent:.1f} % of a core (allowed 15), "
        f"{figures.peak_memory_mb:.0f} MB at most (allowed 120)"
    )
    return 0 if figures.core_percent < 15 and figures.peak_memory_mb < 120 else 1


if __name__ == "__main__":
    sys.exit(main())
