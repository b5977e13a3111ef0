"""Brings a sweep's heat map to disk: a page and a picture, each whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.replay.output_files import FOLDER, write_whole
from tg1.sweep.heat import cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from tg1.sweep.command import SweepCommand
    from tg1.sweep.heat import Axes, Cell
    from tg1.sweep.standing import Tried

    Draw = Callable[[str, Axes, list[Cell], str], tuple[str, bytes]]


def drawer() -> Draw:
    """What draws: half a second of imports that a sweep without a picture does not pay. Raises `ConfigError`."""
    try:
        from tg1.report.picture import png_of  # noqa: PLC0415  # as the docstring says
        from tg1.sweep.heat_chart import heat_spec  # noqa: PLC0415
        from tg1.sweep.heat_page import heat_page  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise ConfigError(f"--heat-map needs {exc.name}; install it with: pip install 'tg1[insight]'") from exc

    def draw(title: str, axes: Axes, found: list[Cell], text: str) -> tuple[str, bytes]:
        spec: dict[str, Any] = heat_spec(axes, found)
        return heat_page(title, spec, text), png_of(spec)

    return draw


def drawn(command: SweepCommand, tried: Tried, text: str, draw: Draw, now: datetime) -> str:
    """Draw and write, and say where; "" when no heat map is wanted. Raises `ConfigError` when the disk says no."""
    if command.axes is None or not tried.best_first:
        return ""
    page = command.page or FOLDER / f"sweep_{now:%Y%m%d-%H%M%S}.html"
    png = command.png or page.with_suffix(".png")
    pairs = ", ".join(dict.fromkeys(one.pair for one in command.asked.accepted))
    title = f"{pairs}: net over {command.axes.x} and {command.axes.y}".replace("_", " ")
    html, picture = draw(title, command.axes, cells(command.axes, command.asked, tried), text)
    write_whole(page, html.encode(), "--report")
    write_whole(png, picture, "--png")
    return f"heat map: {page} and {png}"
