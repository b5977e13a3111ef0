"""`tg1 pause` and `tg1 resume`: writes the operator's wish and waits until the bot has taken it over."""

from __future__ import annotations

import shlex
import uuid
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode, SnapshotDamaged, Tg1Error
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem, read_given
from tg1.models import Role, Side, Wish
from tg1.screen.command import run_command
from tg1.screen.output import show
from tg1.told.command_line import parser_of, words_of
from tg1.told.folder import StateFolder, instant_of
from tg1.told.judge import Life, judge
from tg1.told.paths import ToldPaths
from tg1.told.request import decode_wish, write_wish
from tg1.told.snapshot import Phase

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tg1.machine.clock import Clock
    from tg1.told.found import Found

ANSWER_SECS = 8.0
"""A bot answers within two cycles; a busy machine gets some seconds more."""
CYCLES = 2
STEP_SECS = 0.1
_MOST_BYTES = 4096
_ABOUT = {
    "pause": (
        "Let a bot open nothing new. Its resting entries are cancelled; what is open keeps its target and its hedge.\n"
        "The pause outlives restarts and nights, until tg1 resume."
    ),
    "resume": "Let a bot place entries again.",
}


class NotAnswered(Tg1Error):
    """The bot runs and has not said that it follows."""


def build_parser(word: str) -> argparse.ArgumentParser:
    """The flags of one of the two."""
    parser = parser_of(word, _ABOUT[word], needs_name=True)
    sides = parser.add_mutually_exclusive_group()
    sides.add_argument("--buy", action="store_const", dest="side", const=Side.BUY, help="only BUY entries")
    sides.add_argument("--sell", action="store_const", dest="side", const=Side.SELL, help="only SELL entries")
    return parser


def main_of(word: str, argv: Sequence[str] | None, clock: Clock | None = None) -> int:
    """Carry `word` out; 0 when the bot follows, or will once it runs; 1 when it does not answer; 2 without a bot."""
    return run_command(word, lambda: _ask(word, build_parser(word).parse_args(words_of(argv)), clock or SystemClock()))


def _ask(word: str, given: argparse.Namespace, clock: Clock) -> ExitCode:
    folder = StateFolder(given.state_dir)
    found = folder.one(given.name)
    sides = frozenset(Side) if given.side is None else frozenset({given.side})
    before = _paused(folder, found)
    wish = Wish(id=uuid.uuid4().hex, paused=before | sides if word == "pause" else before - sides)
    write_wish(OsFileSystem(), ToldPaths(found.folder, found.stem).request, wish, clock.now())
    if not found.is_alive:
        show(f"{found.name} is not running; kept for its next start: {_in_words(wish)}")
        return ExitCode.OK
    show(f"{found.name}: {_answer(folder, found, wish, clock)}")
    return ExitCode.OK


def _paused(folder: StateFolder, found: Found) -> frozenset[Side]:
    """What is paused so far: by the last wish, or, where its file is gone, by the bot's own word."""
    try:
        path = ToldPaths(found.folder, found.stem).request
        return decode_wish(read_given(path, _MOST_BYTES).data).paused
    except (FileNotFoundError, SnapshotDamaged):
        saved = found.saved or folder.saved(found)
        return frozenset() if saved is None else frozenset(saved.state.paused_sides)
    except OSError as exc:
        raise ConfigError(f"the last request {path} can't be read: {exc.strerror or exc}") from exc


def _answer(folder: StateFolder, found: Found, wish: Wish, clock: Clock) -> str:
    """What the bot makes of the wish. Raises `NotAnswered` when it does not take it over in time."""
    snapshot = found.snapshot
    poll_secs = snapshot.poll_interval_secs if snapshot is not None else 1.0
    deadline = clock.monotonic() + ANSWER_SECS + CYCLES * poll_secs
    while clock.monotonic() < deadline:
        found = folder.one(found.name)
        snapshot = found.snapshot if found.is_by_holder else None
        if snapshot is not None and snapshot.pause_seen == wish.id:
            resting = [order for order in snapshot.orders if order.role is Role.ENTRY and order.side in wish.paused]
            entries = "1 resting entry is" if len(resting) == 1 else f"{len(resting)} resting entries are"
            return _in_words(wish) + (f"; {entries} being cancelled" if resting else "")
        if snapshot is not None and snapshot.phase in (Phase.STARTING, Phase.WAITING):
            return f"it has no cycle yet ({snapshot.phase}); from its first one on: {_in_words(wish)}"
        if not found.is_alive:
            return f"it has ended meanwhile; kept for its next start: {_in_words(wish)}"
        clock.wait_until(clock.monotonic() + STEP_SECS)
    raise NotAnswered(_silence(found, clock))


def _silence(found: Found, clock: Clock) -> str:
    kept = "The request is kept and followed by its next cycle"
    status = shlex.join(["tg1", "status", found.name, "--state-dir", str(found.folder)])
    if judge(found, instant_of(clock)).life is Life.HUNG:
        return f"{found.name} hangs and does not answer. {kept}, if one comes; see {status}"
    if found.snapshot is None:
        return f"{found.name} does not answer: an earlier TG1 runs that knows no pause. {kept} after a restart"
    return f"{found.name} has not answered within {ANSWER_SECS:.0f} s. {kept}; see {status}"


def _in_words(wish: Wish) -> str:
    if not wish.paused:
        return "entries of both sides may be placed"
    if wish.paused == frozenset(Side):
        return "no new entries; open levels keep their targets and hedges"
    (side,) = wish.paused
    return f"no new {side} entries; open levels keep their targets and hedges, {side.opposite} entries go on"
