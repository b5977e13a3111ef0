"""The ladder on a real terminal: the thin edge around `rich.live.Live`, which is loaded only where there is one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.screen.ladder import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from rich.console import Console

    from tg1.screen.view import LadderView
    from tg1.screen.writer import Writer

log = logging.getLogger(__name__)


class LadderScreen:
    """Keeps one ladder on the terminal; log lines go above it through `console`.

    A terminal that went away (a closed SSH session) ends the drawing, never the bot. Frames are drawn by the terminal's
    writer; when it is slow, the newest one is drawn and those between are dropped (behaviour 19).
    """

    def __init__(self, writer: Writer, console: Console, has_gone: Callable[[], bool] = lambda: False) -> None:
        """`has_gone`: nothing may be written to the terminal any more."""
        from rich.live import Live  # noqa: PLC0415  # a bot without a terminal never loads rich

        self.console = console
        self._writer = writer
        self._has_gone = has_gone
        self._newest: LadderView | None = None
        self._asked = False
        self._live = Live(console=self.console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._gone = False

    def show(self, view: LadderView) -> None:
        """Let the view be drawn in place of the last one; returns at once."""
        self._newest = view
        if not self._asked:
            # Before it is offered: the writer may have drawn by the time that `offer` returns.
            self._asked = True
            if not self._writer.offer(self._draw):
                self._asked = False

    def _draw(self) -> None:
        self._asked = False
        view = self._newest
        if view is None or self._gone or self._has_gone():
            return
        try:
            if not self._live.is_started:
                self._live.start()
            self._live.update(render(view, self.console.height - 1, self.console.width), refresh=True)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            self._gone = True
            log.warning("The terminal can't be drawn on any more (%s); the bot goes on without its ladder.", error)

    def stop(self) -> None:
        """Leave the last ladder on the screen; harmless when nothing was drawn. Returns at once."""
        self._writer.insist(self._leave)

    def _leave(self) -> None:
        if self._has_gone():
            return
        try:
            self._live.stop()
        except (OSError, ValueError) as error:
            self._gone = True
            log.debug("The terminal went away before the ladder could be left on it: %s", error)


def console_on(stream: TextIO) -> Console:
    """Rich's console on a terminal."""
    from rich.console import Console  # noqa: PLC0415  # a bot without a terminal never loads rich

    return Console(file=stream)
