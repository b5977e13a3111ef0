"""A small websocket server in a thread that speaks the ticker's side of kite.md 1 and can fail in all its ways."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine

HEARTBEAT = b"\x00"


def ltp_frame(*ticks: tuple[int, int]) -> bytes:
    """Encode (instrument token, paise) as one LTP message (kite.md 1.6)."""
    packets = b"".join(struct.pack(">HII", 8, token, paise) for token, paise in ticks)
    return struct.pack(">H", len(ticks)) + packets


def quote_packet(token: int, paise: int) -> bytes:
    """Encode one packet of mode quote; volume, day's range and the rest are made up (kite.md 1.6)."""
    return struct.pack(">11I", token, paise, 7, paise, 1_000, 500, 400, paise, paise + 100, paise - 100, paise + 5)


def full_packet(token: int, paise: int) -> bytes:
    """Encode one packet of mode full: a quote, times, open interest and ten depth rows (kite.md 1.6)."""
    depth = b"".join(struct.pack(">IIHH", 10, paise + step, 2, 0) for step in range(10))
    return quote_packet(token, paise) + struct.pack(">5I", 1_764_000_000, 0, 0, 0, 1_764_000_001) + depth


def frame_of(*packets: bytes) -> bytes:
    """Put packets of any mode into one message."""
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)


def eventually(condition: Callable[[], Any], *, within_secs: float = 30.0) -> Any:
    """Return the first truthy value of `condition`; fail when there is none in time."""
    deadline = time.monotonic() + within_secs
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("the condition did not come true in time")
        threading.Event().wait(0.01)
    return value


class FakeKite:
    """The server. Attributes may be changed from any thread at any time; connections look at them as they go."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.prices: dict[int, int] = {}
        self.dead_tokens: set[str] = set()
        self.refusal_status = 403
        self.answers_handshake = True
        self.beats = True
        self.reads = True
        self.caches = True
        self.repeats = True
        """Off: a token that is subscribed already is not answered for."""
        self.handshakes: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.port = 0
        self._tls = tls
        self._requests: list[web.Request] = []
        self._subscribed: set[int] = set()
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.call(self._listen())
        return self

    def __exit__(self, *_exc: object) -> None:
        self.call(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def root(self) -> str:
        """The `ws://` or `wss://` address."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def send(self, payload: bytes | str) -> None:
        """Send one message on the newest connection."""
        newest = self.sockets[-1]
        self.call(newest.send_bytes(payload) if isinstance(payload, bytes) else newest.send_str(payload))

    def tick(self, token: int, paise: int) -> None:
        """Change a price and stream it."""
        self.prices[token] = paise
        self.send(ltp_frame((token, paise)))

    def pong(self) -> None:
        """Send a pong that nobody asked for."""
        self.call(self.sockets[-1].pong())

    def close(self, code: int = 1001) -> None:
        """Close the newest connection with a close frame."""
        self.call(self.sockets[-1].close(code=code, message=b"going away"))

    def fin(self) -> None:
        """End the newest connection's TCP stream without a close frame."""
        self._loop.call_soon_threadsafe(self._transport().close)

    def rst(self) -> None:
        """Reset the newest connection."""
        raw = self._transport().get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._loop.call_soon_threadsafe(self._transport().abort)

    def stop_reading(self) -> None:
        """Leave the newest connection open, and neither read nor write on it."""
        self.beats = False
        self._loop.call_soon_threadsafe(self._transport().pause_reading)

    def stop_listening(self) -> None:
        """Let the port be refused from now on, and cut what is open."""
        self.call(self._shut())

    def listen_again(self) -> None:
        """Serve the same port again."""
        self.call(self._listen())

    def _transport(self) -> Any:
        return self._requests[-1].transport

    async def _listen(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _shut(self) -> None:
        for request in self._requests:
            if request.transport:
                request.transport.abort()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        token = request.query.get("access_token", "")
        self.handshakes.append(token)
        if not self.answers_handshake:
            await asyncio.sleep(3600)
        if token in self.dead_tokens:
            return web.Response(status=self.refusal_status)
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        self._requests.append(request)
        self.sockets.append(connection)
        self._subscribed.clear()
        beating = asyncio.create_task(self._beat(connection))
        try:
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    await self._obey(connection, json.loads(message.data))
        finally:
            beating.cancel()
        return connection

    async def _beat(self, connection: web.WebSocketResponse) -> None:
        while not connection.closed:
            await asyncio.sleep(0.1)
            if self.beats:
                try:
                    await connection.send_bytes(HEARTBEAT)
                except ConnectionError:
                    return

    async def _obey(self, connection: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["a"] == "unsubscribe":
            self._subscribed.difference_update(frame["v"])
        if frame["a"] == "mode" and self.caches:
            wanted = [token for token in frame["v"][1] if self.repeats or token not in self._subscribed]
            self._subscribed.update(wanted)
            ticks = [(token, self.prices[token]) for token in wanted if token in self.prices]
            if ticks:
                await connection.send_bytes(ltp_frame(*ticks))
