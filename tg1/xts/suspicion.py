"""Whose fault a refused order is, its own or a dead session's (behaviour 11.1): PURE.

The words of a dead session differ from server to server, and an account in which nothing works reads no book. So an
order that is refused in new words is its own fault only once the session was seen alive after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tg1.errors import Forbidden, RateLimited, SessionRefused
from tg1.rules.account_trouble import same_words

if TYPE_CHECKING:
    from tg1.errors import BrokerError, BrokerRefused

_OF_THE_ORDER = re.compile(r"\b(rms|margin|holdings?|circuit)\b", re.IGNORECASE)
"""The risk system and its complaints: it is asked only after the session was let in."""


class Suspicion:
    """What the refused orders of one account say of its session."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        """Words since which the session was not seen alive."""
        self._orders_own: set[str] = set()
        """Words after which it was."""

    def accuse(self, words: str) -> bool:
        """Note a refused order; True when the session has lived on after these words before."""
        self._open.add(same_words(words))
        return same_words(words) in self._orders_own

    @property
    def is_held(self) -> bool:
        """True while an order was refused and nothing has shown since that the session lives."""
        return bool(self._open)

    def seen_alive(self) -> None:
        """The session has answered: what it refused before was the orders' own fault."""
        self._orders_own |= self._open
        self._open.clear()

    def begin_anew(self) -> None:
        """Another session is in use."""
        self._open.clear()


def may_be_the_sessions(refusal: BrokerRefused) -> bool:
    """False when it is known whose fault it is: a limit, a session, this machine's address, the risk system."""
    if isinstance(refusal, RateLimited | SessionRefused) or isinstance(refusal.__cause__, Forbidden):
        return False
    return _OF_THE_ORDER.search(str(refusal)) is None


def left_open(refusal: BrokerRefused) -> SessionRefused:
    """The refusal while the next book has to tell whose fault it is."""
    return SessionRefused(f"{refusal}; whether the session lives is asked", code=refusal.code)


def for_the_session(refusal: BrokerRefused, why: BrokerError) -> SessionRefused:
    """The refusal of a dead session that can't be replaced yet."""
    words = str(why).split(" account: ", 1)[-1]
    return SessionRefused(f"{refusal}, and so was its order book; {words}", code=refusal.code)
