"""Everything that TG1 raises on purpose, and what happens next.

Tg1Error
 +-- ConfigError            wrong usage or configuration: exit 2 before any login or order
 |    +-- UnknownSymbol     a symbol that the day's instrument dump does not hold
 +-- BrokerError            something about one of the XTS accounts
 |    +-- BrokerRefused     a readable "no": nothing was created; the level is free again
 |    |    +-- RateLimited       429 in either shape: nothing was created, try again next cycle, not a rejection
 |    |    +-- SessionRefused    the token is dead and a login did not help, or the credentials are wrong
 |    |         +-- Forbidden    the answer was 403 in words that name no session
 |    |         +-- ClientNotNamed    a dealer's login has several clients and no flag says which: exit 2
 |    +-- BrokerUnknown     the request may have been carried out: never retried, looked up in the book
 |    +-- BrokerUnavailable nothing left this machine, or a read failed: safe to try again next cycle
 |         +-- ReadRefused       a readable error to a read: five in a row may mean a dead session (behaviour 11.1)
 +-- LoginNeeded            whoever only looks would have to end somebody's session: asked for first
 +-- NotSent                a transport: the request did not leave whole; above it a BrokerUnavailable
 +-- NoAnswer               a transport: it left and no whole answer came; above it a BrokerUnknown, or a failed read
 +-- FeedError              prices can't be had: exit 4 at the start, "stale" later
 |    +-- KiteTokenExpired  Zerodha's access token of the day is missing or dead
 |    +-- KiteRefused       Kite's REST said a plain no: asking again does not help
 +-- StateError             the state file is refused: exit 5, nothing is overwritten
 +-- SaveFailed             the state could not be written: no further order until a save works
 +-- SnapshotDamaged        what a bot told of itself can't be read; the bot is none the worse for it
 +-- OutputLost             stdout takes nothing: what was asked for can't be shown
 +-- AlreadyRunning         another process trades under this name: exit 6
 +-- InvariantBroken        our own state contradicts itself: stop and keep it
      +-- IllegalMove      a level was asked for a move that its table does not hold; it did not move

Every message is one sentence for an operator and carries no secret. Each kind knows its `ExitCode`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a process of TG1 ends with (behaviour 14)."""

    OK = 0
    FAILED = 1
    """An operation failed, or something could not be confirmed."""
    USAGE = 2
    """Wrong usage or configuration: nothing was logged in, nothing was placed."""
    TERMINATED = 3
    """The bot ended by its own rules (architecture 13)."""
    UNREACHABLE = 4
    """A broker or the feed could not be reached, or refused the login, at the start."""
    STATE_REFUSED = 5
    ALREADY_RUNNING = 6


class Tg1Error(Exception):
    """An operation failed; the message is the sentence that the operator reads."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class ConfigError(Tg1Error):
    """A flag, a value or a combination of them is wrong (the message names it); the process ends with exit 2."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE


class UnknownSymbol(ConfigError):
    """The day's instrument dump has no such symbol; the message offers the nearest names."""


class BrokerError(Tg1Error):
    """An XTS account did not do what was asked; at the start this is exit 4, later the cycle goes on."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNREACHABLE


class BrokerRefused(BrokerError):
    """The server said no in a readable envelope, so nothing was created (behaviour 3.3)."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code
        """The envelope's code, e.g. "e-orders-0005"; empty when it had none."""


class RateLimited(BrokerRefused):
    """The server's limiter said no (xts.md 4.4); nothing was created and it is no fault of the order."""


class SessionRefused(BrokerRefused):
    """The session is not valid and logging in again was refused or is backing off (behaviour 11.1)."""

    def __init__(self, message: str, *, code: str = "", wait_secs: float = 0.0) -> None:
        super().__init__(message, code=code)
        self.wait_secs = wait_secs
        """For how long no login may be tried; 0.0 when waiting does not help."""


class Forbidden(SessionRefused):
    """HTTP 403 in words that name no session: it is dead, or this machine may not order (failures.md 58a)."""


class ClientNotNamed(SessionRefused):
    """A dealer's login trades for several clients, or not for the one that was named (behaviour 11.5)."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE


class BrokerUnknown(BrokerError):
    """The request left and no readable answer came back; only the order book can tell what became of it."""


class BrokerUnavailable(BrokerError):
    """The request did not leave this machine, or it was a read; asking again is harmless."""


class ReadRefused(BrokerUnavailable):
    """A read got a readable error that names neither a limit nor a session nor an empty book."""


class LoginNeeded(Tg1Error):
    """No session of the app key lives, and nobody has said that a login may end the key's session elsewhere."""


class NotSent(Tg1Error):
    """No complete request left this machine, so the server can't have acted on it."""


class NoAnswer(Tg1Error):
    """The request left, or may have, and no whole answer came back."""


class FeedError(Tg1Error):
    """Prices did not arrive; at the start the process ends with exit 4."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNREACHABLE


class KiteTokenExpired(FeedError):
    """Zerodha refused the access token (403); it has to be renewed by a person, once a day (kite.md 2.5)."""


class KiteRefused(FeedError):
    """Kite refused a request in readable words, or who answered can't be verified; the same question fails again."""


class StateError(Tg1Error):
    """The saved state can't be read, belongs to something else, or contradicts the command line; exit 5."""

    exit_code: ClassVar[ExitCode] = ExitCode.STATE_REFUSED


class SaveFailed(Tg1Error):
    """The state could not be brought to disk; the engine places nothing until a save works (behaviour 9.2)."""


class SnapshotDamaged(Tg1Error):
    """A snapshot or an event line is not what TG1 writes; whoever reads it says so and goes on with the other bots."""


class OutputLost(Tg1Error):
    """What the operator asked to see could not be printed (a closed pipe, a full disk)."""


class AlreadyRunning(Tg1Error):
    """Another process holds the bot's lock (behaviour 9.6)."""

    exit_code: ClassVar[ExitCode] = ExitCode.ALREADY_RUNNING


class InvariantBroken(Tg1Error):
    """A rule that the code relies on does not hold; going on would trade on nonsense."""


class IllegalMove(InvariantBroken):
    """A level was asked for a move that is not in the table of `tg1.rules.transitions`; nothing was changed."""
