"""Zerodha's last prices: the real `KiteTicker` in a daemon thread, watched over by `FeedLogic` (architecture 15).

This is the rind: threads, a lock and the ticker. What a price is worth and what a fault calls for is decided in
`feed_logic`. No exception of ours ever reaches the library, where it would end reconnecting for good (kite.md 0.4).
"""

from __future__ import annotations

import logging
import threading
import traceback
from typing import TYPE_CHECKING, Any

from tg1.errors import Tg1Error
from tg1.kite.feed_logic import FeedLogic
from tg1.kite.feed_values import FeedAction, FeedHealth, FeedLimits, FeedPhase
from tg1.machine.importing import at_rest
from tg1.machine.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tg1.models import Quote

KITE_WS_ROOT = "wss://ws.kite.trade"

log = logging.getLogger(__name__)


class ZerodhaFeed:
    """Last prices of a few symbols, for any thread. Fulfils `PriceFeed`.

    `access_token_source` is asked again at every rebuild and while disconnected, so that a renewed token is picked up
    without a restart; it may raise a `Tg1Error` or `OSError`. `monotonic` gives seconds. `ca_file` replaces the usual
    authorities for a `wss://` root; `insecure_tls` verifies nothing.
    """

    def __init__(
        self,
        *,
        api_key: str,
        access_token_source: Callable[[], str],
        monotonic: Callable[[], float],
        ws_root: str = KITE_WS_ROOT,
        insecure_tls: bool = False,
        limit_secs: float = 10.0,
        limits: FeedLimits | None = None,
        ca_file: Path | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._api_key = api_key
        self._token_source = access_token_source
        self._symbols: dict[int, str] = {}
        self._monotonic = monotonic
        self._ws_root = ws_root
        self._insecure_tls = insecure_tls
        self._ca_file = ca_file
        self._limits = limits or FeedLimits(life_secs=limit_secs)
        self._redactor = redactor or Redactor()
        self._redactor.add(api_key)
        self._logic = FeedLogic({}, self._limits)
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._watchdog: threading.Thread | None = None
        self._reactor_thread: threading.Thread | None = None
        self._token = ""
        self._token_fault = ""
        self._ticker: Any = None
        self._kite: Any = None
        self._trust: Any = None
        self._seen_errors: set[tuple[str, str]] = set()
        self.heard: Callable[[float, list[dict[str, Any]]], None] | None = None
        """Is told of KiteTicker's ticks as they came, in its thread; must return at once."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._logic.phase})"

    def start(self, symbols: Mapping[int, str]) -> None:
        """Begin to receive `symbols` (instrument token -> symbol), also more of them while running; returns at once.

        The first time takes 0.3 s, for the import.
        Raises what the token source raises, `ConfigError` for an unusable `ca_file`, and `FeedError` when the thread
        can't run.
        """
        if self._watchdog is not None:
            self._take_in(symbols)
            return
        self._token = self._read_token()
        with at_rest():
            from tg1.kite import ticker  # noqa: PLC0415  # 0.3 s and 44 MB that --dry-run must not pay (kite.md 0.10)

        self._kite = ticker
        ticker.tame_logs(self._redactor)
        self._trust = None if self._insecure_tls else ticker.trust_from(self._ca_file)
        self._reactor_thread = ticker.ensure_reactor()
        self._symbols = dict(symbols)
        with self._lock:
            self._logic.serve(self._symbols)
            self._logic.on_start(self._monotonic())
        self._stopping.clear()
        ticker.call(self._replace_ticker)
        self._watchdog = threading.Thread(target=self._watch, name="tg1-feed-watchdog", daemon=True)
        self._watchdog.start()

    def _take_in(self, symbols: Mapping[int, str]) -> None:
        if symbols.keys() <= self._symbols.keys():
            return
        self._symbols = {**self._symbols, **symbols}
        with self._lock:
            self._logic.serve(self._symbols)
        # The watchdog asks for what is new; a later connection subscribes to all of it.
        tokens = tuple(self._symbols)
        self._kite.call(self._in_reactor("take in", lambda ticker: ticker.serve(tokens)))

    def stop(self) -> None:
        """Stop receiving and close the socket; harmless when not started."""
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is None:
            return
        with self._lock:
            self._logic.on_stop()
        self._stopping.set()
        self._kite.call(self._retire_ticker)
        if watchdog is not threading.current_thread():
            watchdog.join(timeout=5.0)

    def quote(self, symbol: str) -> Quote | None:
        """Return the last price of `symbol`; None when none has ever arrived."""
        with self._lock:
            return self._logic.quote(symbol, self._monotonic())

    def quotes(self) -> dict[str, Quote]:
        """Return the last price of every symbol that has one, all judged at one moment."""
        with self._lock:
            return self._logic.quotes(self._monotonic())

    def fault(self) -> str:
        """Return why there are no fresh prices, as a sentence; empty when all is well or nothing is known."""
        if self._watchdog is not None and self._reactor_thread is not None and not self._reactor_thread.is_alive():
            return "the price feed's thread has ended: restart the bot"
        with self._lock:
            fault = self._logic.fault(self._monotonic())
        return self._redactor.scrub(f"{fault} ({self._token_fault})" if fault and self._token_fault else fault)

    def health(self) -> FeedHealth:
        """Return the whole picture, for logs and tests."""
        with self._lock:
            return self._logic.health(self._monotonic())

    # The watchdog's thread.

    def _watch(self) -> None:
        pause_secs = min(1.0, self._limits.life_secs / 4)
        while not self._stopping.wait(pause_secs):
            self._guarded("watchdog", self._look_after)

    def _look_after(self) -> None:
        if self._logic.phase not in (FeedPhase.CONNECTED, FeedPhase.STOPPED):
            self._pick_up_token()
        with self._lock:
            action, asked = self._logic.next_action(self._monotonic()), self._logic.asked
        if action is FeedAction.DROP_CONNECTION:
            self._kite.call(self._in_reactor("drop", lambda ticker: ticker.drop()))
        elif action is FeedAction.REBUILD_TICKER:
            self._kite.call(self._replace_ticker)
        elif action in (FeedAction.RESUBSCRIBE, FeedAction.RENEW_SUBSCRIPTION):
            firmly = action is FeedAction.RENEW_SUBSCRIPTION
            self._kite.call(self._in_reactor("resubscribe", lambda ticker: ticker.ask(asked, firmly=firmly)))
        self._tell()

    def _pick_up_token(self) -> None:
        try:
            token = self._read_token()
        except (Tg1Error, OSError) as exc:
            # The file may be half written just now; the token in use stays until it can be read.
            fault = self._redactor.scrub(str(exc))
            if fault != self._token_fault:
                log.warning("the Kite access token can't be read again: %s", fault)
            self._token_fault = fault
            return
        self._token_fault = ""
        if token != self._token:
            self._token = token
            with self._lock:
                self._logic.on_token_renewed(self._monotonic())
            log.info("a renewed Kite access token was found and is used from now on")

    def _read_token(self) -> str:
        token = self._token_source()
        self._redactor.add(token)
        return token

    # The reactor's thread.

    def _in_reactor(self, where: str, work: Callable[[Any], None]) -> Callable[[], None]:
        def run() -> None:
            if self._ticker is not None:
                work(self._ticker)

        return lambda: self._guarded(where, run)

    def _replace_ticker(self) -> None:
        self._guarded("connect", self._connect_anew)

    def _retire_ticker(self) -> None:
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            self._guarded("abandon", ticker.abandon)

    def _connect_anew(self) -> None:
        self._retire_ticker()
        if self._stopping.is_set():
            return
        ticker = self._kite.Tg1Ticker(
            api_key=self._api_key,
            access_token=self._token,
            root=self._ws_root,
            tokens=tuple(self._symbols),
            trust=self._trust,
        )
        self._ticker = ticker
        self._listen_to(ticker)
        ticker.connect()

    def _listen_to(self, ticker: Any) -> None:
        logic = self._logic

        def hears(where: str, tell: Callable[..., None]) -> Callable[..., None]:
            return lambda *told: self._guarded(where, lambda: self._hear(ticker, tell, told))

        ticker.on_life = hears("on_message", logic.on_message)
        ticker.on_malformed = hears("on_malformed", logic.on_malformed)
        ticker.on_failed = hears("on_failed", lambda now, why: logic.on_error(now, None, why))
        ticker.on_connect = hears("on_connect", lambda _now, _ws, _response: None)
        ticker.on_open = hears("on_open", lambda now, _ws: self._on_open(ticker, now))
        ticker.on_ticks = hears("on_ticks", lambda now, _ws, ticks: self._on_ticks(now, ticks))
        ticker.on_error = hears("on_error", lambda now, _ws, code, why: logic.on_error(now, code, str(why or "")))
        ticker.on_close = hears("on_close", lambda now, _ws, code, why: logic.on_close(now, code, str(why or "")))
        ticker.on_reconnect = hears("on_reconnect", lambda now, _ws, _tries: logic.on_reconnect(now))
        ticker.on_noreconnect = hears("on_noreconnect", lambda now, _ws: logic.on_noreconnect(now))

    def _hear(self, ticker: Any, tell: Callable[..., None], told: tuple[Any, ...]) -> None:
        """Pass one event on; a ticker that was replaced, or whose token is dead, is put to rest."""
        if ticker is not self._ticker:
            ticker.abandon()
            return
        with self._lock:
            tell(self._monotonic(), *told)
            may_retry = self._logic.retries_by_itself
        if not may_retry:
            ticker.stop_retry()
        self._tell()

    def _on_ticks(self, now: float, ticks: list[dict[str, Any]]) -> None:
        self._logic.on_ticks(now, ticks)
        if self.heard is not None:
            self.heard(now, ticks)

    def _on_open(self, ticker: Any, now: float) -> None:
        self._logic.on_open(now)
        # After a reconnect the library has subscribed again by itself, unless its first try was cut short.
        if not ticker.is_subscribed:
            ticker.subscribe_all()

    # Either thread.

    def _guarded(self, where: str, work: Callable[[], None]) -> None:
        """Run `work`; whatever it raises is counted, and told once with its traceback."""
        try:
            work()
        except Exception as exc:  # noqa: BLE001  # an escaping exception would end reconnecting for good (kite.md 0.4)
            kind = type(exc).__name__
            with self._lock:
                self._logic.on_callback_error(where, kind)
            if (where, kind) not in self._seen_errors:
                self._seen_errors.add((where, kind))
                story = self._redactor.scrub(traceback.format_exc())
                log.error("the price feed's %s failed:\n%s", where, story)  # noqa: TRY400  # exc_info would not be scrubbed

    def _tell(self) -> None:
        with self._lock:
            notes = self._logic.take_notes()
        for note in notes:
            log.log(logging.WARNING if note.is_warning else logging.INFO, "%s", self._redactor.scrub(note.text))
