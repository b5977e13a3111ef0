"""When orders known by their tag alone are surely gone, and whether a bot elsewhere makes new ones (behaviour 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.rules.reconcile import DoubtTracker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tg1.trading.book import Book
    from tg1.trading.strangers import Orphan

WATCH_SECS = 10.0
"""How long the books are watched after the last cancel, where nothing here says who placed the orders."""
SETTLED_SECS = 5.0
"""An order that shows up later than this after the first cancel was placed by somebody who still lives."""


class TagProof:
    """Counts clean looks at the books: one proves nothing where no state says what must be there."""

    def __init__(self, *, watches: bool) -> None:
        self._watches = watches
        """True where neither a state nor a lock is here: the bot may live in another folder."""
        self._clean = DoubtTracker()
        self._proven: set[str] = set()
        self._ids: set[str] = set()
        self._first_at: float | None = None
        self._last_at = 0.0
        self.lives_elsewhere = False
        self.found = 0
        """Working orders of the tag that were seen."""

    def note(self, orphans: Iterable[Orphan], now: float) -> None:
        """Look at the working orders of the tag (`now`: monotonic seconds)."""
        ids = {orphan.order_id for orphan in orphans}
        fresh = ids - self._ids
        if ids:
            self._first_at = now if self._first_at is None else self._first_at
            self._last_at = now
            self._proven.clear()
        if fresh and self._watches and self._first_at is not None and now - self._first_at > SETTLED_SECS:
            self.lives_elsewhere = True
        self._ids |= ids
        self.found = len(self._ids)

    def is_clean(self, books: Mapping[str, Book], working: bool, now: float) -> bool:  # noqa: FBT001  # one fact of the look
        """True once every account has been looked at often and long enough without anything of ours working."""
        for account, book in books.items():
            if working:
                self._clean.forget(account)
            elif account not in self._proven and self._clean.absent(account, now, is_empty=book.is_empty) is not None:
                self._proven.add(account)
        watched = not self._watches or self._first_at is None or now - self._last_at >= WATCH_SECS
        return not working and watched and self._proven >= books.keys()
