"""Where a replay's page and picture go, and how they get there: whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.files import OsFileSystem, file_stem
from tg1.replay.asked import asked
from tg1.replay.step import step_of, step_sentence
from tg1.report.story import RunStory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from types import ModuleType

    from tg1.replay.command import ReplayCommand
    from tg1.replay.result import DayResult
    from tg1.report.story import DayStory

FOLDER = Path("reports")
"""Where pages go that nobody named a place for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Files to be written; None: that one is not wanted."""

    page: Path | None
    png: Path | None
    named: bool
    """The user said where, so that a failure is his command's."""


def places_of(command: ReplayCommand, now: datetime) -> Places | None:
    """Where the report goes; None when none is wanted."""
    if command.no_report or (command.as_json and command.report is None and command.png is None):
        return None
    if command.as_json:
        return Places(page=command.report, png=command.png, named=True)
    usual = FOLDER / f"{file_stem(command.config.bot_name)}_{now:%Y%m%d-%H%M%S}.html"
    page = command.report or usual
    return Places(page=page, png=command.png or page.with_suffix(".png"), named=bool(command.report or command.png))


def check_places(places: Places) -> None:
    """Raise `ConfigError` for a place that is none: before an hour's work, not after it."""
    for flag, path, suffix in (("--report", places.page, ".html"), ("--png", places.png, ".png")):
        if path is None or not places.named:
            continue
        if path.suffix.lower() != suffix:
            # A slip of the keyboard must not write over a file of prices.
            raise ConfigError(f"{flag} {path}: give the file a name that ends in {suffix}.")
        if path.is_dir() or not (path.parent.is_dir() or path.parent == FOLDER):
            raise ConfigError(f"{flag} {path} is no place for a file: give a name in a folder that exists.")


def drawers() -> tuple[ModuleType, ModuleType, ModuleType]:
    """What draws: half a second of imports that a replay without a report does not pay.

    Raises `ConfigError` when the plotting library is not installed.
    """
    try:
        from tg1.report import library, page, picture  # noqa: PLC0415  # as the docstring says
    except ModuleNotFoundError as exc:
        raise ConfigError(
            f"{exc.name} is missing, which draws the report: pip install 'tg1[insight]', or give --no-report."
        ) from exc
    return library, page, picture


def story_of(command: ReplayCommand, results: Sequence[DayResult], days: Sequence[DayStory], now: datetime) -> RunStory:
    """The whole run as the report tells it."""
    config = command.config
    trip = step_of(config, results)
    return RunStory(
        name=config.bot_name,
        symbol_a=config.token_a_symbol,
        symbol_b=config.token_b_symbol if config.has_oco else "",
        is_made=command.made is not None,
        settings=asked(command),
        step="" if trip is None else step_sentence(config, trip),
        days=tuple(days),
        made_at=now,
    )


def write_report(run: RunStory, places: Places, product: str) -> list[Path]:
    """Draw all that is wanted, then write it, and return the names. Raises `ConfigError` when the disk says no."""
    library, page, picture = drawers()
    drawn: list[tuple[Path, bytes, str]] = []
    if places.page is not None:
        drawn.append((places.page, page.run_page(run, library.script(), product).encode(), "--report"))
    if places.png is not None:
        drawn.append((places.png, picture.run_png(run), "--png"))
    for path, content, flag in drawn:
        write_whole(path, content, flag)
    return [path for path, _, _ in drawn]


def write_whole(path: Path, content: bytes, flag: str) -> None:
    """A file is there whole or not at all, however the replay ends. Raises `ConfigError` with the flag's name."""
    files = OsFileSystem()
    beside = path.with_name(f"{path.name}.tmp")
    try:
        if path.parent == FOLDER:
            FOLDER.mkdir(exist_ok=True)
        try:
            files.write_synced(beside, content)
            files.replace(beside, path)
        finally:
            files.unlink(beside)
    except OSError as exc:
        raise ConfigError(f"{flag} {path} can't be written: {exc.strerror or exc}.") from exc
