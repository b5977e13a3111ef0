"""The server in its thread, and the page in a real Chromium."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import CHROMIUM, MISSING, browser
from tests.support.fakes import HandClock
from tests.support.looks import a_look, seen
from tests.support.patience import PATIENCE_SECS
from tests.support.told import BOOT_SECS, a_snapshot, an_event
from tg1.errors import ConfigError
from tg1.models import Attention
from tg1.watch.guard import Guard
from tg1.watch.server import PageServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.chromium import Tab
    from tg1.watch.seen import Look

MARKUP = "<img src=x onerror=alert(1)> & Co"
TOKEN = "0123456789abcdef0123"


def a_clock() -> HandClock:
    """At the moment of the tests' looks."""
    clock = HandClock()
    clock.mono = BOOT_SECS + 0.5
    return clock


@pytest.fixture
def server() -> Iterator[PageServer]:
    """One on any free port of this machine."""
    server = PageServer("127.0.0.1", 0, Guard(), a_clock())
    yield server
    server.stop()


def get(url: str, **headers: str) -> tuple[int, str]:
    """Status and text of an answer."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECS) as answer:  # noqa: S310 - as above
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read().decode()


def test_a_look_is_shown_from_another_thread(server: PageServer) -> None:
    """The look hands it over and goes on."""
    url = server.start()
    assert get(f"{url}healthz")[0] == 503
    server.show(a_look(seen()))
    assert get(f"{url}healthz") == (200, '{"ok":true,"last_look_age_secs":0.0}\n')


def test_the_end_does_not_wait_for_open_pages(server: PageServer) -> None:
    """A browser that listens is told that it is over."""
    url = server.start()
    server.show(a_look(seen()))
    with urllib.request.urlopen(f"{url}stream", timeout=PATIENCE_SECS) as stream:  # noqa: S310 - loopback
        assert json.loads(stream.readline().removeprefix(b"data: "))["names"]
        server.stop()
        assert stream.read() == b"\n"
    assert not [thread for thread in threading.enumerate() if thread.name == "tg1 page"]


def test_a_port_in_use_is_a_sentence() -> None:
    """Another watch has it, or something else."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = PageServer("127.0.0.1", port, Guard(), a_clock())
        with pytest.raises(
            ConfigError, match=rf"--listen 127.0.0.1:{port} can't be listened on: .*[Aa]ddress already in use"
        ):
            server.start()


def a_day(net: str, *, note: str = "") -> Look:
    """Two bots: one with a name and an attention that are mark-up, one that earned `net`."""
    money = a_snapshot().money
    assert money is not None
    attention = (Attention(key="k", text=note, at="2026-02-16T10:00:00+05:30"),) if note else ()
    one = seen(a_snapshot(attention=attention), name=MARKUP, events=[an_event(1, text=f"bought {MARKUP}")])
    two = seen(a_snapshot(money=replace(money, net=Decimal(net))), name="PNB-CANBK Grid")
    return a_look(one, two)


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_the_page_in_a_real_browser(tmp_path: Path) -> None:
    """Two bots, an update by the stream, the ladder of one, on a phone; the token first; nothing to complain of."""
    server = PageServer("127.0.0.1", 0, Guard(token=TOKEN), a_clock())
    url = server.start()
    try:
        asyncio.run(_visit(url, server, tmp_path))
    finally:
        server.stop()


async def _visit(url: str, server: PageServer, folder: Path) -> None:
    async with browser(folder / "profile") as tab:
        await tab.open(url)
        await tab.until("document.getElementById('token')")
        # The page asks for its token with a 401, which a browser's console notes.
        assert [each for each in tab.complaints if "401" not in each] == []
        tab.complaints.clear()
        await tab.value(f"document.getElementById('token').value = '{TOKEN}'")
        await tab.value("document.querySelector('#login button').click()")
        await _no_look_yet(tab)
        await _all_bots(tab, server)
        await _one_bot(tab, server)
        assert tab.complaints == []


async def _no_look_yet(tab: Tab) -> None:
    """A watch whose every round fails from the start must not look like one that has nothing to say."""
    await tab.until("document.getElementById('lost')")
    await tab.value("void (Date.now = (now => () => now() + 13000)(Date.now))")
    await tab.until("document.getElementById('lost').textContent.startsWith('The watch sends nothing')")


async def _all_bots(tab: Tab, server: PageServer) -> None:
    server.show(a_day("100"))
    await tab.until("document.querySelectorAll('#all .card').length === 2")
    names = await tab.value("[...document.querySelectorAll('#all h2')].map(each => each.textContent)")
    assert names == [MARKUP, "PNB-CANBK Grid"]
    assert await tab.value("document.getElementById('lost').hidden")
    assert await tab.value("document.images.length") == 0
    assert await tab.value("document.getElementById('count').textContent") == "2 bots, all well"
    server.show(a_day("-250.75", note="A target of B3 has no order."))
    await tab.until("[...document.querySelectorAll('#all .net')].some(each => each.textContent === '-250.75')")
    assert await tab.value("document.getElementById('count').textContent") == "2 bots, 1 needs you"
    assert await tab.value("document.querySelector('#all .note').firstChild.data") == "A target of B3 has no order."
    assert await tab.value("document.title") == "(1) TG1 watch"


async def _one_bot(tab: Tab, server: PageServer) -> None:
    await tab.value("document.querySelector('#all .card').click()")
    await tab.until("document.querySelector('#full .ladder')")
    rows = await tab.value("[...document.querySelectorAll('.ladder tbody tr')].map(row => row.textContent)")
    assert rows == ["▶49.20IRFC now", "B149.00target49.50100118.50works"]
    assert await tab.value("document.querySelector('#full .events span').textContent") == f"bought {MARKUP}"
    assert await tab.value("document.querySelector('#all').hidden")
    await tab.resize(390, 844)
    assert await tab.value("document.documentElement.scrollWidth") == 390
    server.show(a_day("7", note="Another thing."))
    await tab.until("document.querySelector('#full .note.bad').firstChild.data === 'Another thing.'")
    await tab.value("document.querySelector('#full .back').click()")
    await tab.until("!document.getElementById('all').hidden && document.getElementById('full').hidden")
