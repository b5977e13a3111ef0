"""The rind: one aiohttp application that carries the paper exchange over HTTP and a websocket.

It alone reads a clock and touches sockets, and it decides nothing. It binds to 127.0.0.1 only.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from aiohttp import WSMsgType, web

from tg1.paper.build import Paper
from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import IST
from tg1.paper.packets import MALFORMED
from tg1.paper.ticker import TickerSession
from tg1.paper.wire import Outcome, WireReply, WireRequest

HOST = "127.0.0.1"
_PUMP_SECS = 0.05
_WATCH_SECS = 0.02
_KEEPALIVE_SECS = 65.0
"""Idle connections live so long at one XTS broker (xts.md 4.8)."""
_CLOSE_GOING_AWAY = 1001
_REFUSALS = ("403", "429")
_LINGER_ZERO = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Where a running server is reached."""

    xts_root: str
    kite_root: str
    kite_ws_root: str


@dataclass(slots=True, eq=False)
class _Socket:
    request: web.Request
    ws: web.WebSocketResponse
    outbox: asyncio.Queue[bytes | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayProgress:
    """How far a replay is."""

    market_time: datetime | None
    """When the last price traded, IST; None for made prices, whose market is here and now."""
    played: float
    """From 0 to 1."""
    is_over: bool
    fault: str = ""
    """Why it ended before its end."""


class PaperServer:
    """Serves one `Paper` on the running event loop.

    `waits_for_ticker`: prices begin to move when somebody has subscribed to them, so that nobody misses a file's first
    hours while a bot starts.
    """

    def __init__(self, paper: Paper, *, host: str = HOST, port: int = 0, waits_for_ticker: bool = False) -> None:
        if host != HOST:
            raise PaperUsageError(f"the paper exchange listens on {HOST} only")
        self._paper = paper
        self._port = port
        self._sockets: set[_Socket] = set()
        self._last_now = datetime.now(IST)
        self._closing = False
        self._runner: web.AppRunner | None = None
        self._pump: asyncio.Task[None] | None = None
        self._may_play = asyncio.Event()
        if not waits_for_ticker:
            self._may_play.set()
        self._fault = ""
        paper.control.ticker = self._ticker_action

    async def start(self) -> Roots:
        """Begin to serve and to move prices; raises OSError when the port is taken."""
        now = self._now()
        self._paper.past.open(now)
        for symbol, price in self._paper.first.items():
            self._paper.trade(symbol, price, now, self._paper.playback.market_time)
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._dispatch)
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=_KEEPALIVE_SECS, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        port = self._runner.addresses[0][1]
        self._pump = asyncio.create_task(self._move_prices())
        http = f"http://{HOST}:{port}"
        return Roots(xts_root=http, kite_root=http, kite_ws_root=f"ws://{HOST}:{port}")

    async def stop(self) -> None:
        """Drop every connection and stop."""
        self._closing = True
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        for each in tuple(self._sockets):
            _drop(each.request)
        if self._runner is not None:
            await self._runner.cleanup()

    def _now(self) -> datetime:
        # the exchange's time must not run back, even if the machine's clock is set
        self._last_now = max(self._last_now, datetime.now(IST))
        return self._last_now

    @property
    def progress(self) -> ReplayProgress:
        """How far a replay is by now."""
        playback = self._paper.playback
        return ReplayProgress(
            market_time=playback.market_time,
            played=playback.played,
            is_over=playback.is_over or bool(self._fault),
            fault=self._fault,
        )

    async def _move_prices(self) -> None:
        loop = asyncio.get_running_loop()
        start: float | None = None
        while True:
            await asyncio.sleep(_PUMP_SECS)
            if start is None and self._may_play.is_set():
                start = loop.time()
            now = self._now()
            if start is not None and not self._fault:
                self._play((loop.time() - start) * self._paper.speed, now)
            self._paper.exchange.step(now)

    def _play(self, elapsed_secs: float, now: datetime) -> None:
        try:
            for event in self._paper.playback.until(elapsed_secs):
                self._paper.trade(event.symbol, event.price, now, event.market_time)
        except PaperUsageError as exc:
            self._fault = str(exc)  # the file was changed after it had been judged

    # HTTP

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/" and "websocket" in request.headers.get("Upgrade", "").lower():
            return await self._ticker(request)
        plain = await _plain_request(request)
        if plain.path.lstrip("/").lower().startswith("interactive/"):
            reply = self._paper.xts.handle(plain, self._now())
        elif plain.path.startswith("/paper/"):
            reply = self._paper.control.handle(plain, self._now())
        else:
            reply = self._paper.kite.handle(plain, self._now())
        return await self._carry_out(request, reply)

    async def _carry_out(self, request: web.Request, reply: WireReply) -> web.StreamResponse:
        if reply.delay_secs:
            await asyncio.sleep(reply.delay_secs)
        if reply.outcome is Outcome.RESET:
            _reset(request)
        elif reply.outcome is Outcome.SILENCE:
            await self._stay_silent(request)
        response = web.Response(status=reply.status, body=reply.body, headers=dict(reply.headers))
        if reply.headers.get("Content-Type") == "text/csv":
            response.enable_compression()
        return response

    async def _stay_silent(self, request: web.Request) -> None:
        # neither aiohttp nor asyncio tells a handler of a client's FIN, so the transport is watched
        while not self._closing and request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(_WATCH_SECS)
        _drop(request)

    # The ticker

    async def _ticker(self, request: web.Request) -> web.StreamResponse:
        handshake = self._paper.exchange.quirks.ticker_handshake
        if handshake == "ignore":
            await self._stay_silent(request)
            return web.Response()
        status = self._handshake_status(request)
        if status:
            return web.Response(status=status)
        ws = web.WebSocketResponse(compress=False, autoping=True, timeout=1.0)
        await ws.prepare(request)
        each = _Socket(request, ws, asyncio.Queue())
        session = TickerSession(self._paper.exchange, self._paper.tape, speed=self._paper.speed)
        self._sockets.add(each)
        sender = asyncio.create_task(_send(each, session))
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    session.on_text(message.data)
                    if session.modes:
                        self._may_play.set()
        finally:
            self._sockets.discard(each)
            sender.cancel()
        return ws

    def _handshake_status(self, request: web.Request) -> int:
        """The status with which a websocket is refused; 0 for a welcome one (kite.md 1.9, 2.6)."""
        quirks = self._paper.exchange.quirks
        if quirks.ticker_handshake in _REFUSALS:
            return int(quirks.ticker_handshake)
        api_key, token = request.query.get("api_key", ""), request.query.get("access_token", "")
        if not self._paper.kite.admits(api_key, token, self._now()):
            return 403
        others = sum(each.request.query.get("api_key") == api_key for each in self._sockets)
        return 429 if quirks.ticker_connections and others >= quirks.ticker_connections else 0

    def _ticker_action(self, action: str, text: str) -> None:
        for each in tuple(self._sockets):
            if action == "drop":
                _drop(each.request)
            elif action == "reset":
                _reset(each.request)
            elif action == "close":
                each.outbox.put_nowait(b"")
            else:
                each.outbox.put_nowait(MALFORMED if action == "malformed" else text)


async def _send(each: _Socket, session: TickerSession) -> None:
    loop = asyncio.get_running_loop()
    try:
        while True:
            while not each.outbox.empty():
                item = each.outbox.get_nowait()
                if item == b"":
                    await each.ws.close(code=_CLOSE_GOING_AWAY, message=b"going away")
                    return
                await (each.ws.send_bytes(item) if isinstance(item, bytes) else each.ws.send_str(item))
            frame = session.frame(loop.time())
            if frame is not None:
                await each.ws.send_bytes(frame)
            await asyncio.sleep(_PUMP_SECS)
    except ConnectionError:
        return  # the client went away; the reader's loop ends with it


async def _plain_request(request: web.Request) -> WireRequest:
    return WireRequest(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        raw_query=request.query_string,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.read(),
    )


def _drop(request: web.Request) -> None:
    """End the connection with a FIN and no close frame."""
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> None:
    """End the connection with an RST."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        request.transport.abort()
