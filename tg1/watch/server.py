"""Runs the page's server in a thread of its own. The look hands over a value and never waits for a browser."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from tg1.errors import ConfigError
from tg1.watch.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.machine.clock import Clock
    from tg1.watch.guard import Guard
    from tg1.watch.seen import Look

END_WITHIN_SECS = 3.0


class PageServer:
    """One address that shows what the watch sees."""

    def __init__(self, host: str, port: int, guard: Guard, clock: Clock) -> None:
        self._host = host
        self._port = port
        self._guard = guard
        self._clock = clock
        self._thread = threading.Thread(target=self._run, name="tg1 page", daemon=True)
        self._begun = threading.Event()
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._site: Site | None = None
        self._end: asyncio.Event | None = None

    def start(self) -> str:
        """Listen, and return the address. Raises `ConfigError` when that can't be, e.g. for a port in use."""
        self._thread.start()
        self._begun.wait()
        if self._failure is not None:
            why = self._failure.strerror or str(self._failure)
            raise ConfigError(f"--listen {self._host}:{self._port} can't be listened on: {why}") from self._failure
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    def show(self, look: Look) -> None:
        """Show a new look. Returns at once."""
        if self._site is not None:
            self._call(partial(self._site.stage.show, look))

    def stop(self) -> None:
        """End, also with pages open; waits a bounded time."""
        if self._end is not None:
            self._call(self._end.set)
        self._thread.join(END_WITHIN_SECS)

    def _call(self, act: Callable[[], object]) -> None:
        """Have it done in the server's thread; nothing when that has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                self._loop.call_soon_threadsafe(act)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as exc:
            self._failure = exc
        finally:
            self._begun.set()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self._site = Site(self._guard, self._clock)
        runner = web.AppRunner(self._site.app(), access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            listener = web.TCPSite(runner, self._host, self._port)
            await listener.start()
            self._port = runner.addresses[0][1]
            self._loop = asyncio.get_running_loop()
            self._begun.set()
            await self._end.wait()
            self._site.stage.close()
        finally:
            await runner.cleanup()
