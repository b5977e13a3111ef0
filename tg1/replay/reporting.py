"""Where a replay's page and picture go, and what draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.files import file_stem
from tg1.replay.asked import asked
from tg1.replay.output_files import FOLDER, check_place, write_whole
from tg1.replay.step import step_of, step_sentence
from tg1.report.story import RunStory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from types import ModuleType

    from tg1.replay.command import ReplayCommand
    from tg1.replay.result import DayResult
    from tg1.report.story import DayStory


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
        if path is not None and places.named:
            check_place(flag, path, suffix)


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
