"""The page in a real headless Chromium: it draws, complains of nothing, and tells of each order that is pointed at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.replay.test_made import LINE
from tests.support.chromium import CHROMIUM, MISSING, browser
from tg1.replay.program import main
from tg1.report import picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.chromium import Tab

DRAWN = "document.documentElement.dataset.drawn"
CORNER = "(({left, top}) => [left, top])(document.querySelector('#chart canvas').getBoundingClientRect())"
CANVASES = "[...document.querySelectorAll('#chart canvas')].filter(one => one.width > 200 && one.height > 500).length"
FILL_IN_THE_PICTURE = """
(() => {
  const {view} = window.tg1Views.chart, found = [];
  const search = (item, x, y) => {
    if (item.datum?.what && item.shape) found.push([x + item.x, y + item.y]);
    if (!item.marktype) [x, y] = [x + (item.x ?? 0), y + (item.y ?? 0)];
    for (const inner of item.items ?? []) search(inner, x, y);
  };
  search(view.scenegraph().root, ...view.origin());
  const box = document.querySelector('#chart canvas').getBoundingClientRect();
  return [found.length, box.left + found[0][0], box.top + found[0][1]];
})()
"""


async def _point_at_a_fill(tab: Tab, *, touch: bool = False) -> str:
    """What the page says of the first fill in the picture."""
    await tab.value("document.getElementById('chart').scrollIntoView()")
    number, x, y = await tab.value(FILL_IN_THE_PICTURE)
    assert number > 10
    if touch:
        await tab.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        await tab.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    else:
        for step in (3, 0):
            await tab.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y)
    await tab.until("document.getElementById('vg-tooltip-element')?.classList.contains('visible')")
    return str(await tab.value("document.getElementById('vg-tooltip-element').innerText"))


async def _look_closer(tab: Tab) -> None:
    """Mark some hours in the narrow band, and see all bands show them alone."""
    await tab.value("document.getElementById('chart').scrollIntoView()")
    left, top = await tab.value(CORNER)
    for kind, x, buttons in (("Moved", 290, 0), ("Pressed", 300, 1), ("Moved", 400, 1), ("Released", 400, 0)):
        await tab.ask(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=left + x, y=top + 20, button="left", buttons=buttons
        )
    await tab.until("window.tg1Views.chart.view.signal('hours').t?.length === 2")


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_page_of_two_days_is_drawn_chosen_and_pointed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a desk and on a phone at night; without a network, and under 3 MB a day."""
    monkeypatch.setattr(picture, "run_png", lambda _: b"not what is looked at here")
    page = tmp_path / "day.html"
    name = "<img src=x onerror=alert(1)> & Co"
    assert main([*LINE, "--bot-name", name, "--made-days", "2", "--square-off-at", "15:17", "--report", str(page)]) == 0
    assert page.stat().st_size < 3_000_000

    async def look() -> None:
        async with browser(tmp_path / "profile") as tab:
            await tab.resize(1280, 900)
            await tab.open(page.as_uri())
            await tab.until(DRAWN)
            assert await tab.value("document.querySelector('h1').textContent") == name
            assert await tab.value(CANVASES) == 1
            told = await _point_at_a_fill(tab)
            assert all(word in told for word in ("Order", "entry", "IRFC", "Placed", "limit", "Filled", "Charges"))
            await _look_closer(tab)
            # Every order is in a table as well, for who can't point.
            await tab.value("document.getElementById('all-orders').open = true")
            await tab.until("document.querySelectorAll('#orders tbody tr').length > 10")
            # The other day, by the chooser.
            before = await tab.value(DRAWN)
            await tab.value("document.querySelector('#day').value === '0' ? after.click() : before.click()")
            await tab.until(f"{DRAWN} !== '{before}'")
            assert await tab.value("document.querySelectorAll('#levels tbody tr').length") >= 10
            # A phone, at night: nothing is wider than the screen.
            await tab.resize(390, 844, dark=True)
            await tab.open(page.as_uri())
            await tab.until(DRAWN)
            assert await tab.value("document.documentElement.scrollWidth") == 390
            await tab.ask("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=1)
            assert "entry" in await _point_at_a_fill(tab, touch=True)
            assert await tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
            assert await tab.value("performance.getEntriesByName('draw').length") >= 1
            assert tab.complaints == []

    asyncio.run(look())
