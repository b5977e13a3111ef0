"""What can be configured, typed and frozen: the one source of every default (behaviour 1.3). No I/O, no clock.

Constructing converts each value (a `ConfigError` when it is no number, switch, time …). What the values mean together
is judged in `checks`; `tg1.config.GridOcoConfig` is these fields with their judgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tg1.models import ZERO, GridIdentity, OcoOrderType, TradeType
from tg1.settings import paths, values
from tg1.settings.charges import plans_of, to_charges
from tg1.settings.flags import CREDENTIALS, flag_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.rules.charges import Plans

MIS_STOP = time(15, 0)
"""Brokers square MIS off from about here on (behaviour 12)."""
DELIVERY_STOP = time(15, 10)
"""Stocks with F&O leave continuous trading at 15:15 since August 2026 (behaviour 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridOcoFields:
    """All parameters of one bot (architecture 20, behaviour 18).

    Numbers may be given as int, float, str or Decimal and are `Decimal` or int inside. Raises `ConfigError` for a value
    that can't be read.
    """

    bot_name: str
    """Unique name; state file, lock and the tag in client ids derive from it."""
    trade_type: TradeType = TradeType.GRIDOCOTS
    """Which halves of the grid are active, and whether entries are hedged (architecture 5)."""
    token_a_symbol: str
    """NSE symbol that the grid trades; upper case."""
    token_b_symbol: str = ""
    """NSE symbol of the hedge; upper case; needed with hedged trade types, empty otherwise."""
    exchange: str = "NSE"
    """Only NSE cash is supported."""
    product_type: str = "MIS"
    """MIS (intraday), CNC or NRML (delivery)."""

    entry_price: Decimal = ZERO
    """Rupees; the centre of the grid; 0 with `auto_entry`."""
    auto_entry: bool = False
    """Take TokenA's price at a fresh start as the centre; a resume keeps the saved one (behaviour 9.3)."""
    steps: int = 5
    """Levels per active side, 1 to 1295 (a client id has two base-36 digits for the level)."""
    spread: Decimal = Decimal("1.0")
    """Rupees between neighbouring levels."""
    target_spread: Decimal = Decimal("1.0")
    """Rupees from a level's entry to its target."""
    token_a_quantity: int = 0
    """Shares of TokenA per level; has to be given."""
    max_open_entries: int = 0
    """Entries per side that may be working at once; 0 is no limit (behaviour 2.3)."""
    auto_reenter: bool = True
    """Place a level's entry again after its target filled; off: the level is closed for good (behaviour 1.5)."""
    allow_off_centre: bool = False
    """Start although TokenA's price is outside the grid (behaviour 1.4)."""

    oco_spread: Decimal = ZERO
    """Rupees from TokenB's price at the entry fill to the OCO price; has to be given with hedged types."""
    token_b_quantity: int = 0
    """Shares of TokenB per OCO order; has to be given with hedged types."""
    oco_stop_count: int = 3
    """Untriggered OCO orders per direction that terminate the bot (architecture 13), at most `steps`."""
    oco_order_type: OcoOrderType = OcoOrderType.STOP_LIMIT
    """How a hedge rests in the market (behaviour 6.1)."""
    oco_limit_offset: Decimal = Decimal("0.5")
    """Percent of the OCO price by which a stop-limit's limit lies beyond its trigger, above 0 and up to 20."""

    trade_key: str = field(default="", repr=False)
    """XTS app key of the Trade account."""
    trade_secret: str = field(default="", repr=False)
    """XTS secret of the Trade account."""
    upside_oco_key: str = field(default="", repr=False)
    """XTS app key of the account that hedges SELL entries."""
    upside_oco_secret: str = field(default="", repr=False)
    """XTS secret of that account."""
    downside_oco_key: str = field(default="", repr=False)
    """XTS app key of the account that hedges BUY entries; may be the upside's (architecture 3)."""
    downside_oco_secret: str = field(default="", repr=False)
    """XTS secret of that account."""
    trade_client: str = ""
    """Client code that a dealer's Trade login trades for, when it has several (behaviour 11.5)."""
    upside_oco_client: str = ""
    """The same of the account that hedges SELL entries."""
    downside_oco_client: str = ""
    """The same of the account that hedges BUY entries."""
    zerodha_user: str = "Sai"
    """Names the section `[API_CREDENTIALS_<user>]` of the Zerodha file (behaviour 16)."""
    zerodha_config: Path | None = None
    """INI file with Zerodha's api_key and access_token; needed to trade, but not with `paper`."""

    charges: tuple[str, ...] = ()
    """What the brokers charge where it is not the discount plan (behaviour 15), as `tg1.settings.charges` reads it."""

    xts_root: str = "https://xts.myfindoc.com"
    """XTS server; `scheme://host[:port]` inside."""
    kite_root: str = "https://api.kite.trade"
    """Kite's REST server; the instrument dump comes from it."""
    kite_ws_root: str = "wss://ws.kite.trade"
    """Kite's ticker."""
    insecure_tls: bool = False
    """Don't verify certificates; warned about at every start (behaviour 11.4)."""

    poll_interval: float = 1.0
    """Seconds between cycles, 0.1 to 60, with hedges to 10; books: at most one a second (behaviour 4.1)."""
    stop_at: time | None = None
    """IST; None is the product's own, see `effective_stop`."""
    ignore_market_hours: bool = False
    """Trade at any hour (behaviour 12)."""
    holidays: tuple[date, ...] = ()
    """Days without trading that no package knows, IST (behaviour 12); sorted, each once."""
    trading_days: tuple[date, ...] = ()
    """Days with trading although they look like a weekend or a holiday: a Saturday session, Muhurat (behaviour 12)."""
    state_dir: Path = Path("state")
    """Folder of state, lock and session files."""
    status_dir: Path | None = None
    """Folder of the snapshots that are written in every cycle, best in memory (tmpfs); None: the state folder."""
    record: bool = True
    """Write down each cycle in the state folder, so that the day can be replayed."""
    log_dir: Path = Path("logs")
    """Folder of `grid_oco_engine.log`."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    fresh: bool = False
    """Archive the saved state and start anew (behaviour 9.3)."""
    clear_attention: bool = False
    """Drop the list of things that needed a person, and end the pauses they caused (behaviour 6.5, 8)."""

    paper: bool = False
    """Trade on the embedded exchange, without credentials or network (behaviour 17)."""
    paper_prices: Path | None = None
    """CSV of real prices to replay; None: a seeded, correlated pair."""
    paper_price_b: Decimal | None = None
    """Rupees near which TokenB's made prices start; None: where the OCO spread is a sensible part of them."""
    paper_speed: float = 1.0
    """How many seconds of paper prices pass in one of ours."""
    paper_seed: int = 1
    """Seed of the paper prices; fixed, so that two runs see the same market."""
    journal: Path | None = None
    """File in which the paper exchange records every request and event; None: no record."""

    def __post_init__(self) -> None:
        """Convert each value by its field's type."""
        for one in fields(self):
            convert = _ROOTS.get(one.name) or _CONVERTERS[str(one.type)]
            self._set(one.name, convert(flag_of(one.name), getattr(self, one.name)))
        for name in _UPPER_CASE:
            self._set(name, getattr(self, name).strip().upper())
        self._set("bot_name", self.bot_name.strip())

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the only moment at which a frozen value may still change

    @property
    def has_oco(self) -> bool:
        """True when entries are hedged on TokenB."""
        return self.trade_type.has_oco

    @property
    def symbols(self) -> tuple[str, ...]:
        """What the bot reads prices of: TokenA, and TokenB where it hedges."""
        return (self.token_a_symbol, self.token_b_symbol) if self.has_oco else (self.token_a_symbol,)

    @property
    def max_quantity(self) -> int:
        """Shares of TokenA at which new entries pause (architecture 4)."""
        return self.token_a_quantity * self.steps

    @property
    def same_oco_account(self) -> bool:
        """True when both OCO directions trade on one account (architecture 3); False when no keys are known."""
        upside = (self.upside_oco_key, self.upside_oco_secret, self.upside_oco_client)
        downside = (self.downside_oco_key, self.downside_oco_secret, self.downside_oco_client)
        return bool(self.upside_oco_key) and upside == downside

    @property
    def plans(self) -> Plans:
        """What every account pays (behaviour 15)."""
        return plans_of(self.charges)

    @property
    def default_stop_at(self) -> time:
        """The product's own end of the session, IST (behaviour 12)."""
        return MIS_STOP if self.product_type == "MIS" else DELIVERY_STOP

    @property
    def effective_stop(self) -> time | None:
        """When the bot stops for the day, IST; None when market hours are ignored."""
        return None if self.ignore_market_hours else self.stop_at or self.default_stop_at

    def identity(self, entry_price: Decimal | None = None) -> GridIdentity:
        """What a saved grid is compared with (behaviour 9.3); `entry_price` (rupees) replaces the configured one."""
        return GridIdentity(
            trade_type=self.trade_type,
            exchange=self.exchange,
            product_type=self.product_type,
            token_a_symbol=self.token_a_symbol,
            token_b_symbol=self.token_b_symbol,
            entry_price=self.entry_price if entry_price is None else entry_price,
            steps=self.steps,
            spread=self.spread,
            target_spread=self.target_spread,
            oco_spread=self.oco_spread,
            token_a_quantity=self.token_a_quantity,
            token_b_quantity=self.token_b_quantity,
        )


_UPPER_CASE = (
    *("token_a_symbol", "token_b_symbol", "product_type", "exchange", "log_level"),
    *("trade_client", "upside_oco_client", "downside_oco_client"),
)

_CONVERTERS: dict[str, Callable[[str, object], Any]] = {
    "str": values.to_text,
    "bool": values.to_flag,
    "int": values.to_int,
    "float": values.to_float,
    "Decimal": values.to_decimal,
    "Decimal | None": values.to_optional_decimal,
    "Path": paths.to_path,
    "Path | None": paths.to_optional_path,
    "time | None": values.to_optional_time,
    "tuple[date, ...]": values.to_days,
    "tuple[str, ...]": to_charges,
    "TradeType": values.to_trade_type,
    "OcoOrderType": values.to_oco_order_type,
}

_ROOTS: dict[str, Callable[[str, object], Any]] = {
    "xts_root": partial(values.to_root, scheme="https"),
    "kite_root": partial(values.to_root, scheme="https"),
    "kite_ws_root": partial(values.to_root, scheme="wss"),
}


def changed_fields(config: GridOcoFields) -> frozenset[str]:
    """Names of the fields whose value is not the default; credentials don't count, as they may be everyone's."""
    names = {one.name for one in fields(config) if getattr(config, one.name) != one.default}
    return frozenset(names.difference(CREDENTIALS))
