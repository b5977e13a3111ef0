"""The stream behind a page: what each open page has to hear next. Used inside the server's loop alone.

A client that reads slowly gets the newest look when it has taken the last one, and nothing piles up for it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.watch.page import in_full, in_short

if TYPE_CHECKING:
    from tg1.watch.seen import Look

MOST_STREAMS = 32
"""Pages that may be open at a time; one more closes the oldest, which may be a phone that is long gone."""
HEARTBEAT_SECS = 5.0
"""A page hears of us that often, whether anything changed or not."""


def as_json(value: object) -> str:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"))


@dataclass(slots=True)
class OpenPage:
    """What one open page was sent."""

    bot: str
    """Name of the bot that it shows in full; empty for none."""
    sent: dict[str, str] = field(default_factory=dict)
    full: str = ""
    look: Look | None = None
    """The last that it was told."""
    is_over: bool = False
    """True when it has to make room, or the process ends."""


class Stage:
    """The newest look, and the pages that wait for the next."""

    def __init__(self) -> None:
        self.look: Look | None = None
        self._pages: deque[OpenPage] = deque()
        self._next = asyncio.Event()
        self._short: tuple[Look | None, dict[str, str]] = (None, {})

    @property
    def open_pages(self) -> int:
        """How many are open."""
        return len(self._pages)

    def show(self, look: Look) -> None:
        """Take a new look and wake who waits."""
        self.look = look
        self._wake()

    def close(self) -> None:
        """Let every page end."""
        for page in self._pages:
            page.is_over = True
        self._wake()

    def _wake(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    def enter(self, page: OpenPage) -> None:
        """Take a page in; the oldest makes room where there is none."""
        while len(self._pages) >= MOST_STREAMS:
            self._pages.popleft().is_over = True
            self._wake()
        self._pages.append(page)

    def leave(self, page: OpenPage) -> None:
        """A page was closed."""
        if page in self._pages:
            self._pages.remove(page)

    async def change(self, page: OpenPage) -> None:
        """Return when there is a look that the page has not heard of, or its end, and now and then without either."""
        if page.is_over or self.look is not page.look:
            return
        waker = self._next
        try:
            await asyncio.wait_for(waker.wait(), HEARTBEAT_SECS)
        except TimeoutError:
            return

    def message(self, page: OpenPage, late: str) -> str:
        """What a page has to hear now, as JSON: only the bots that changed. Empty before the first look.

        `late` says how old the look is when it is older than it should be.
        """
        look = page.look = self.look
        if look is None:
            return ""
        short = self._in_short(look)
        changed = [text for name, text in short.items() if page.sent.get(name) != text]
        page.sent = dict(short)
        parts = {
            "at": as_json(f"{look.at:%H:%M:%S}"),
            "late": as_json(late),
            "names": as_json(list(short)),
            "faults": as_json(list(look.faults)),
            "owed": str(look.owed),
            "bots": f"[{','.join(changed)}]",
        }
        if page.bot and (full := _full(look, page.bot)) != page.full:
            page.full = parts["full"] = full
        return "{" + ",".join(f'"{key}":{text}' for key, text in parts.items()) + "}"

    def _in_short(self, look: Look) -> dict[str, str]:
        """Every bot in short as JSON, by its name; made once a look, however many pages are open."""
        if self._short[0] is not look:
            self._short = (look, {bot.name: as_json(in_short(bot)) for bot in look.bots})
        return self._short[1]


def _full(look: Look, name: str) -> str:
    """One bot in full; "null" when there is none of that name."""
    for bot in look.bots:
        if bot.name == name:
            return as_json(in_full(bot))
    return "null"
