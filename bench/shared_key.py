"""`python -m bench.shared_key`: several real processes on one app key, against a server that keeps the key's limits.

First clients alone, each in a process of its own that reads the book once a second as a bot does, over a wire with
jitter: how many reads went, how many were refused, how long a client was ever without a new book. Then whole bots
whose entries fill in the market: how long from each fill to its target's placement.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from bench.rig import Dump
from tg1.errors import BrokerError
from tg1.findoc_client import FindocMultiClient
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore
from tg1.xts.transport import RequestsTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tg1.xts.http import HttpRequest, HttpResponse

KEY = "bench-shared-key"
TOO_MANY = 429
ROUNDS = 6
"""How often the market goes down to the entries and back."""
SETTLE_SECS = 5.0
GIVE_UP_SECS = 120.0


class Jittery:
    """A transport over a wire whose delay varies by so much, there and back."""

    def __init__(self, root: str, clock: SystemClock, jitter_secs: float) -> None:
        self._wire = RequestsTransport(root, clock=clock)
        self._jitter_secs = jitter_secs
        self.reads = self.refused = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send once, a little later than asked, and hand the answer on a little later."""
        self._wait()
        answer = self._wire.send(request)
        self._wait()
        self.reads += request.method == "GET"
        self.refused += answer.status == TOO_MANY
        return answer

    def _wait(self) -> None:
        time.sleep(random.random() * self._jitter_secs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one client lived through."""

    books: list[float]
    """The instants at which it had a new book."""
    reads: int
    """Reads that it sent itself."""
    refused: int
    failed: int
    cpu_secs: float


def client_of(root: str, folder: Path, clock: SystemClock, transport: Jittery) -> FindocMultiClient:
    """A bot's client: the real one, but for the jitter."""
    return FindocMultiClient(
        trade=XtsCredentials(key=KEY, secret="any"),  # noqa: S106 - the paper exchange takes any
        root=root,
        product_type="MIS",
        instruments=Dump(),
        transport_factory=lambda _account: transport,
        store=SessionStore(fs=OsFileSystem(), folder=folder, shared=OsSharedFolder(folder)),
        clock=clock,
    )


def read_on(root: str, folder: Path, secs: float, jitter_secs: float, seen: Any) -> None:
    """Read the book in cycles of a second, as a bot does, and tell what was seen."""
    clock = SystemClock()
    transport = Jittery(root, clock, jitter_secs)
    client = client_of(root, folder, clock, transport)
    client.connect()
    books: list[float] = []
    failed = 0
    end = clock.monotonic() + secs
    while (began := clock.monotonic()) < end:
        try:
            client.order_book("trade", since=began)
            books.append(clock.monotonic())
        except BrokerError:
            failed += 1
        clock.sleep_until(max(clock.monotonic(), began + 1.0))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seen.put(
        Seen(
            books=books,
            reads=transport.reads,
            refused=transport.refused,
            failed=failed,
            cpu_secs=usage.ru_utime + usage.ru_stime,
        )
    )


def clients(count: int, secs: float, jitter_secs: float, folder: Path) -> bool:
    """Run so many clients and print what they saw; True when none was refused and none was blind for 2 s."""
    context = multiprocessing.get_context("spawn")
    seen: Any = context.Queue()
    with exchange(folder) as roots:
        arguments = (roots["xts_root"], folder / "sessions", secs, jitter_secs, seen)
        processes = [context.Process(target=read_on, args=arguments) for _ in range(count)]
        for process in processes:
            process.start()
        found: list[Seen] = [seen.get(timeout=secs + GIVE_UP_SECS) for _ in processes]
        for process in processes:
            process.join(GIVE_UP_SECS)
    books = sum(len(each.books) for each in found)
    gaps = sorted(later - earlier for each in found for earlier, later in pairwise(each.books))
    refused, reads = sum(each.refused for each in found), sum(each.reads for each in found)
    print(
        f"{count:>2} clients, {secs:.0f} s, {jitter_secs * 1000:.0f} ms jitter: {reads} reads sent, {refused} refused, "
        f"{sum(each.failed for each in found)} failed; {books} books seen, "
        f"apart p50 {percentile(gaps, 50):.2f} p99 {percentile(gaps, 99):.2f} max {gaps[-1]:.2f} s; "
        f"CPU {1000 * sum(each.cpu_secs for each in found) / books:.1f} ms a book, start included"
    )
    return refused == 0 and gaps[-1] <= 2.0


def percentile(ordered: list[float], percent: int) -> float:
    """The value below which so many percent lie."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


@contextmanager
def exchange(folder: Path, *more: str) -> Iterator[dict[str, str]]:
    """The paper exchange with the documented limits of a key, in a process of its own; its roots."""
    command = [sys.executable, "-m", "tg1.paper", "--manual-prices", *more]
    command += ["--quirks", '{"rate_limit": true}']
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)  # noqa: S603 - our own
    try:
        roots: dict[str, str] = json.loads(server.stdout.readline() if server.stdout else "")
        yield roots
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(GIVE_UP_SECS)


def bots(count: int, folder: Path) -> bool:
    """Run so many whole bots, fill their entries, and print how long each target took; True within 2.5 s at p95."""
    journal = folder / "journal.jsonl"
    with exchange(folder, "--journal", str(journal)) as roots:
        processes = [start_bot(number, folder, roots) for number in range(count)]
        try:
            await_places(journal, count)
            for price in ("49.00", "50.00") * ROUNDS:
                set_price(roots, price)
                time.sleep(SETTLE_SECS)
        finally:
            for process in processes:
                process.send_signal(signal.SIGINT)
            for process in processes:
                process.wait(GIVE_UP_SECS)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    delays = sorted(fill_to_target(lines))
    refused = [line for line in lines if line["kind"] == "request" and line["status"] == TOO_MANY]
    print(
        f"{count:>2} bots: {len(delays)} entries filled, {len(refused)} requests refused; fill to target "
        f"p50 {statistics.median(delays):.2f} p95 {percentile(delays, 95):.2f} max {delays[-1]:.2f} s"
    )
    return not refused and percentile(delays, 95) < 2.5


def start_bot(number: int, folder: Path, roots: dict[str, str]) -> subprocess.Popen[bytes]:
    """One bot of the key, with one BUY entry at 49."""
    # Kite allows three tickers per api key (kite.md 2.6), so each bot has one of its own.
    kite = folder / f"kite{number}.ini"
    kite.write_text(f"[API_CREDENTIALS_Sai]\napi_key = a{number}\napi_secret = b\naccess_token = c\n")
    kite.chmod(0o600)
    command = [sys.executable, "-m", "tg1.run", "--bot-name", f"Bench {number}", "--trade-type", "buyts"]
    command += ["--token-a", "IRFC", "--entry-price", "50", "--steps", "1", "--spread", "1", "--target-spread", "0.5"]
    command += ["--qty-a", "100", "--ignore-market-hours", "--zerodha-config", str(kite)]
    for name, root in roots.items():
        command += [f"--{name.replace('_', '-')}", root]
    environment = os.environ | {"TG1_TRADE_KEY": KEY, "TG1_TRADE_SECRET": "any"}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own


def await_places(journal: Path, count: int) -> None:
    """Wait until every bot's entry is in the market; raises `RuntimeError` after two minutes."""
    end = time.monotonic() + GIVE_UP_SECS
    while time.monotonic() < end:
        placed = {line["client_id"] for line in map(json.loads, journal.read_text().splitlines()) if is_new(line)}
        if len(placed) >= count:
            return
        time.sleep(0.5)
    raise RuntimeError("not all bots have placed their entry")


def is_new(line: dict[str, Any]) -> bool:
    """True for the line of an order that has just become working."""
    return (line["kind"], line.get("status")) == ("order", "New")


def set_price(roots: dict[str, str], price: str) -> None:
    """Trade TokenA at a price."""
    requests.post(
        f"{roots['xts_root']}/paper/price", json={"symbol": "IRFC", "price": price}, timeout=10
    ).raise_for_status()


def fill_to_target(lines: list[dict[str, Any]]) -> Iterator[float]:
    """Seconds from the fill of each entry to the request that places its target."""
    filled: dict[str, datetime] = {}
    for line in lines:
        client_id = line["client_id"]
        bot = client_id[:8]
        if line["kind"] == "order" and line["status"] == "Filled" and line["side"] == "BUY":
            filled[bot] = datetime.fromisoformat(line["at"])
        elif line["kind"] == "request" and line["method"] == "POST" and client_id and bot in filled:
            yield (datetime.fromisoformat(line["at"]) - filled.pop(bot)).total_seconds()


def main() -> int:
    """Measure and print; returns 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.shared_key", description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="processes on the key")
    parser.add_argument("--secs", type=float, default=60.0, help="how long the clients read")
    parser.add_argument("--jitter-ms", type=float, default=5.0)
    parser.add_argument("--clients-only", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tg1-bench-") as name:
        folder = Path(name)
        good = clients(given.count, given.secs, given.jitter_ms / 1000, folder)
        if not given.clients_only:
            good = bots(given.count, folder) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
