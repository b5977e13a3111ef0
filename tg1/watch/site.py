"""The answers of the page's server: files, the stream, metrics, health. It changes nothing, and takes only GET."""

from __future__ import annotations

import asyncio
import logging
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web

from tg1.watch.guard import COOKIE, HEADERS, METHODS, Guard
from tg1.watch.metrics import CONTENT_TYPE, MISSING, exposition
from tg1.watch.stream import OpenPage, Stage, as_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tg1.machine.clock import Clock

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)

LATE_SECS = 5.0
"""A look that is older is said on the page."""
SICK_SECS = 15.0
"""A look that is older makes /healthz answer 503."""
PATIENCE_SECS = 20.0
"""A page that takes nothing for so long is given up."""
COOKIE_SECS = 30 * 86400
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_UNAUTHORIZED = 401


class Site:
    """The answers. `stage` is made by the loop that serves them."""

    def __init__(self, guard: Guard, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self.stage = Stage()
        self._static = _static()

    def app(self) -> web.Application:
        """The application that aiohttp serves."""
        app = web.Application(middlewares=[self._guarded])
        app.on_response_prepare.append(_with_headers)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/static/{name}", self._file),
                web.get("/session", self._session),
                web.get("/stream", self._stream, allow_head=False),
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._health),
            ]
        )
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in METHODS:
            return web.Response(status=405, text="This page changes nothing.\n", headers={"Allow": ", ".join(METHODS)})
        refusal = self._guard.refusal(request.path, request.headers, request.cookies.get(COOKIE, ""))
        if refusal is None:
            return await handler(request)
        status, sentence = refusal
        if status == _UNAUTHORIZED and request.path == "/":
            return self._text("login.html", status=_UNAUTHORIZED)
        headers = {"WWW-Authenticate": 'Bearer realm="tg1 watch"'} if status == _UNAUTHORIZED else {}
        return web.Response(status=status, text=f"{sentence}\n", headers=headers)

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return self._text("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        return self._text(name)

    def _text(self, name: str, status: int = 200) -> web.Response:
        kind = _TYPES[name[name.rindex(".") :]]
        return web.Response(status=status, body=self._static[name], content_type=kind, charset="utf-8")

    async def _session(self, request: web.Request) -> web.StreamResponse:
        """Give a browser that has the token a cookie in its place."""
        if not self._guard.is_bearer(request.headers.get("Authorization", "")):
            return web.Response(status=401, text="That is not the token.\n")
        answer = web.Response(status=204)
        is_tls = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        answer.set_cookie(
            COOKIE, self._guard.cookie(), httponly=True, samesite="Strict", secure=is_tls, max_age=COOKIE_SECS
        )
        return answer

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await answer.prepare(request)
        page = OpenPage(request.query.get("bot", ""))
        self.stage.enter(page)
        try:
            while not page.is_over:
                if message := self.stage.message(page, self._late()):
                    await asyncio.wait_for(answer.write(f"data: {message}\n\n".encode()), PATIENCE_SECS)
                await self.stage.change(page)
        except (ConnectionError, TimeoutError):
            log.debug("A page was closed, or takes nothing any more")
        finally:
            self.stage.leave(page)
        return answer

    def _age(self) -> float:
        look = self.stage.look
        return float("inf") if look is None else max(0.0, self._clock.monotonic() - look.mono)

    def _late(self) -> str:
        age = self._age()
        return f"{age:.0f} s" if age > LATE_SECS else ""

    async def _metrics(self, _: web.Request) -> web.StreamResponse:
        body = exposition(self.stage.look, self._age())
        if body is None:
            return web.Response(status=501, text=f"{MISSING}.\n")
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def _health(self, _: web.Request) -> web.StreamResponse:
        age = self._age()
        is_well = age <= SICK_SECS
        told = {"ok": is_well, "last_look_age_secs": None if age == float("inf") else round(age, 1)}
        return web.Response(status=200 if is_well else 503, text=as_json(told) + "\n", content_type="application/json")


async def _with_headers(_: web.Request, answer: web.StreamResponse) -> None:
    """Every answer, also of an error, tells the browser the same rules."""
    answer.headers.update(HEADERS)


def _static() -> dict[str, bytes]:
    """The files that ship with the package; read once, so that nothing outside can be asked for."""
    folder = files("tg1.watch").joinpath("static")
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.name[each.name.rfind(".") :] in _TYPES}
