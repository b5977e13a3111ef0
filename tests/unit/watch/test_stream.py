"""What each open page hears."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.support.looks import a_look, seen
from tests.support.told import a_snapshot
from tg1.watch.stream import OpenPage, Stage


def heard(stage: Stage, page: OpenPage, late: str = "") -> dict[str, Any]:
    """The next message, read."""
    message: dict[str, Any] = json.loads(stage.message(page, late))
    return message


def test_a_page_hears_everything_first_and_then_what_changed() -> None:
    """A bot to which nothing happened is not sent again."""
    stage, page = Stage(), OpenPage("")
    assert stage.message(page, "") == ""
    stage.show(a_look(seen(name="A"), seen(name="B"), faults=("no folder",), owed=2))
    first = heard(stage, page)
    assert first["names"] == ["A", "B"]
    assert [bot["name"] for bot in first["bots"]] == ["A", "B"]
    assert (first["faults"], first["owed"], first["late"]) == (["no folder"], 2, "")
    assert "full" not in first
    money = a_snapshot().money
    assert money is not None
    stage.show(a_look(seen(name="A"), seen(a_snapshot(money=replace(money, net=Decimal(1))), name="B")))
    second = heard(stage, page, "7 s")
    assert [bot["money"]["net"] for bot in second["bots"]] == ["+1.00"]
    assert (second["names"], second["late"]) == (["A", "B"], "7 s")
    assert heard(stage, page)["bots"] == []


def test_a_page_of_one_bot_hears_it_in_full_when_it_changed() -> None:
    """And that there is none of that name."""
    stage, page, stranger = Stage(), OpenPage("A"), OpenPage("nobody")
    stage.show(a_look(seen(name="A")))
    assert heard(stage, page)["full"]["levels"][0]["name"] == "B1"
    assert "full" not in heard(stage, page)
    assert heard(stage, stranger)["full"] is None


def test_the_oldest_page_makes_room() -> None:
    """32 may be open; a phone that is long gone must not keep a person out."""
    stage = Stage()
    pages = [OpenPage("") for _ in range(34)]
    for page in pages:
        stage.enter(page)
    assert [page.is_over for page in pages] == [True, True] + [False] * 32
    assert stage.open_pages == 32
    stage.leave(pages[0])
    stage.leave(pages[5])
    assert stage.open_pages == 31


def test_whoever_waits_is_woken_by_a_look_and_by_the_end() -> None:
    """Every one of them."""

    async def play() -> None:
        stage = Stage()
        page = OpenPage("")
        stage.enter(page)
        waiting = [asyncio.create_task(stage.change(page)) for _ in range(3)]
        await asyncio.sleep(0)
        stage.show(a_look())
        await asyncio.gather(*waiting)
        stage.message(page, "")
        waiting = [asyncio.create_task(stage.change(page)) for _ in range(3)]
        await asyncio.sleep(0)
        stage.close()
        await asyncio.gather(*waiting)
        assert page.is_over

    asyncio.run(play())


def test_what_came_while_a_page_was_written_to_is_not_waited_for() -> None:
    """A look, and the end: between two waits nothing is missed."""

    async def play() -> None:
        stage = Stage()
        page = OpenPage("")
        stage.enter(page)
        stage.show(a_look())
        await asyncio.wait_for(stage.change(page), 1)
        stage.message(page, "")
        stage.close()
        await asyncio.wait_for(stage.change(page), 1)

    asyncio.run(play())
