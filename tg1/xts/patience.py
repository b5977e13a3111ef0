"""How long a bot waits for an account's book, and when it asks a silent account again: PURE, the moment comes in.

One bot serves all its accounts in turn (architecture 16): while one keeps it waiting, the hedges of the others wait,
too. A server that is slow, as at 09:15, is told from one that is silent by being given more time, less often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

READ_SECS = 3.0
"""How long a reading may take, the wait for its turn included: with the second between two looks less than the five
within which a hedge is to be placed or alarmed."""
SLOW_READ_SECS = 7.0
"""The same for an account that is known to be slow or silent: the official SDK's limit (xts.md 7.9)."""
LEAST_SECS = 1.0
"""What is left for the request of a reading that has waited long for its turn."""
HUNG_SECS = 2.0
"""A reading that failed after so long has hung; one that fails sooner keeps nobody waiting."""
HANGS = 2
"""So many in a row make an account slow: a single request is soon lost."""
APART_SECS = 1.0
"""Between one account's hanging and the next reading of another slow one: not both in one cycle."""
_TIMES_AS_LONG = 2


@dataclass(slots=True)
class _Account:
    hangs: int = 0
    """Readings that hung, in a row."""
    due: float = -math.inf
    """When it may be asked again; monotonic seconds."""
    is_slow: bool = False


class Patience:
    """What the accounts of one bot have kept it waiting."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        """Those whose last reading was slow or hung."""
        self._hung_at = -math.inf

    def secs(self, account: str, now: float) -> float:
        """How long a reading may take that begins now; 0.0 while the account is left alone.

        A slow account is left alone for as long as its last answer took, a silent one for twice as long as the bot
        waited for it. Meanwhile the others are served each second.
        """
        known = self._accounts.get(account)
        if known is None or not known.is_slow:
            return READ_SECS
        return SLOW_READ_SECS if now >= max(known.due, self._hung_at + APART_SECS) else 0.0

    def note_answer(self, account: str, took_secs: float, now: float) -> None:
        """A reading worked; `took_secs` from the request to the answer, 0.0 where another bot's reading served."""
        if took_secs <= READ_SECS:
            self._accounts.pop(account, None)
        else:
            self._accounts[account] = _Account(due=now + took_secs, is_slow=True)

    def note_failure(self, account: str, took_secs: float, now: float) -> None:
        """A reading failed; `took_secs` from its beginning, the wait for its turn included."""
        if took_secs < HUNG_SECS:
            return
        self._hung_at = now
        known = self._accounts.setdefault(account, _Account())
        known.hangs += 1
        known.is_slow = known.is_slow or known.hangs >= HANGS
        known.due = now + _TIMES_AS_LONG * took_secs
