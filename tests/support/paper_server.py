"""A paper exchange that serves from a thread of the test's own process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.patience import PATIENCE_SECS
from tg1.paper.build import Paper
from tg1.paper.server import PaperServer, Roots


@contextmanager
def serving_in_thread(paper: Paper, *, waits_for_ticker: bool = False) -> Iterator[Roots]:
    """Serve while the context lasts, for tests that use blocking clients."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="paper-exchange", daemon=True)
    thread.start()
    server = PaperServer(paper, waits_for_ticker=waits_for_ticker)
    try:
        yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_SECS)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(PATIENCE_SECS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECS)
        loop.close()
