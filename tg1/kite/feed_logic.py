"""Decides how a sick ticker connection is nursed, and whether its prices are fresh (behaviour 10, kite.md 1.9). PURE.

No thread, clock, socket or log in here: every method takes `now` in monotonic seconds. `ZerodhaFeed` drives it with the
real `KiteTicker`, simulations with a virtual clock. It is not thread-safe; whoever shares it brings the lock.

    IDLE -> CONNECTING -> CONNECTED -> WAITING (the ticker retries by itself) -> CONNECTED …
                                    -> REFUSED (403: we retry, slowly)       -> CONNECTING …
                                    -> EXHAUSTED (the ticker gave up)        -> CONNECTING …
    any -> STOPPED
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.kite.feed_values import (
    FeedAction,
    FeedHealth,
    FeedLimits,
    FeedNote,
    FeedPhase,
    loss_told,
    refusal_told,
)
from tg1.kite.last_prices import LastPrices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tg1.models import Quote

_MOST_DOUBLINGS = 5


class FeedLogic:
    """Prices, life and next step of one ticker connection that serves `symbols` (instrument token -> symbol)."""

    def __init__(self, symbols: Mapping[int, str], limits: FeedLimits | None = None) -> None:
        self._prices = LastPrices(symbols)
        self._limits = limits or FeedLimits()
        self._phase = FeedPhase.IDLE
        self._rebuilds = 0
        self._callback_errors = 0
        self._malformed = 0
        self._ignored_ticks = 0
        self._life_at: float | None = None
        self._sign_at = 0.0
        self._acted_at: float | None = None
        self._subscribed_at = 0.0
        self._resubscribe_wanted = False
        self._asked: tuple[int, ...] = ()
        self._sick = ""
        self._vain_drops = 0
        self._token_renewed = False
        self._reason = ""
        self._notes: list[FeedNote] = []
        self._noted: set[str] = set()

    def serve(self, symbols: Mapping[int, str]) -> None:
        """Serve these symbols from the next connection on."""
        self._prices.serve(symbols)

    @property
    def phase(self) -> FeedPhase:
        """Where the connection stands."""
        return self._phase

    @property
    def retries_by_itself(self) -> bool:
        """False when the ticker's own retries must be off: a dead token is not hammered (failures.md 54)."""
        return self._phase not in (FeedPhase.REFUSED, FeedPhase.STOPPED)

    # What happened.

    def on_start(self, now: float) -> None:
        """A first connection is being made."""
        self._phase = FeedPhase.CONNECTING
        self._sign_at = now

    def on_stop(self) -> None:
        """Nothing is wanted any more."""
        self._phase = FeedPhase.STOPPED

    def on_open(self, now: float) -> None:
        """A handshake succeeded; prices of earlier connections are no longer fresh (behaviour 10.1)."""
        again = self._prices.connections > 0
        self._phase = FeedPhase.CONNECTED
        self._prices.on_connected(now)
        self._life_at = self._sign_at = self._subscribed_at = now
        self._acted_at = None
        self._resubscribe_wanted = self._token_renewed = False
        self._reason = self._sick = ""
        self._noted.clear()
        self._note("the price feed is connected again" if again else "the price feed is connected", is_warning=False)

    def on_message(self, now: float) -> None:
        """A message of any kind came, heartbeats included: the connection lives.

        After too long a silence it is not believed: what the socket had buffered while the machine slept is old.
        """
        if self.is_stalled(now):
            self._call_sick(self._sick or self._silence_told(now))
        self._life_at = self._sign_at = now

    def on_ticks(self, now: float, ticks: Iterable[Mapping[str, Any]]) -> None:
        """Take in `KiteTicker`'s ticks (kite.md 1.6); impossible ones are counted, warned of once, and left out."""
        self.on_message(now)
        if ignored := self._prices.take(now, ticks):
            self._ignored_ticks += ignored
            self._note_once("ticks", "a tick with an unknown instrument or an impossible price was ignored")
        if self._prices.all_answered:
            self._vain_drops = 0

    def on_malformed(self, now: float) -> None:
        """A message could not be read. It is no sign of life, and a tick may have been lost with it."""
        self._sign_at = now
        self._malformed += 1
        self._resubscribe_wanted = True
        self._note_once("malformed", "a malformed message came from the price feed and was ignored")

    def on_error(self, now: float, code: int | None, reason: str) -> None:
        """The ticker reported an error. Code 0 is a text from the server; the connection stays (kite.md 1.4)."""
        self._sign_at = now
        if code == 0:
            self._note_once(f"server {reason}", f"the price feed's server says: {reason[:256]}")
        else:
            self._lose(reason)

    def on_close(self, now: float, code: int | None, reason: str) -> None:
        """A connection, or an attempt at one, has ended."""
        self._sign_at = now
        self._lose(reason or f"closed with code {code}")

    def on_reconnect(self, now: float) -> None:
        """The ticker says that one more attempt has failed: it is alive and goes on trying."""
        self._sign_at = now
        self._lose(self._reason or "the connection could not be made")

    def on_noreconnect(self, now: float) -> None:
        """The ticker has given up."""
        self._sign_at = now
        if self._phase is not FeedPhase.STOPPED:
            self._phase = FeedPhase.EXHAUSTED

    def on_token_renewed(self, now: float) -> None:
        """The configured access token is another one than the ticker was built with; no effect while connected.

        An open socket outlives its token (kite.md 2.5), so there is nothing to gain by cutting it.
        """
        if self._phase not in (FeedPhase.CONNECTED, FeedPhase.STOPPED, FeedPhase.IDLE):
            self._sign_at = now
            self._token_renewed = True

    def on_callback_error(self, where: str, kind: str) -> None:
        """One of our own callbacks raised; that is a bug of ours, contained, but a tick may have been lost with it."""
        self._callback_errors += 1
        self._resubscribe_wanted = True
        self._note_once(f"callback {where} {kind}", f"{kind} in the price feed's callback {where} was contained")

    # What follows from it.

    def is_stalled(self, now: float) -> bool:
        """Tell whether the connection is up and not believed: no message for longer than the limit, or no answers."""
        if self._phase is not FeedPhase.CONNECTED:
            return False
        return bool(self._sick) or self._silence(now) > self._limits.life_secs

    @property
    def asked(self) -> tuple[int, ...]:
        """The instrument tokens of the last RESUBSCRIBE or RENEW_SUBSCRIPTION."""
        return self._asked

    def quote(self, symbol: str, now: float) -> Quote | None:
        """Return the last price of `symbol` with its age and whether it is fresh; None when none has ever come."""
        alive = self._phase is FeedPhase.CONNECTED and not self.is_stalled(now)
        return self._prices.quote(symbol, now, alive=alive)

    def quotes(self, now: float) -> dict[str, Quote]:
        """Every symbol that has a price, fresh or not."""
        found = {symbol: self.quote(symbol, now) for symbol in self._prices.known}
        return {symbol: quote for symbol, quote in found.items() if quote}

    def next_action(self, now: float) -> FeedAction:
        """Return what is to be done now. Asking is promising to do it: the same step isn't asked for again at once."""
        action = self._due(now)
        if action is FeedAction.REBUILD_TICKER:
            self._rebuilds += 1
            self._phase = FeedPhase.CONNECTING
            self._token_renewed = False
        if action in (FeedAction.REBUILD_TICKER, FeedAction.DROP_CONNECTION):
            self._acted_at = self._sign_at = now
        if action in (FeedAction.RESUBSCRIBE, FeedAction.RENEW_SUBSCRIPTION):
            self._subscribed_at = now
            self._resubscribe_wanted = False
            self._prices.ask(now, self._asked)
        return action

    def fault(self, now: float) -> str:
        """Return why fresh prices are missing, as a sentence; empty when nothing is known to be wrong."""
        if self._phase is FeedPhase.REFUSED:
            return self._reason
        if self.is_stalled(now):
            return f"the price feed is connected, but {self._sick or self._silence_told(now)}"
        if self._phase is FeedPhase.CONNECTED:
            missing = self._prices.missing
            return f"no price has come yet for {', '.join(missing)}" if missing else ""
        return f"the price feed is not connected: {self._reason}" if self._reason else ""

    def health(self, now: float) -> FeedHealth:
        """Return the whole picture."""
        return FeedHealth(
            phase=self._phase,
            stalled=self.is_stalled(now),
            silent_secs=None if self._life_at is None else self._silence(now),
            connections=self._prices.connections,
            rebuilds=self._rebuilds,
            callback_errors=self._callback_errors,
            malformed=self._malformed,
            ignored_ticks=self._ignored_ticks,
            fault=self.fault(now),
        )

    def take_notes(self) -> list[FeedNote]:
        """Return the lines for the log since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def _due(self, now: float) -> FeedAction:
        limits = self._limits
        if self._phase in (FeedPhase.IDLE, FeedPhase.STOPPED):
            return FeedAction.NONE
        if self._phase is FeedPhase.CONNECTED:
            return self._due_when_connected(now)
        if self._token_renewed:
            return FeedAction.REBUILD_TICKER
        if self._phase is FeedPhase.REFUSED:
            due = now - self._sign_at >= limits.token_retry_secs
        elif self._phase is FeedPhase.EXHAUSTED:
            due = now - self._sign_at >= limits.rebuild_gap_secs
        else:
            due = now - self._sign_at > limits.stuck_secs
        return FeedAction.REBUILD_TICKER if due else FeedAction.NONE

    def _due_when_connected(self, now: float) -> FeedAction:
        if self.is_stalled(now):
            return self._due_when_sick(now)
        # A symbol that nothing helps must not cost the others a reconnect every half minute.
        patience = self._limits.question_secs * 2 ** min(self._vain_drops, _MOST_DOUBLINGS)
        if lost := self._prices.unanswered(now, patience, questions=2):
            self._vain_drops += 1
            self._call_sick(f"Kite doesn't answer for {self._prices.names(lost)}")
            return self._due_when_sick(now)
        if doubtful := self._prices.unanswered(now, patience, questions=1):
            self._asked = doubtful
            return FeedAction.RENEW_SUBSCRIPTION
        lost_one = self._resubscribe_wanted and now - self._subscribed_at >= self._limits.rebuild_gap_secs
        self._asked = self._prices.tokens if lost_one else self._prices.quiet(now, self._limits.quiet_secs)
        return FeedAction.RESUBSCRIBE if self._asked else FeedAction.NONE

    def _due_when_sick(self, now: float) -> FeedAction:
        self._call_sick(self._sick or self._silence_told(now))
        if self._acted_at is None:
            return FeedAction.DROP_CONNECTION
        too_soon = now - self._acted_at < self._limits.rebuild_gap_secs
        return FeedAction.NONE if too_soon else FeedAction.REBUILD_TICKER

    def _call_sick(self, why: str) -> None:
        if not self._sick:
            self._note(f"the price feed is connected, but {why}; reconnecting")
        self._sick = why

    def _silence(self, now: float) -> float:
        return max(0.0, now - self._life_at) if self._life_at is not None else 0.0

    def _silence_told(self, now: float) -> str:
        return f"nothing has come for {self._silence(now):.0f} s"

    def _lose(self, reason: str) -> None:
        if self._phase in (FeedPhase.STOPPED, FeedPhase.IDLE):
            return
        if refusal := refusal_told(reason):
            self._phase, self._reason = FeedPhase.REFUSED, refusal
        elif self._phase is not FeedPhase.REFUSED:
            self._phase = FeedPhase.WAITING
            self._reason = loss_told(reason) or self._reason
        if self._reason:
            self._note_once(f"lost {self._reason}", f"the price feed is not connected: {self._reason}")

    def _note(self, text: str, *, is_warning: bool = True) -> None:
        self._notes.append(FeedNote(text=text, is_warning=is_warning))

    def _note_once(self, key: str, text: str) -> None:
        """Note it once per connection, so that a fault that repeats every second doesn't flood the log."""
        if key not in self._noted:
            self._noted.add(key)
            self._note(text)
