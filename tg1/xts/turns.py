"""What the bots of one app key tell each other about their reads and order calls, as text: PURE.

The limits are the key's (behaviour 11.3), so every process that uses it writes down when it asked and when it was
answered. Instants are seconds of a monotonic clock that all processes of a machine share; they mean nothing after a
reboot, which is why each record names its boot. Whatever can't be read counts as nothing known.
"""

from __future__ import annotations

import json
import math
from enum import IntEnum
from typing import Any, NamedTuple

RECORD_BYTES = 256
"""Every record is padded to this length and overwritten in place; an answer that is shared follows it."""
READ_GAP_SECS = 1.0
"""From an answer to the next request of its kind: counted from the sending, every jitter is a 429 (behaviour 11.3)."""
HUNG_SECS = 2.0
"""A reader that takes so long is overtaken: what was asked 2 s ago is out of every limiter's second."""

MAX_SHARED_BYTES = 64 * 1024 * 1024
"""More than any answer; a damaged record must not ask for all of the memory."""

_TURN, _CALLS = "tg1-turn-1", "tg1-calls-1"
_FIELDS = 10
_JSON = json.JSONEncoder(separators=(",", ":"))


class Outcome(IntEnum):
    """What the last reading left for the others."""

    NOTHING = 0
    """Nothing that another bot may use: no answer yet, a limit, or a session that was refused."""
    ROWS = 1
    REFUSED = 2
    """A readable error, in the server's words."""
    FAILED = 3
    """No readable answer, and why."""


class Turn(NamedTuple):
    """The last reading of one kind by any bot of the key, and what is kept of it.

    Made three times in every quiet cycle: a tuple costs a fifth of a frozen dataclass.
    """

    asked_at: float
    answered_at: float | None = None
    """None while the reading goes on; for ever, when its reader died."""
    was_history: bool = False
    """One order's history was read, which shares the book's limit (xts.md 5)."""
    outcome: Outcome = Outcome.NOTHING
    began_at: float = 0.0
    """When the reading began that `outcome` is about."""
    client: str = ""
    """A short hash of the client whose book it is; empty where calls name none (xts.md 1.7)."""
    size: int = 0
    """Bytes behind the record."""
    checksum: int = 0

    @property
    def due(self) -> float:
        """The earliest moment for the next request, once there is an answer."""
        return (self.asked_at if self.answered_at is None else self.answered_at) + READ_GAP_SECS

    def is_hung(self, now: float) -> bool:
        """True when its reader has waited so long for an answer that another may ask."""
        return self.answered_at is None and now - self.asked_at >= HUNG_SECS

    @property
    def had_hung(self) -> bool:
        """True when its answer took so long that others may have asked meanwhile, by way of the next files."""
        return self.answered_at is not None and self.answered_at - self.asked_at >= HUNG_SECS

    def serves(self, since: float, client: str) -> bool:
        """True when what is kept answers a bot that wants a reading begun after `since`."""
        return self.outcome is not Outcome.NOTHING and self.began_at > since and self.client == client


_OUTCOMES = [int(outcome) for outcome in Outcome]


def encode_turn(turn: Turn, boot_id: str) -> bytes:
    """Return the record of a turn."""
    return _padded(
        [
            *(_TURN, boot_id, turn.asked_at, turn.answered_at, int(turn.was_history), int(turn.outcome)),
            *(turn.began_at, turn.client, turn.size, turn.checksum),
        ]
    )


def decode_turn(data: bytes, boot_id: str, now: float) -> Turn | None:
    """Return the turn of a record; None for one that is damaged, of another boot or of the future."""
    fields = _fields(data, _TURN, boot_id)
    if len(fields) != _FIELDS:
        return None
    asked_at, answered_at, was_history, outcome, began_at, client, size, checksum = fields[2:]
    instants = [asked_at, began_at] if answered_at is None else [asked_at, began_at, answered_at]
    if not (_are_past(instants, now) and isinstance(client, str)):
        return None
    if not (outcome in _OUTCOMES and type(size) is type(checksum) is int and 0 <= size <= MAX_SHARED_BYTES):
        return None
    return Turn(
        asked_at=asked_at,
        answered_at=answered_at,
        was_history=bool(was_history),
        outcome=Outcome(outcome),
        began_at=began_at,
        client=client,
        size=size,
        checksum=checksum,
    )


def encode_calls(sent: list[float], boot_id: str) -> bytes:
    """Return the record of the instants at which the last order calls went."""
    return _padded([_CALLS, boot_id, sent])


def decode_calls(data: bytes, boot_id: str, now: float) -> list[float]:
    """Return the instants of a record, oldest first; empty as `decode_turn` returns None."""
    fields = _fields(data, _CALLS, boot_id)
    sent = fields[2] if len(fields) > 2 else []  # noqa: PLR2004 - as it was written above
    return sent if isinstance(sent, list) and _are_past(sent, now) else []


def _padded(fields: list[Any]) -> bytes:
    return _JSON.encode(fields).encode("ascii").ljust(RECORD_BYTES - 1) + b"\n"


def _fields(data: bytes, kind: str, boot_id: str) -> list[Any]:
    try:
        fields = json.loads(data[:RECORD_BYTES].decode("ascii"))
    except (ValueError, RecursionError):
        return []
    return fields if isinstance(fields, list) and fields[:2] == [kind, boot_id] else []


def _are_past(instants: list[Any], now: float) -> bool:
    return all(isinstance(at, float) and math.isfinite(at) and at <= now for at in instants)
