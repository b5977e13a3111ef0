"""`--cancel-all`: the emergency stop (behaviour 13). Works without a state file, a feed, an instrument dump or disk."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.errors import BrokerError, ConfigError, ExitCode, SessionRefused, StateError
from tg1.models import BotState, Role, Status, StatusKind
from tg1.rules.given import Rules
from tg1.screen.money import counted
from tg1.trading.closing_orders import SQUARED_OFF, ClosingOrders, end_attention, named
from tg1.trading.emergency_ports import GivenAccounts, NoFeed
from tg1.trading.ending import cancel_everything
from tg1.trading.money import say_money
from tg1.trading.parts import Parts, new_uuid
from tg1.trading.square_off import SquareOff
from tg1.trading.tag_proof import TagProof

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.ports import Accounts
    from tg1.state import StateManager
    from tg1.trading.closing_prices import ClosingPrices
    from tg1.trading.square_off import Plan

log = logging.getLogger(__name__)

REFUSED_WITHIN_SECS = 15.0
"""How long an account that could not be logged in at once is tried again before it is listed."""
BACKING_OFF_WITHIN_SECS = 75.0
"""The same for one whose next login may be tried soon: the longest back-off is 60 s (behaviour 11.1)."""
AT_ONCE_SECS = 1.0
"""An answer that took as long was a person's: what he was asked about may have changed."""
STOPPED = Status(kind=StatusKind.STOPPED, reason="cancel all")
FINEST_TICK = Decimal("0.01")
"""Stands in for the instruments' ticks: prices are put on the real ones when orders are placed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten:
    """How `--square-off` goes about it (behaviour 13)."""

    confirm: Callable[[str], bool]
    """Asks the operator whether so many shares are to be closed; False leaves them."""
    prices: ClosingPrices


def cancel_all(
    config: GridOcoConfig,
    client: Accounts,
    store: StateManager,
    clock: Clock,
    *,
    is_known: bool = True,
    flatten: Flatten | None = None,
) -> ExitCode:
    """Cancel all orders of this bot on every account; exit 0 only when the books confirm it.

    `is_known`: a state or a lock of the bot is here. With `flatten` its positions are closed afterwards, and exit 0
    also means that none is left.
    """
    if not is_known:
        log.warning(
            "Nothing of %r is in %s (known here: %s); the books are searched for its orders, which takes half a minute",
            config.bot_name,
            store.paths.folder,
            _known(store),
        )
    failures = client.connect_all()
    found = _saved_state(store)
    saved = _todays(found, clock)
    proof = None if saved is not None else TagProof(watches=not is_known)
    parts = _parts(config, client, store, clock, saved or _blank(config, clock), saves=saved is not None)
    left = cancel_everything(parts, "cancel all", _patience_secs(failures), proof) + _not_looked_at(saved, client)
    if saved is not None:
        _say_stopped(saved)
        parts.save(parts.moment())
    held = found if saved is None and found is not None and found.grid.product_type != "MIS" else saved
    if held is not None:
        parts = _parts(config, client, store, clock, held, saves=True)
    orders = ClosingOrders(parts)
    unheard = [] if left else orders.settle()
    for sentence in (*left, *map(named, unheard)):
        log.error("STILL WORKING OR NOT CONFIRMED: %s", sentence)
    if proof is not None and (proof.lives_elsewhere or not (left or is_known or proof.found)):
        _say_where(config, store, proof)
        return ExitCode.FAILED
    if not left and not unheard:
        log.info("No order of %s is working on %s", config.bot_name, ", ".join(client.accounts))
    is_done = _is_done(parts, orders, flatten, left, found)
    if held is not None:
        end_attention(parts, has_read_all=not left)
    _say_held(parts, held, found)
    return ExitCode.OK if is_done and not unheard else ExitCode.FAILED


def _patience_secs(failures: Mapping[str, BrokerError]) -> float | None:
    """Say which accounts can't be reached; how long the books may stand still because of them, None without one."""
    backing_off = False
    for account, failure in failures.items():
        if isinstance(failure, SessionRefused) and failure.wait_secs:
            backing_off = True
            log.warning("Account %s is waited for, the others are cleared meanwhile: %s", account, failure)
        else:
            log.error("Account %s can't be reached, the others are cleared: %s", account, failure)
    if backing_off:
        return BACKING_OFF_WITHIN_SECS
    return REFUSED_WITHIN_SECS if failures else None


def _parts(
    config: GridOcoConfig, client: Accounts, store: StateManager, clock: Clock, state: BotState, *, saves: bool
) -> Parts:
    store.state = state
    return Parts(
        config=config,
        client=GivenAccounts(client),
        feed=NoFeed(),
        store=store,
        clock=clock,
        saves=saves,
        given_rules=_rules(state, config),
    )


def _say_where(config: GridOcoConfig, store: StateManager, proof: TagProof) -> None:
    """A stop that hit nothing, or only the orders of a bot that lives elsewhere, is no success."""
    if proof.lives_elsewhere:
        log.error(
            "%s of %r %s cancelled, but new ones appear: the bot lives elsewhere (another folder, another user's "
            "unit); stop it there, or it places its grid again",
            counted(proof.found, "order"),
            config.bot_name,
            "was" if proof.found == 1 else "were",
        )
        return
    log.error(
        "No bot of the name %r in %s, and no order of it in any book; known here: %s",
        config.bot_name,
        store.paths.folder,
        _known(store),
    )


def _known(store: StateManager) -> str:
    try:
        return ", ".join(store.known_bots()) or "none"
    except OSError as exc:
        return f"the folder can't be read, {exc.strerror}"


def _is_done(
    parts: Parts, orders: ClosingOrders, flatten: Flatten | None, left: list[str], found: BotState | None
) -> bool:
    """True when nothing of the bot works and, where that is wished, nothing is held: it is closed here."""
    if flatten is not None and not left:
        return _close(parts, orders, flatten, found)
    if flatten is not None:
        log.error("Nothing is closed while orders of the bot may still work: they could open it again")
    return not left


def _close(parts: Parts, orders: ClosingOrders, flatten: Flatten, found: BotState | None) -> bool:
    """Close what the bot holds; True when nothing of it is left."""
    if found is None:
        log.error("Nothing is closed: no state here says what the bot holds; look at the broker's positions")
        return False
    if not parts.save(parts.moment()):
        log.error("Make room: a closing order has to stand on disk before it is sent, and the state can't be saved")
    work = SquareOff(parts, orders, flatten.prices.last)
    try:
        plan = _agreed(parts, flatten, work)
    except (BrokerError, ConfigError) as exc:
        log.error("Nothing is closed: %s", exc)  # noqa: TRY400 - a sentence for the operator
        return False
    if plan is None:
        log.error("Nothing is closed: the answer was not the bot's name")
        return False
    if not plan.targets:
        return not plan.less
    flatten.prices.begin({symbol for _, symbol in plan.targets})
    # From here on a start must not place targets for shares that are gone.
    parts.state.bot_status = SQUARED_OFF
    outcome = work.run(plan)
    for sentence in outcome.closed:
        log.info("CLOSED: %s", sentence)
    for sentence in outcome.left:
        log.error("NOT CLOSED: %s", sentence)
    return not outcome.left


def _agreed(parts: Parts, flatten: Flatten, work: SquareOff) -> Plan | None:
    """What is to be closed, as the operator agreed to it; None when he did not. Raises as `SquareOff.plan`.

    Positions that have changed while he was asked are put to him again: the broker may have squared off meanwhile.
    """
    plan = work.plan()
    while True:
        for sentence in plan.less:
            log.error("NOT CLOSED: %s", sentence)
        asked_at = parts.clock.monotonic()
        if plan.targets and not flatten.confirm(plan.question(parts.state.bot_name)):
            return None
        if parts.clock.monotonic() - asked_at < AT_ONCE_SECS:
            return plan
        before, plan = plan, work.plan()
        if plan == before:
            return plan
        log.warning("The positions have changed while you were asked")


def _say_held(parts: Parts, held: BotState | None, found: BotState | None) -> None:
    if held is not None:
        say_money(parts)
    elif found is not None:
        log.info("The MIS positions of %s were left to the broker's square-off of that day", found.trading_day)
    else:
        log.info("No state of the bot can be read here: what it holds is not known; look at the broker's positions")


def _saved_state(store: StateManager) -> BotState | None:
    """The saved state; None without one or with one that can't be read."""
    try:
        return store.load()
    except StateError as exc:
        log.warning("Going by the order tag alone, since the state is refused: %s", exc)
        return None


def _todays(saved: BotState | None, clock: Clock) -> BotState | None:
    """The state when it is of today.

    Orders of an earlier day are gone (behaviour 9.5), and the next start's day roll wants that state as it is.
    """
    if saved is not None and saved.trading_day != clock.now().date():
        log.info("The state is of %s: going by the order tag alone", saved.trading_day)
        return None
    return saved


def _say_stopped(state: BotState) -> None:
    if state.bot_status.kind in (StatusKind.ACTIVE, StatusKind.STOPPED):
        state.bot_status = STOPPED


def _not_looked_at(saved: BotState | None, client: Accounts) -> list[str]:
    """Accounts that the saved grid trades on but that were not given."""
    if saved is None or not saved.grid.trade_type.has_oco:
        return []
    given = GivenAccounts(client)
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
