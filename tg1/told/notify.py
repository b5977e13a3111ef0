"""What systemd is told of a bot (sd_notify): ready, alive, what it is about, stopping.

A watchdog is worth what its ping proves. A ping here proves a whole cycle: every book that had to be read was read, and
what was learned is on disk. A bot that merely lives earns none.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tg1.told.snapshot import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tg1.told.snapshot import ToldAccount, ToldSaves

EXTEND = "EXTEND_TIMEOUT_USEC=120000000"
"""A start and an end take their time; each sign of life gives them two more minutes."""
_MOST_CHARS = 400


class Vitals(Protocol):
    """What a sign of life is judged by: facts of the cycle, not what was made of them for a reader."""

    @property
    def phase(self) -> Phase:
        """What the bot is about."""

    @property
    def saves(self) -> ToldSaves:
        """Whether what was learned is on disk."""

    @property
    def accounts(self) -> tuple[ToldAccount, ...]:
        """How each account's books were read."""


def earns_ping(vitals: Vitals) -> bool:
    """True for a cycle that saw what it had to see and saved what it learned.

    Stale prices don't count: the bot places nothing on them, says so, and no restart would mend them.
    """
    if vitals.phase is not Phase.TRADING or vitals.saves.fault:
        return False
    return not any(account.fault or account.is_blank for account in vitals.accounts)


@dataclass
class Notifier:
    """Decides what is said, one datagram a look. `send` takes the lines; nothing is sent twice for nothing."""

    send: Callable[[list[str]], None]
    _is_ready: bool = field(default=False, init=False)
    _status: str = field(default="", init=False)
    _is_stopping: bool = field(default=False, init=False)

    def cycle(self, vitals: Vitals, status: str) -> None:
        """After a cycle: the first good one makes the service ready, each good one keeps it alive."""
        good = earns_ping(vitals)
        lines = ["READY=1"] if good and not self._is_ready else []
        self._is_ready |= good
        self._say([*lines, *(["WATCHDOG=1"] if good else []), *self._stopping(vitals)], status)

    def beat(self, vitals: Vitals, status: str, *, is_logged_in: bool) -> None:
        """During a wait that is meant: for the open, for a login's back-off, for the last cancels.

        A bot that is logged in and waits for the open is ready: nothing can fail any more that a start could tell.
        """
        lines = []
        if vitals.phase is Phase.WAITING and is_logged_in and not self._is_ready:
            self._is_ready = True
            lines.append("READY=1")
        if vitals.phase is not Phase.ENDED:
            lines.append("WATCHDOG=1" if self._is_ready and vitals.phase is not Phase.STOPPING else EXTEND)
        self._say([*lines, *self._stopping(vitals)], status)

    def _stopping(self, vitals: Vitals) -> list[str]:
        if self._is_stopping or vitals.phase not in (Phase.STOPPING, Phase.ENDED):
            return []
        self._is_stopping = True
        return ["STOPPING=1"]

    def _say(self, lines: list[str], status: str) -> None:
        status = " ".join(status.split())[:_MOST_CHARS]
        if status != self._status:
            self._status = status
            lines = [*lines, f"STATUS={status}"]
        if lines:
            self.send(lines)


class Notify:
    """The socket of `NOTIFY_SOCKET`; without that variable nothing is sent, and nothing ever waits or raises."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        # An "@" stands for the zero byte of an abstract name (sd_notify(3)).
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket: socket.socket | None = None

    @property
    def is_heard(self) -> bool:
        """True when somebody asked to be told."""
        return bool(self._address)

    def __call__(self, lines: list[str]) -> None:
        """Send the lines as one datagram."""
        if not self._address:
            return
        try:
            if self._socket is None:
                kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
                self._socket = socket.socket(socket.AF_UNIX, kind)
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            # A manager that does not listen is no reason to trade otherwise; an unheard ping ends the bot by itself.
            return
