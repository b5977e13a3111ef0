"""The words in which the price feed is spoken of: phases, actions, limits, health, how a token is renewed. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tg1.errors import ConfigError

HOW_TO_RENEW = (
    "log in at https://kite.zerodha.com/connect/login?v=3&api_key=<api_key> in a browser, take the request_token from "
    "the address that it leads to, exchange it with KiteConnect.generate_session(request_token, api_secret), and "
    "write the new access_token into the --zerodha-config file"
)
"""How a person gets the access token of the day (kite.md 2.5); no sentence by itself."""

TOKEN_EXPIRED = f"the Kite access token has expired; to renew it, {HOW_TO_RENEW}"


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
    """Send the subscription again; the server answers with its cached last prices (kite.md 0.3)."""


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
    quiet_secs: float = 30.0
    """A symbol without a tick for longer is subscribed again: quiet is legitimate, a lost subscription is not, and
    the cached price tells them apart."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """The feed at one moment, for people and for `attention`."""

    phase: FeedPhase
    stalled: bool
    """Connected, but without life for longer than the limit."""
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
