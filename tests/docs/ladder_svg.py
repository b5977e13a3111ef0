"""The picture of the ladder in README.md, drawn by the shipped code: `python -m tests.docs.ladder_svg` draws it anew.

A real engine plays a short morning on a broker by hand. What the trader sees then is exported as SVG by rich.
"""

from __future__ import annotations

import io
import logging
import re
import tempfile
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tests.engine.conftest import Bench
from tests.support.places import REPO
from tg1.models import Side
from tg1.screen.ladder import ladder_lines, render

if TYPE_CHECKING:
    from tg1.screen.view import LadderView

PICTURE = REPO / "docs/ladder.svg"
COLUMNS, ROWS = 84, 30
ROW = re.compile(r"<text [^>]*\by=\"([\d.]+)\"[^>]*>([^<]*)</text>")


def morning(folder: Path) -> LadderView:
    """Return the view after a morning: a hedge that filled, two round trips, and one level that is open and hedged."""
    bench = Bench(folder, steps=5).begin()
    bench.cycle(6)
    move(bench, "51.00", "120.50")
    fill(bench, Side.SELL, "51.00")
    move(bench, "51.40", "122.60")
    fill(bench, Side.BUY, "122.50", "upside_oco", at="122.60")
    move(bench, "52.00", "122.80")
    fill(bench, Side.SELL, "52.00")
    move(bench, "51.50", "122.10")
    fill(bench, Side.BUY, "51.50")
    move(bench, "49.00", "119.90")
    fill(bench, Side.BUY, "49.00")
    move(bench, "49.50", "120.40")
    fill(bench, Side.SELL, "49.50")
    move(bench, "49.00", "119.80")
    fill(bench, Side.BUY, "49.00")
    move(bench, "48.65", "119.30")
    bench.cycle(3)
    return bench.engine.view()


def move(bench: Bench, token_a: str, token_b: str) -> None:
    """Let the market trade at these prices."""
    bench.feed.prices |= {"IRFC": Decimal(token_a), "SBIN": Decimal(token_b)}


def fill(bench: Bench, side: Side, price: str, account: str = "trade", at: str | None = None) -> None:
    """Let the order at a price fill, there or at another, and the bot see it and place what follows."""
    bench.broker.fill(bench.broker.working_at(side, price, account).order_id, price=at)
    bench.cycle(2)


def draw(view: LadderView) -> str:
    """Return the screen as an SVG document."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(render(view, ROWS, COLUMNS))
    return console.export_svg(title="python -m tg1.run", unique_id="tg1")


def words_of(svg: str) -> list[str]:
    """Return the lines of text that a picture shows, top down, trailing blanks cut off."""
    rows: dict[float, str] = {}
    for y, text in ROW.findall(svg):
        rows[float(y)] = rows.get(float(y), "") + unescape(text)
    return [re.sub(r"\s+", " ", rows[y]).strip() for y in sorted(rows)]


def seen(view: LadderView) -> list[str]:
    """Return the lines that the trader reads, blanks folded."""
    return [re.sub(r"\s+", " ", line.text).strip() for line in ladder_lines(view, ROWS, COLUMNS)]


if __name__ == "__main__":
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(draw(morning(Path(folder))), encoding="utf-8")
