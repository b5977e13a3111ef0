"""Client order ids: `orderUniqueIdentifier`, ours to keep unique (behaviour 3.1, xts.md 7.1).

Sixteen characters of [0-9A-Z]: tag of the bot (5), generation of the grid (3), half of the grid (1), level (2; 00 for
a square-off), role (1), attempt (4). A pure function of what it names, so that an order seen in a book can be put back
where it belongs even by a state file that has forgotten it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tg1.models import Role, TradeSide

if TYPE_CHECKING:
    from datetime import datetime

LENGTH = 16
TAG_LENGTH = 5
MAX_LEVEL = 36**2 - 1
"""Two base-36 digits."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIDES = {TradeSide.UPSIDE: "U", TradeSide.DOWNSIDE: "D"}
_ROLES = {Role.ENTRY: "E", Role.TARGET: "T", Role.OCO: "O", Role.CLOSE: "X"}
_ALPHABET = frozenset(_DIGITS)
_SIDE_OF = {letter: side for side, letter in _SIDES.items()}
_ROLE_OF = {letter: role for role, letter in _ROLES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientId:
    """What a client order id says."""

    tag: str
    generation: str
    trade_side: TradeSide
    level: int
    role: Role
    attempt: int

    def __str__(self) -> str:
        """The sixteen characters for the wire."""
        level, attempt = _base36(self.level, 2), _base36(self.attempt, 4)
        return f"{self.tag}{self.generation}{_SIDES[self.trade_side]}{level}{_ROLES[self.role]}{attempt}"


def bot_tag(bot_name: str) -> str:
    """Five characters that all orders of a bot begin with; 60 million values, so two names rarely meet."""
    return _base36(
        int.from_bytes(hashlib.sha256(bot_name.encode(errors="surrogateescape")).digest()[:8]) % 36**TAG_LENGTH,
        TAG_LENGTH,
    )


def generation_of(now: datetime) -> str:
    """Three characters for a grid born at `now`: another one every two seconds of a day, which is what a book spans.

    The day shifts them: a grid begun at the same time every morning has the same one only after 27 days.
    """
    slot = now.toordinal() * 43_200 + (now.hour * 3600 + now.minute * 60 + now.second) // 2
    return _base36(slot % 36**3, 3)


def next_generation(generation: str) -> str:
    """The generation after this one, wrapping round."""
    return _base36((int(generation, 36) + 1) % 36**3, 3)


@lru_cache(maxsize=10_000)
def parse_client_id(text: str) -> ClientId | None:
    """Read an id; None when it is not one that a TG1 bot could have made (somebody else's order).

    Remembered, because every row of a day's book is asked about in every cycle.
    """
    if len(text) != LENGTH or not _ALPHABET.issuperset(text) or text[8] not in _SIDE_OF or text[11] not in _ROLE_OF:
        return None
    if (_ROLE_OF[text[11]] is Role.CLOSE) != (text[9:11] == "00"):
        return None
    return ClientId(
        tag=text[:5],
        generation=text[5:8],
        trade_side=_SIDE_OF[text[8]],
        level=int(text[9:11], 36),
        role=_ROLE_OF[text[11]],
        attempt=int(text[12:], 36),
    )


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    if number:
        raise ValueError(f"does not fit into {width} base-36 digits")
    return digits
