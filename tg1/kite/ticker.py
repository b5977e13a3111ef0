"""The real `KiteTicker`, with the faults of kite.md 1 that can only be cured from inside it.

Importing this module costs 0.3 s and 44 MB (kite.md 0.10), so only `ZerodhaFeed.start` does. Everything but
`ensure_reactor` and `call` runs in the reactor's thread, of which a process has one for its whole life (kite.md 0.5).
"""

from __future__ import annotations

import logging
import os
import re
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import certifi
from autobahn.twisted.websocket import connectWS
from kiteconnect.ticker import KiteTicker, KiteTickerClientProtocol
from OpenSSL.crypto import Error as CryptoError
from twisted.internet import reactor, ssl
from twisted.logger import eventAsText, globalLogBeginner

from tg1.errors import ConfigError, FeedError
from tg1.machine.redact import Redactor, install

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Above the few seconds of a slow link, far below KiteTicker's own 30 s, which no trading day can spare.
_CONNECT_SECS = 10
# The least that KiteTicker takes (kite.md 1.1): a price that is a minute late is no use.
_LONGEST_BACKOFF_SECS = 5
_MOST_TRIES = 300
_REACTOR_START_SECS = 10.0

# What of the libraries speaks about a connection, and so may quote its address.
_LOGGERS = ("kiteconnect", "kiteconnect.ticker", "kiteconnect.connect", "twisted", "urllib3", "urllib3.connectionpool")

_lock = threading.Lock()
_thread: threading.Thread | None = None
_twisted_is_routed = False


class Tg1Ticker(KiteTicker):  # type: ignore[misc]  # kiteconnect ships no types
    """A `KiteTicker` for last prices of `tokens` that verifies certificates and outlives malformed messages.

    Three more callbacks, which must never raise either: `on_life()`, a message was read without fault;
    `on_malformed()`, one could not be read; `on_failed(reason)`, an attempt ended before there was a websocket.
    """

    def __init__(
        self,
        *,
        api_key: str,
        access_token: str,
        root: str,
        tokens: Sequence[int],
        trust: Any,
    ) -> None:
        super().__init__(
            api_key,
            access_token,
            root=root,
            reconnect_max_tries=_MOST_TRIES,
            reconnect_max_delay=_LONGEST_BACKOFF_SECS,
            connect_timeout=_CONNECT_SECS,
        )
        # KiteTicker puts both in unescaped (kite.md 1.1).
        self.socket_url = f"{root}?api_key={quote(api_key, safe='')}&access_token={quote(access_token, safe='')}"
        self._tokens = list(tokens)
        self._trust = trust
        self._connector: Any = None
        self.on_life: Callable[[], None] = _nothing
        self.on_malformed: Callable[[], None] = _nothing
        self.on_failed: Callable[[str], None] = _nothing

    @property
    def is_subscribed(self) -> bool:
        """True when the library's record, from which it resubscribes, holds exactly what is wanted."""
        return bool(self.subscribed_tokens == dict.fromkeys(self._tokens, self.MODE_LTP))

    def serve(self, tokens: Sequence[int]) -> None:
        """Want these tokens from the next connection on; on this one they have to be asked for."""
        self._tokens = list(tokens)

    def subscribe_all(self) -> None:
        """Subscribe every token in LTP mode; the server answers with its cached prices (kite.md 0.3)."""
        self.ask(self._tokens)

    def ask(self, tokens: Sequence[int], *, firmly: bool = False) -> None:
        """Subscribe `tokens` anew for their cached prices; `firmly`: as if they had never been subscribed."""
        wanted = list(tokens)
        if firmly:
            self.unsubscribe(wanted)
        self.subscribe(wanted)
        self.set_mode(self.MODE_LTP, wanted)

    def connect(self, threaded: bool = True, **_unused: Any) -> None:  # noqa: FBT001, FBT002  # KiteTicker's signature
        """Begin to connect, in the running reactor. The library's own doesn't verify certificates (kite.md 0.9)."""
        del threaded
        headers = {"X-Kite-Version": "3"}
        self._create_connection(self.socket_url, useragent=self._user_agent(), headers=headers)
        context = None
        if self.factory.isSecure:
            context = ssl.ClientContextFactory() if self._trust is None else self._verifying_context()
        self._connector = connectWS(self.factory, contextFactory=context, timeout=self.connect_timeout)

    def drop(self) -> None:
        """Abort the socket without waiting for the peer; the library reconnects by itself (kite.md 1.9)."""
        if self.ws:
            self.ws.dropConnection(abort=True)

    def abandon(self) -> None:
        """End this ticker for good, in whatever state it is; close() would be ignored in a handshake (kite.md 1.3)."""
        self.stop_retry()
        if self._connector is None:
            return
        if self._connector.state == "connected":
            self._connector.transport.abortConnection()
        elif self._connector.state == "connecting":
            self._connector.stopConnecting()

    def stop_retry(self) -> None:
        """Stop the library's own reconnecting."""
        if self._connector is not None:
            super().stop_retry()

    def _verifying_context(self) -> Any:
        return ssl.optionsForClientTLS(self.factory.host, trustRoot=self._trust)

    def _create_connection(self, url: str, **kwargs: Any) -> None:
        super()._create_connection(url, **kwargs)
        self.factory.protocol = _Protocol
        self.factory.noisy = False
        self.factory.on_failed = self.on_failed
        proceed = self.factory.clientConnectionFailed

        def report_failed(connector: Any, reason: Any) -> None:
            # "Connection refused" reaches no callback of the library (kite.md 1.9).
            self.on_failed(str(reason.value) or type(reason.value).__name__)
            proceed(connector, reason)

        self.factory.clientConnectionFailed = report_failed

    def _on_message(self, ws: Any, payload: bytes, is_binary: bool) -> None:  # noqa: FBT001  # KiteTicker's signature
        try:
            super()._on_message(ws, payload, is_binary)
        except Exception:  # noqa: BLE001  # the library's parser fails in many ways, each dropping the link (kite.md 1.6)
            self.on_malformed()
        else:
            self.on_life()


class _Protocol(KiteTickerClientProtocol):  # type: ignore[misc]  # kiteconnect ships no types
    def onPong(self, payload: bytes) -> None:  # noqa: N802  # autobahn's name
        """Ignore it: a pong arms a check that drops the healthy connection 5 s later (kite.md 1.9)."""

    def connectionLost(self, reason: Any) -> None:  # noqa: N802  # Twisted's name
        """Tell of a certificate that was turned down; autobahn says "peer dropped the TCP connection" of it."""
        super().connectionLost(reason)
        if isinstance(reason.value, ssl.VerificationError) or "certificate verify failed" in str(reason.value):
            self.factory.on_failed("the server's TLS certificate could not be verified")


def trust_from(ca_file: Path | None) -> Any:
    """Return the authorities that may vouch for the server: those of `ca_file`, or else those that `requests` trusts.

    Raises `ConfigError` when the file can't be read or holds no certificate.
    """
    chosen = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where()
    path = ca_file or Path(chosen)
    try:
        blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", path.read_bytes(), re.DOTALL)
    except OSError as exc:
        raise ConfigError(f"the certificate file {path} can't be read: {exc.strerror or type(exc).__name__}") from exc
    if not blocks:
        raise ConfigError(f"the certificate file {path} holds no certificate")
    trust_root: Any = ssl.trustRootFromCertificates  # untyped in Twisted
    try:
        return trust_root([ssl.Certificate.loadPEM(block) for block in blocks])
    except CryptoError as exc:
        raise ConfigError(f"the certificate file {path} holds a certificate that can't be read") from exc


def ensure_reactor() -> threading.Thread | None:
    """Run the reactor in a daemon thread and return that; None when somebody else already runs it.

    Raises `FeedError` when it has ended: it can't be started a second time (kite.md 0.5).
    """
    global _thread  # noqa: PLW0603  # Twisted's reactor is one per process, and so is its thread
    with _lock:
        if _thread is not None and not _thread.is_alive():
            raise FeedError("the price feed's thread has ended and can't be started again: restart the bot")
        if _thread is None and not reactor.running:
            running = threading.Event()
            reactor.callWhenRunning(running.set)
            _thread = threading.Thread(target=_run_reactor, name="tg1-kite", daemon=True)
            _thread.start()
            if not running.wait(_REACTOR_START_SECS):
                raise FeedError("the price feed's thread did not start")
        return _thread


def _run_reactor() -> None:
    the_reactor: Any = reactor  # Twisted types it as the module that it replaces
    the_reactor.run(installSignalHandlers=False)


def call(function: Callable[[], None]) -> None:
    """Have `function` run in the reactor's thread; the only safe way in, and it wakes an idle reactor (kite.md 0.6)."""
    reactor.callFromThread(function)


def tame_logs(redactor: Redactor) -> None:
    """Send Twisted's log to `logging`, and scrub what the libraries say, at whatever level they are set.

    Twisted would print "Unhandled Error" to stderr by itself (kite.md 1.4). Lines of `kiteconnect` go on only at DEBUG:
    the feed tells the same story, once instead of at every attempt.
    """
    global _twisted_is_routed  # noqa: PLW0603  # Twisted's log is one per process
    with _lock:
        install(redactor, [logging.getLogger(name) for name in _LOGGERS])
        logging.getLogger("kiteconnect.ticker").addFilter(_only_at_debug)
        if not _twisted_is_routed:
            _twisted_is_routed = True
            show_warning = warnings.showwarning
            observer: Any = _to_logging  # ILogObserver is any callable that takes an event
            globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
            # Twisted takes Python's warnings along, unasked.
            warnings.showwarning = show_warning


def _only_at_debug(record: logging.LogRecord) -> bool:
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def _to_logging(event: dict[str, Any]) -> None:
    level = logging.WARNING if event.get("log_failure") is not None else logging.DEBUG
    logging.getLogger("twisted").log(level, "%s", eventAsText(event, includeTimestamp=False, includeSystem=False))


def _nothing(*_told: Any) -> None:
    """Stand in for a callback that nobody has set."""
