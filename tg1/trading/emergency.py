"""`--cancel-all`: the emergency stop (behaviour 13). Works without a state file, a feed, an instrument dump or disk."""

from __future__ import annotations

import logging
import os
import signal
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.errors import AlreadyRunning, BrokerUnavailable, ConfigError, ExitCode, InvariantBroken, StateError
from tg1.models import BotState, Role, Status, StatusKind, TradeSide
from tg1.rules.given import Rules
from tg1.trading.ending import cancel_everything
from tg1.trading.money import say_money
from tg1.trading.parts import Parts, new_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.config import GridOcoConfig
    from tg1.findoc_client import FindocMultiClient
    from tg1.machine.clock import Clock
    from tg1.machine.lock import BotLock
    from tg1.models import BrokerOrder, BrokerPosition, BrokerTrade, Instrument, OrderRequest, Quote
    from tg1.state import StateManager

log = logging.getLogger(__name__)

STOP_WITHIN_SECS = 30.0
"""For a running bot to end after SIGTERM: longer than one request may take (transport.TOTAL_TIMEOUT_SECS)."""
KILL_WITHIN_SECS = 5.0
REFUSED_WITHIN_SECS = 15.0
"""How long an account that could not be logged in at once is tried again before it is listed."""
STOPPED = Status(kind=StatusKind.STOPPED, reason="cancel all")
FINEST_TICK = Decimal("0.01")
"""Stands in for the instruments' ticks: prices are put on the real ones when orders are placed."""


def stop_running_bot(lock: BotLock, clock: Clock) -> None:
    """Tell a running bot to stop and take its lock, or it would place the orders again.

    A bot that does not end in time is killed: its state survives that, an open order does not wait.
    """
    try:
        lock.acquire(clock.now())
    except AlreadyRunning as exc:
        log.info("%s: telling it to stop", exc)
    except ConfigError as exc:
        # Full, read-only or another user's: orders do not wait for a folder (behaviour 13).
        log.error("Nobody knows whether the bot is running, stop it by hand: %s", exc)  # noqa: TRY400 - a sentence for the operator
        return
    else:
        return
    for number, patience_secs in ((signal.SIGTERM, STOP_WITHIN_SECS), (signal.SIGKILL, KILL_WITHIN_SECS)):
        holder = lock.holder()
        if holder is not None and holder.is_here and holder.pid is not None:
            log.info("Sending %s to process %d", number.name, holder.pid)
            _signal(holder.pid, number)
        try:
            lock.wait(clock, clock.monotonic() + patience_secs)
        except AlreadyRunning as exc:
            log.warning("%s", exc)
        else:
            return
    log.error("The running bot could not be stopped and may place orders again; stop it by hand")


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        log.info("Process %d has just ended", pid)
    except PermissionError as exc:
        log.warning("Process %d can't be signalled: %s", pid, exc.strerror)


class _NoFeed:
    """No prices: nothing here depends on one."""

    def start(self, symbols: Mapping[int, str]) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def quote(self, symbol: str) -> Quote | None:  # noqa: ARG002 - part of the PriceFeed protocol
        """Never a price."""
        return None

    def fault(self) -> str:
        """Nothing to say."""
        return ""


@dataclass(frozen=True, slots=True)
class _GivenAccounts:
    """The client, tolerant of accounts that the state knows but the command line gave no credentials for."""

    client: FindocMultiClient

    @property
    def accounts(self) -> tuple[str, ...]:
        return self.client.accounts

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        try:
            return self.client.account_of(role, trade_side)
        except InvariantBroken:
            return f"{trade_side}_oco"

    def connect(self) -> None:
        self.client.connect_all()

    def instrument(self, symbol: str) -> Instrument:
        return self.client.instrument(symbol)

    def place_order(self, account: str, request: OrderRequest) -> str:
        raise InvariantBroken(f"the emergency stop was asked to place {request.client_id} on {account}")

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        if account not in self.client.accounts:
            raise BrokerUnavailable(f"no credentials were given for account {account}")
        self.client.cancel_order(account, order_id, client_id)

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        return self.client.order_book(account, since=since)

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        return self.client.order_history(account, order_id)

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        return self.client.positions(account)

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        return self.client.trades(account)


def cancel_all(config: GridOcoConfig, client: FindocMultiClient, store: StateManager, clock: Clock) -> ExitCode:
    """Cancel all orders of this bot on every account; exit 0 only when the books confirm it."""
    failures = client.connect_all()
    for account, failure in failures.items():
        log.error("Account %s can't be reached, the others are cleared: %s", account, failure)
    saved = _todays_state(store, clock)
    state = saved or _blank(config, clock)
    store.state = state
    parts = Parts(
        config=config,
        client=_GivenAccounts(client),
        feed=_NoFeed(),
        store=store,
        clock=clock,
        saves=saved is not None,
        given_rules=_rules(state, config),
    )
    patience_secs = REFUSED_WITHIN_SECS if failures else None
    left = cancel_everything(parts, "cancel all", patience_secs) + _not_looked_at(saved, client)
    if saved is not None:
        _say_stopped(state)
        parts.save(parts.moment())
        say_money(parts)
    for sentence in left:
        log.error("STILL WORKING OR NOT CONFIRMED: %s", sentence)
    if not left:
        log.info("No order of %s is working on %s", config.bot_name, ", ".join(client.accounts))
    return ExitCode.FAILED if left else ExitCode.OK


def _todays_state(store: StateManager, clock: Clock) -> BotState | None:
    """The saved state; None without one, with one that can't be read, or with one of an earlier day.

    Orders of an earlier day are gone (behaviour 9.5), and the next start's day roll wants that state as it is.
    """
    try:
        saved = store.load()
    except StateError as exc:
        log.warning("Going by the order tag alone, since the state is refused: %s", exc)
        return None
    if saved is not None and saved.trading_day != clock.now().date():
        log.info("The state is of %s: going by the order tag alone", saved.trading_day)
        return None
    return saved


def _say_stopped(state: BotState) -> None:
    if state.bot_status.kind in (StatusKind.ACTIVE, StatusKind.STOPPED):
        state.bot_status = STOPPED


def _not_looked_at(saved: BotState | None, client: FindocMultiClient) -> list[str]:
    """Accounts that the saved grid trades on but that were not given."""
    if saved is None or not saved.grid.trade_type.has_oco:
        return []
    given = _GivenAccounts(client)
    needed = {given.account_of(Role.OCO, side) for side in saved.grid.trade_type.trade_sides}
    return [f"account {name}: no credentials were given" for name in sorted(needed - set(client.accounts))]


def _rules(state: BotState, config: GridOcoConfig) -> Rules:
    grid = state.grid
    return Rules(
        token_a_symbol=grid.token_a_symbol,
        token_b_symbol=grid.token_b_symbol,
        has_oco=grid.trade_type.has_oco,
        auto_reenter=config.auto_reenter,
        oco_spread=grid.oco_spread,
        oco_order_type=config.oco_order_type,
        oco_limit_offset=config.oco_limit_offset,
        tick_a=FINEST_TICK,
        tick_b=FINEST_TICK,
        new_uuid=new_uuid,
    )


def _blank(config: GridOcoConfig, clock: Clock) -> BotState:
    """A state without levels: orders are found by their tag."""
    now = clock.now()
    return BotState(
        bot_name=config.bot_name,
        bot_status=STOPPED,
        grid=config.identity(),
        generation="000",
        trading_day=now.date(),
    )
