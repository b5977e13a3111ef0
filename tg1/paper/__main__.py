"""`python -m tg1.paper`: serves the paper exchange until SIGINT, SIGTERM or, when asked, the end of stdin.

When ready it prints one JSON line with the three roots. Exit codes: 0 after a stop, 1 when the port cannot be had,
2 for bad arguments, with one sentence on stderr. The documented limits of the key are on unless `--no-limits`.
"""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn, TextIO

from tg1.machine.files import FILE_MODE
from tg1.paper.build import Paper, PaperSettings, build
from tg1.paper.errors import PaperUsageError
from tg1.paper.prices import DEFAULT_CENTRES
from tg1.paper.quirks import Quirks
from tg1.paper.server import PaperServer, ReplayProgress
from tg1.paper.wire import loads

LIMITS = {"rate_limit": True, "ticker_connections": 3}
"""What a key may do in a second, and how many websockets it may have (xts.md 5, kite.md 2.6)."""
_FAILED, _USAGE = 1, 2
_CHUNK = 4096
_TELL_EVERY_SECS = 1.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one sentence and exit with 2."""
        self.exit(_USAGE, f"python -m tg1.paper: {message}\n")


def _rupees(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is no price") from exc


def _quirks(text: str) -> dict[str, Any]:
    try:
        given = loads(text.encode())
        if not isinstance(given, dict):
            raise argparse.ArgumentTypeError("quirks are a JSON object")
        plain = {name: float(v) if isinstance(v, Decimal) else v for name, v in given.items()}
        Quirks.from_json(plain)
    except PaperUsageError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    return plain


def make_parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = _Parser(prog="python -m tg1.paper", description="A paper exchange: XTS and Kite on 127.0.0.1.")
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--token-a", default="IRFC")
    add("--token-b", default="SBIN", help="may be empty")
    add("--centre-a", type=_rupees, default=DEFAULT_CENTRES[0], help="rupees, price that token A reverts to")
    add("--centre-b", type=_rupees, default=DEFAULT_CENTRES[1], help="rupees, price that token B reverts to")
    add("--paper-prices", type=Path, metavar="FILE", help="replay a CSV of real prices")
    add("--manual-prices", action="store_true", help="prices move only through POST /paper/price")
    add("--paper-speed", type=float, default=1.0, help="market seconds per real second; 60 is lively")
    add("--paper-seed", type=int, default=1)
    add("--journal", type=Path, metavar="FILE", help="append JSON lines of every request and order event")
    add("--instruments", type=Path, metavar="FILE", help="a Kite instruments dump")
    add("--also", action="append", default=[], metavar="SYMBOL", help="list it, too; may be given several times")
    add("--quirks", type=_quirks, default={}, metavar="JSON", help="standing quirks to start with")
    add("--no-limits", action="store_true", help="take any number of requests a second and websockets per key")
    add("--exit-with-stdin", action="store_true", help="stop when stdin ends")
    add("--tell-clock", action="store_true", help="a JSON line a second on stdout about how far a replay is")
    add("--wait-for-ticker", action="store_true", help="hold the prices until somebody subscribes to them")
    return parser


def _settings(given: argparse.Namespace) -> PaperSettings:
    return PaperSettings(
        token_a=given.token_a,
        token_b=given.token_b,
        centre_a=given.centre_a,
        centre_b=given.centre_b,
        prices_file=given.paper_prices,
        manual_prices=given.manual_prices,
        speed=given.paper_speed,
        seed=given.paper_seed,
        instruments_file=given.instruments,
        also=tuple(given.also),
        quirks=Quirks.from_json(({} if given.no_limits else LIMITS) | given.quirks),
    )


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # the raw descriptor: a daemon thread inside sys.stdin would hold its lock while the interpreter ends
    try:
        while os.read(0, _CHUNK):
            pass
    except OSError:
        sys.stderr.write("python -m tg1.paper: stdin cannot be read, which is taken for its end\n")
    loop.call_soon_threadsafe(stop.set)


async def _serve(paper: Paper, given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = PaperServer(paper, port=given.port, waits_for_ticker=given.wait_for_ticker)
    telling: asyncio.Task[None] | None = None
    try:
        _say(asdict(await server.start()))
        if given.exit_with_stdin:
            threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
        if given.tell_clock:
            telling = asyncio.create_task(_tell_clock(server))
        await stop.wait()
    finally:
        if telling is not None:
            telling.cancel()
        await server.stop()


async def _tell_clock(server: PaperServer) -> None:
    with suppress(BrokenPipeError):  # nobody listens any more; stdin says the same
        while not (progress := server.progress).is_over:
            _say(_progress_json(progress))
            await asyncio.sleep(_TELL_EVERY_SECS)
        _say(_progress_json(progress))


def _progress_json(progress: ReplayProgress) -> dict[str, Any]:
    at = progress.market_time
    shown = {"market_time": None if at is None else at.isoformat(), "played": round(progress.played, 4)}
    return asdict(progress) | shown


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _private(path: str, flags: int) -> int:
    # it tells what was traded and when, as the state file does, which is 0600
    descriptor = os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, FILE_MODE)
    return descriptor


def _open_journal(path: Path | None, stack: ExitStack) -> TextIO | None:
    if path is None:
        return None
    try:
        return stack.enter_context(open(path, "a", encoding="utf-8", opener=_private))  # Path's has no opener
    except OSError as exc:
        raise PaperUsageError(f"--journal {path} can't be written: {exc.strerror}") from exc


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = make_parser()
    given = parser.parse_args(argv)
    with ExitStack() as stack:
        try:
            paper = build(_settings(given), _open_journal(given.journal, stack))
        except PaperUsageError as exc:
            parser.error(str(exc))
        try:
            asyncio.run(_serve(paper, given))
        except (OSError, OverflowError) as exc:
            sys.stderr.write(f"python -m tg1.paper: cannot serve on port {given.port}: {exc}\n")
            return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
