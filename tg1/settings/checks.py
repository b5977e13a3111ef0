"""What arithmetic alone shows to be wrong with a configuration (behaviour 1.2, 18). PURE.

Every check raises `ConfigError` with one sentence that names the flag and its value. No check quotes a credential.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.models import PAISA, OcoOrderType, TradeSide
from tg1.rules import client_ids, hours
from tg1.rules.grid import to_tick
from tg1.settings.cautions import spread_text
from tg1.settings.charges import check_accounts
from tg1.settings.credential_checks import check_pairs, demand
from tg1.settings.flags import (
    OCO_CREDENTIALS,
    OCO_ONLY,
    PAPER_ONLY,
    ROOTS,
    TRADE_CREDENTIALS,
    flag_of,
)
from tg1.settings.values import shown

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from tg1.models import GridIdentity
    from tg1.settings.fields import GridOcoFields

HIGHEST_PRICE = Decimal(10_000_000)
HIGHEST_QUANTITY = 10_000_000
MOST_OFFSET = Decimal(20)
SLOWEST_HEDGED_POLL_SECS = 10.0
"""A price without life for longer is stale (behaviour 10.1): a slower bot would bracket its hedges on such prices."""
LONGEST_NAME = 100
LONGEST_SYMBOL = 50
PRODUCTS = ("MIS", "CNC", "NRML")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_SYMBOL_EXTRAS = frozenset("&-_.")


def check(config: GridOcoFields, given: AbstractSet[str]) -> None:
    """Raise `ConfigError` for the first thing that is wrong; `given` names the fields that were set explicitly."""
    check_bot_name(config.bot_name)
    _check_instruments(config)
    _check_unused(config, given)
    _check_numbers(config, given)
    _check_hedge(config, given)
    if not config.auto_entry:
        check_levels(config.identity())
        _check_target(config)
    _check_running(config)
    keys = {"trade": config.trade_key, "upside_oco": config.upside_oco_key, "downside_oco": config.downside_oco_key}
    check_accounts(config.charges, keys, has_oco=config.has_oco)


def check_bot_name(name: str) -> None:
    """Raise `ConfigError` unless the name can stand in logs and, mostly, in a file name."""
    if not name:
        raise ConfigError("--bot-name is missing: every bot needs a name of its own.")
    if not name.isprintable():
        raise ConfigError(f"--bot-name {shown(name)} holds characters that can't be printed.")
    if len(name.encode()) > LONGEST_NAME:
        raise ConfigError(f"--bot-name {shown(name)} is longer than {LONGEST_NAME} bytes.")


def check_levels(grid: GridIdentity) -> None:
    """Raise `ConfigError` when a price of the grid would be 0 or below; also for a centre that was just measured."""
    sides = grid.trade_type.trade_sides
    lowest = grid.entry_price - grid.steps * grid.spread
    if TradeSide.DOWNSIDE in sides and lowest < PAISA:
        raise ConfigError(
            f"--entry-price {grid.entry_price} with --steps {grid.steps} and --spread {grid.spread} puts the BUY level "
            f"{grid.steps} at {lowest:.2f}, which is not above 0."
        )
    nearest = grid.entry_price + grid.spread - grid.target_spread
    if TradeSide.UPSIDE in sides and nearest < PAISA:
        raise ConfigError(
            f"--target-spread {grid.target_spread} puts the target of the SELL level 1 at {nearest:.2f}, which is not "
            "above 0."
        )
    highest = grid.entry_price + grid.steps * grid.spread
    if TradeSide.UPSIDE in sides and highest > HIGHEST_PRICE:
        raise ConfigError(f"--spread {grid.spread} puts the SELL level {grid.steps} at {highest}, above any NSE price.")


def check_hedge_price(grid: GridIdentity, token_b_price: Decimal, tick: Decimal) -> None:
    """Raise `ConfigError` when the OCO spread asks for a price that TokenB can't have, or already has (behaviour 19).

    `token_b_price` and `tick` are TokenB's, in rupees.
    """
    if grid.oco_spread >= token_b_price:
        raise ConfigError(
            f"{spread_text(grid)} reaches the price of {grid.token_b_symbol}, {token_b_price:.2f}: no hedge "
            "could ever fill."
        )
    if to_tick(grid.oco_spread, tick) <= 0:
        raise ConfigError(
            f"{spread_text(grid)} is nothing on {grid.token_b_symbol}'s tick of {tick}: every entry would "
            "be hedged at once."
        )


def check_cancel_all(config: GridOcoFields, given: AbstractSet[str]) -> None:
    """Raise `ConfigError` unless the emergency stop can find the orders (behaviour 13, 18).

    It knows the trade type from the state, if at all, so no more than the name and the Trade account is demanded.
    """
    check_bot_name(config.bot_name)
    _refuse(given, ("fresh", "clear_attention"), "has no use with --cancel-all: it belongs to a start")
    if config.paper:
        raise ConfigError(
            "--cancel-all has no use with --paper, whose exchange ends with its bot; to rehearse the stop, run "
            "`python -m tg1.paper` in a terminal of its own and give the bot and its --cancel-all, instead of --paper, "
            "the --xts-root, --kite-root and --kite-ws-root that it prints, with any keys and any --zerodha-config."
        )
    demand(config, TRADE_CREDENTIALS)
    check_pairs(config)


def _check_instruments(config: GridOcoFields) -> None:
    if config.exchange != "NSE":
        raise ConfigError(f"--exchange {shown(config.exchange)} is not supported: TG1 trades NSE cash equity only.")
    if config.product_type not in PRODUCTS:
        raise ConfigError(f"--product {shown(config.product_type)} is not one of {', '.join(PRODUCTS)}.")
    _check_symbol("--token-a", config.token_a_symbol)
    if not config.has_oco:
        return
    if not config.token_b_symbol:
        raise ConfigError(f"--token-b is missing: --trade-type {config.trade_type} hedges on it.")
    _check_symbol("--token-b", config.token_b_symbol)
    if config.token_b_symbol == config.token_a_symbol:
        raise ConfigError(f"--token-b {config.token_b_symbol} is the same symbol as --token-a: it can't hedge itself.")


def _check_symbol(flag: str, symbol: str) -> None:
    if not symbol:
        raise ConfigError(f"{flag} is missing: give an NSE symbol.")
    plain = all(char.isascii() and (char.isalnum() or char in _SYMBOL_EXTRAS) for char in symbol)
    if not plain or len(symbol) > LONGEST_SYMBOL:
        raise ConfigError(f"{flag} {shown(symbol)} is not an NSE symbol such as IRFC or M&M.")


def _check_unused(config: GridOcoFields, given: AbstractSet[str]) -> None:
    if not config.has_oco:
        _refuse(
            given, OCO_ONLY + OCO_CREDENTIALS, f"has no use with --trade-type {config.trade_type}, which never hedges"
        )
    if config.paper:
        _refuse(given, (*ROOTS, "insecure_tls"), "contradicts --paper, which brings its own exchange")
        if config.paper_prices is not None:
            _refuse(given, ("paper_price_b",), "contradicts --paper-prices, which brings its own prices")
    else:
        _refuse(given, PAPER_ONLY, "has no use without --paper")
    if config.ignore_market_hours:
        _refuse(given, ("stop_at",), "contradicts --ignore-market-hours, which switches the stop off")
        _refuse(given, ("holidays", "trading_days"), "contradicts --ignore-market-hours, which trades on every day")
    if config.auto_entry:
        _refuse(given, ("entry_price",), "contradicts --auto-entry: give one of the two")


def _refuse(given: AbstractSet[str], names: tuple[str, ...], why: str) -> None:
    for name in names:
        if name in given:
            raise ConfigError(f"{flag_of(name)} {why}.")


def _check_numbers(config: GridOcoFields, given: AbstractSet[str]) -> None:
    if not config.auto_entry:
        if "entry_price" not in given and not config.entry_price:
            raise ConfigError("--entry-price is missing: give it in rupees, or --auto-entry for the last price.")
        _check_price("entry_price", config.entry_price)
    _check_range("steps", config.steps, 1, client_ids.MAX_LEVEL)
    _check_price("spread", config.spread)
    _check_price("target_spread", config.target_spread)
    _check_quantity("token_a_quantity", config.token_a_quantity, given)
    _check_range("max_open_entries", config.max_open_entries, 0, client_ids.MAX_LEVEL)


def _check_target(config: GridOcoFields) -> None:
    buys = TradeSide.DOWNSIDE in config.trade_type.trade_sides
    if buys and config.target_spread >= config.entry_price:
        raise ConfigError(
            f"--target-spread {config.target_spread} reaches the entry price of {config.entry_price}: TokenA would "
            "have to double before a profit is taken."
        )


def _check_price(name: str, value: Decimal) -> None:
    if value <= 0:
        raise ConfigError(f"{flag_of(name)} {value} is not above 0.")
    if value < PAISA:
        raise ConfigError(f"{flag_of(name)} {value:f} is less than a paisa, the finest step of any NSE price.")
    if value > HIGHEST_PRICE:
        raise ConfigError(f"{flag_of(name)} {value:f} is above any NSE price.")


def _check_quantity(name: str, value: int, given: AbstractSet[str]) -> None:
    if name not in given and not value:
        raise ConfigError(f"{flag_of(name)} is missing: give the shares per order.")
    _check_range(name, value, 1, HIGHEST_QUANTITY)


def _check_range(name: str, value: Decimal | float, lowest: Decimal | float, highest: Decimal | float) -> None:
    if not lowest <= value <= highest:
        raise ConfigError(f"{flag_of(name)} {value} is not between {lowest} and {highest}.")


def _check_hedge(config: GridOcoFields, given: AbstractSet[str]) -> None:
    if not config.has_oco:
        return
    if "oco_spread" not in given and not config.oco_spread:
        raise ConfigError(f"--oco-spread is missing: --trade-type {config.trade_type} hedges that far from TokenB.")
    _check_price("oco_spread", config.oco_spread)
    _check_quantity("token_b_quantity", config.token_b_quantity, given)
    _check_stop_count(config, given)
    _check_offset(config, given)
    _check_range("poll_interval", config.poll_interval, 0.1, SLOWEST_HEDGED_POLL_SECS)


def _check_stop_count(config: GridOcoFields, given: AbstractSet[str]) -> None:
    _check_range("oco_stop_count", config.oco_stop_count, 1, client_ids.MAX_LEVEL)
    if "oco_stop_count" in given and config.oco_stop_count > config.steps:
        raise ConfigError(
            f"--oco-stop-count {config.oco_stop_count} can never be reached with --steps {config.steps}: hedges that "
            "fail to fill would not end the bot."
        )


def _check_offset(config: GridOcoFields, given: AbstractSet[str]) -> None:
    if config.oco_order_type is OcoOrderType.LIMIT:
        _refuse(given, ("oco_limit_offset",), "has no use with --oco-order-type limit, which knows no trigger")
        return
    if config.oco_limit_offset == 0:
        raise ConfigError("--oco-limit-offset 0 leaves a hedge no room: one tick beyond its trigger it never fills.")
    _check_range("oco_limit_offset", config.oco_limit_offset, Decimal(0), MOST_OFFSET)


def _check_hours(config: GridOcoFields) -> None:
    last = hours.LAST_SPECIAL_STOP if config.trading_days else hours.LAST_STOP
    if config.stop_at is not None and not hours.OPEN < config.stop_at <= last:
        raise ConfigError(f"--stop-at {config.stop_at:%H:%M} is not after 09:15 and up to {last:%H:%M} IST.")
    for day in config.holidays:
        if day in config.trading_days:
            raise ConfigError(f"--holiday {day} contradicts --trading-day {day}: a day is one of the two.")


def _check_running(config: GridOcoFields) -> None:
    _check_range("poll_interval", config.poll_interval, 0.1, 60)
    _check_hours(config)
    if config.log_level not in LOG_LEVELS:
        raise ConfigError(f"--log-level {shown(config.log_level)} is not one of {', '.join(LOG_LEVELS)}.")
    if not config.zerodha_user.strip():
        raise ConfigError("--zerodha-user is empty: give the user whose section the Zerodha file holds.")
    if config.paper_price_b is not None:
        _check_price("paper_price_b", config.paper_price_b)
    _check_range("paper_speed", config.paper_speed, 0.01, 10_000)
    _check_range("paper_seed", config.paper_seed, 0, 2**63 - 1)
