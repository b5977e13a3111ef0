"""The words in which the price feed is spoken of: phases, actions, limits, health, how a token is renewed. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tg1.errors import ConfigError

HOW_TO_RENEW = (
    "run `tg1 login` with the same --zerodha-config and --zerodha-user; it needs a person with a browser, once a day"
)
"""How a person gets the access token of the day (kite.md 2.5); no sentence by itself."""

TOKEN_EXPIRED = (
    f"the Kite access token has expired: it is not today's (one lives until about 6 in the morning); to renew it, "
    f"{HOW_TO_RENEW}"
)

# Whether a dead token is answered 403 or 400 on the live socket is not known (kite.md 5); 401 would mean the same.
_REFUSED = re.compile(r"upgrade failed \((400|401|403)\b")
_UNCLEAN = re.compile(r"connection was closed uncleanly \((.*)\)", re.DOTALL)
_TOO_MANY = re.compile(r"upgrade failed \(429\b")


class FeedPhase(StrEnum):
    """Where the connection stands."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    """Lost or never made; the ticker's own back-off runs (kite.md 1.8)."""
    REFUSED = "token refused"
    """The handshake was refused; the ticker's own retries are off, ours are slow."""
    EXHAUSTED = "exhausted"
    """The ticker has used up its retries (on_noreconnect)."""
    STOPPED = "stopped"


class FeedAction(StrEnum):
    """What the owner of the ticker has to do next."""

    NONE = "none"
    DROP_CONNECTION = "drop connection"
    """Abort the socket; the ticker reconnects and subscribes again by itself in about 1.2 s (kite.md 1.9)."""
    REBUILD_TICKER = "rebuild ticker"
    """Abandon this ticker and connect a new one, with the token of the moment."""
    RESUBSCRIBE = "resubscribe"
    """Subscribe the asked tokens again; the server answers with its cached last prices (kite.md 0.3)."""
    RENEW_SUBSCRIPTION = "renew subscription"
    """Unsubscribe the asked tokens, then subscribe: no server can take that for a subscription that it has already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLimits:
    """Patience, in seconds."""

    life_secs: float = 10.0
    """A connection on which no message came for longer shows no life (behaviour 10.1); heartbeats come every 1-2 s."""
    stuck_secs: float = 30.0
    """A ticker that retries by itself but gives no sign for longer is rebuilt: it can die silently (kite.md 0.4). Above
    the longest that an honest retry takes: 5.6 s of back-off, 10 s to connect, 5 s for the handshake."""
    token_retry_secs: float = 30.0
    """Between two attempts with a token that was refused; a renewed token is tried at once."""
    rebuild_gap_secs: float = 5.0
    """Between an action and the next, stronger one."""
    quiet_secs: float = 60.0
    """A symbol without a tick for longer is subscribed again (behaviour 10.1): quiet is legitimate, a lost subscription
    is not, and the cached price tells them apart."""
    question_secs: float = 15.0
    """A subscription may be without its cached price for so long; after two the connection is sick (behaviour 10.1)."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """The feed at one moment, for people and for `attention`."""

    phase: FeedPhase
    stalled: bool
    """Connected, but not believed any more: without life for longer than the limit, or without answers."""
    silent_secs: float | None
    """Since the last message of any kind; None before the first connection."""
    connections: int
    """Handshakes that succeeded so far."""
    rebuilds: int
    callback_errors: int
    """Exceptions in our own callbacks, all of them contained."""
    malformed: int
    """Messages that the ticker could not read."""
    ignored_ticks: int
    """Ticks with an unknown token or an impossible price."""
    fault: str
    """Why prices are missing, as a sentence; empty when nothing is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedNote:
    """One line for the log."""

    text: str
    is_warning: bool = True


def refusal_told(reason: str) -> str:
    """Return what to say when the library's `reason` for a loss is that the token was refused; empty otherwise."""
    found = _REFUSED.search(reason)
    return f"Kite refused the price feed's login ({found[1]}): {TOKEN_EXPIRED}" if found else ""


def loss_told(reason: str) -> str:
    """Return the library's `reason` for a loss in words for an operator."""
    if _TOO_MANY.search(reason):
        return "Kite allows 3 connections per api key and all are taken (429)"
    if found := _UNCLEAN.fullmatch(reason):
        # autobahn's "(None)" is what our own drop of a stalled socket comes back as.
        return "the connection was cut" if found[1] == "None" else found[1][:256]
    return reason[:256]
