"""The server's answers, asked as a browser or Prometheus would ask: headers, token, 405, the stream."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.support.fakes import HandClock
from tests.support.looks import a_look, seen
from tests.support.told import BOOT_SECS
from tg1.watch.guard import COOKIE, HEADERS, Guard
from tg1.watch.site import Site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp
    from aiohttp import web

    Client = TestClient[web.Request, web.Application]

TOKEN = "0123456789abcdef0123"
HTML = '<script>alert(1)</script> & "Co"'


def ask(play: Callable[[Client, Site], Awaitable[None]], guard: Guard | None = None, *, secs: float = 0.0) -> None:
    """Serve one bot with a name that is mark-up, seen so many seconds ago, to `play`."""

    async def serve() -> None:
        clock = HandClock()
        clock.mono = BOOT_SECS + 0.5 + secs
        site = Site(guard or Guard(), clock)
        async with TestClient(TestServer(site.app())) as client:
            site.stage.show(a_look(seen(name=HTML)))
            await play(client, site)

    asyncio.run(serve())


async def next_message(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event of a stream."""
    line = await answer.content.readline()
    assert line.startswith(b"data: ")
    assert await answer.content.readline() == b"\n"
    told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return told


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/stream", "/metrics", "/healthz", "/nothing", "/session"])
def test_every_answer_tells_the_browser_the_same_rules(path: str) -> None:
    """Also those that refuse."""

    async def play(client: Client, site: Site) -> None:
        async with client.get(path) as answer:
            assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
            site.stage.close()

    ask(play)


def test_the_page_is_its_own_files_and_nothing_inline() -> None:
    """No script and no style stands in the page, nothing comes from elsewhere."""

    async def play(client: Client, _: Site) -> None:
        for path in ("/", "/static/login.html"):
            text = await (await client.get(path)).text()
            assert "<style" not in text
            assert "style=" not in text
            assert "http" not in text
            assert all(' src="/static/' in line for line in text.splitlines() if "<script" in line)
        for name, kind in (("page.js", "text/javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml")):
            answer = await client.get(f"/static/{name}")
            assert (answer.status, answer.content_type) == (200, kind)

    ask(play)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/stream", "/session", "/nothing"])
def test_nothing_can_be_changed(method: str, path: str) -> None:
    """405, and what may be asked instead."""

    async def play(client: Client, _: Site) -> None:
        answer = await client.request(method, path)
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"

    ask(play)


@pytest.mark.parametrize(
    "path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static/missing.js", "/static/", "/site.py"]
)
def test_nothing_else_is_served(path: str) -> None:
    """The files were read once; nothing is looked up."""

    async def play(client: Client, _: Site) -> None:
        assert (await client.get(path)).status == 404

    ask(play)


def test_a_strange_host_is_refused() -> None:
    """Over the wire as in the guard."""

    async def play(client: Client, _: Site) -> None:
        answer = await client.get("/stream", headers={"Host": "evil.example"})
        assert answer.status == 421
        assert "evil.example" in await answer.text()

    ask(play)


def test_the_stream_brings_the_bots_and_every_change() -> None:
    """A name is text: it arrives as it is, in JSON."""

    async def play(client: Client, site: Site) -> None:
        async with client.get("/stream", params={"bot": HTML}) as answer:
            assert answer.content_type == "text/event-stream"
            first = await next_message(answer)
            assert first["names"] == [HTML]
            assert first["full"]["name"] == HTML
            site.stage.show(a_look(seen(name=HTML), seen(name="Second")))
            second = await next_message(answer)
            assert [bot["name"] for bot in second["bots"]] == ["Second"]
            site.stage.close()
            assert await answer.content.read() == b""
        assert site.stage.open_pages == 0

    ask(play)


def test_a_page_with_a_token_is_opened_by_it_alone() -> None:
    """The browser gets a form, everybody else a 401; the token is given for a cookie that no script can read."""

    async def play(client: Client, _: Site) -> None:
        page = await client.get("/")
        assert (page.status, page.content_type) == (401, "text/html")
        assert "login.js" in await page.text()
        stream = await client.get("/stream")
        assert (stream.status, stream.headers["WWW-Authenticate"]) == (401, 'Bearer realm="tg1 watch"')
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status == 200
        assert (await client.get("/session", headers={"Authorization": "Bearer wrong"})).status == 401
        given = await client.get("/session", headers={"Authorization": f"Bearer {TOKEN}"})
        assert given.status == 204
        cookie = given.headers["Set-Cookie"]
        assert all(word in cookie for word in (f"{COOKIE}=", "HttpOnly", "SameSite=Strict", "Path=/"))
        assert "Secure" not in cookie
        assert TOKEN not in cookie
        assert (await client.get("/")).status == 200

    ask(play, Guard(token=TOKEN))


def test_behind_tls_the_cookie_is_for_tls_alone() -> None:
    """As the proxy says."""

    async def play(client: Client, _: Site) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-Proto": "https"}
        assert "Secure" in (await client.get("/session", headers=headers)).headers["Set-Cookie"]

    ask(play, Guard(token=TOKEN))


@pytest.mark.parametrize(("secs", "status"), [(0.4, 200), (15.0, 200), (15.1, 503)])
def test_health_is_the_age_of_the_last_look(secs: float, status: int) -> None:
    """Whoever watches the watch asks here; it needs no token."""

    async def play(client: Client, _: Site) -> None:
        answer = await client.get("/healthz")
        assert answer.status == status
        assert await answer.json() == {"ok": status == 200, "last_look_age_secs": secs}

    ask(play, Guard(token=TOKEN), secs=secs)


def test_before_the_first_look_nothing_is_well() -> None:
    """It has not looked yet."""

    async def play() -> None:
        async with TestClient(TestServer(Site(Guard(), HandClock()).app())) as client:
            answer = await client.get("/healthz")
            assert answer.status == 503
            assert await answer.json() == {"ok": False, "last_look_age_secs": None}

    asyncio.run(play())


def test_a_look_that_is_old_is_said_on_the_page() -> None:
    """Nobody takes yesterday's ladder for today's."""

    async def play(client: Client, site: Site) -> None:
        async with client.get("/stream") as answer:
            assert (await next_message(answer))["late"] == "9 s"
            site.stage.close()

    ask(play, secs=9.0)


def test_metrics_without_the_library_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """501, with the command that installs it."""
    monkeypatch.setattr("tg1.watch.site.exposition", lambda *_: None)

    async def play(client: Client, _: Site) -> None:
        answer = await client.get("/metrics")
        assert answer.status == 501
        assert "pip install 'tg1[watch]'" in await answer.text()

    ask(play)
