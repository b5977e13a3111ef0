"""The flags in their groups, with what `--help` says of each (behaviour 18). PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import OcoOrderType, TradeType
from tg1.settings.checks import LOG_LEVELS, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Sequence

ALIASES = {"product_type": ("--product-type",), "zerodha_user": ("--user",)}
REPEATABLE = ("charges", "holidays", "trading_days")
_BETTER_ELSEWHERE = "; better from the environment or a file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag as `--help` shows it."""

    field: str
    metavar: str
    """Unit or form of the value; empty for a switch."""
    help: str


def _flag(field: str, metavar: str, text: str) -> Flag:
    return Flag(field=field, metavar=metavar, help=text)


def _one_of(choices: Sequence[str]) -> str:
    return "{" + ",".join(choices) + "}"


GROUPS: dict[str, tuple[Flag, ...]] = {
    "bot": (
        _flag("bot_name", "NAME", "unique name of the bot"),
        _flag("trade_type", _one_of([*TradeType]), "active halves of the grid, and whether entries are hedged"),
        _flag("token_a_symbol", "SYMBOL", "NSE symbol that the grid trades"),
        _flag("token_b_symbol", "SYMBOL", "NSE symbol of the hedge (hedged trade types)"),
        _flag("exchange", "NAME", "only NSE cash is supported"),
        _flag("product_type", _one_of(PRODUCTS), "intraday or delivery"),
    ),
    "grid": (
        _flag("entry_price", "RUPEES", "centre of the grid"),
        _flag("auto_entry", "", "take TokenA's last price as the centre"),
        _flag("steps", "N", "levels per side"),
        _flag("spread", "RUPEES", "distance between levels"),
        _flag("target_spread", "RUPEES", "distance from an entry to its target"),
        _flag("token_a_quantity", "SHARES", "shares of TokenA per level"),
        _flag("max_open_entries", "N", "working entries per side at once, 0 = no limit"),
        _flag("auto_reenter", "", "close a level for good once its target has filled"),
        _flag("allow_off_centre", "", "start although TokenA trades outside the grid"),
    ),
    "hedge": (
        _flag("oco_spread", "RUPEES", "distance from TokenB's price to the OCO price"),
        _flag("token_b_quantity", "SHARES", "shares of TokenB per OCO order"),
        _flag("oco_stop_count", "N", "hedges that fail to fill, per direction, that terminate the bot"),
        _flag("oco_order_type", _one_of([*OcoOrderType]), "how a hedge rests in the market"),
        _flag("oco_limit_offset", "PERCENT", "limit beyond the trigger, in percent of the OCO price"),
    ),
    "accounts": (
        _flag("trade_key", "KEY", "XTS key of the Trade account" + _BETTER_ELSEWHERE),
        _flag("trade_secret", "SECRET", "XTS secret of the Trade account" + _BETTER_ELSEWHERE),
        _flag("upside_oco_key", "KEY", "XTS key of the account that hedges SELL entries"),
        _flag("upside_oco_secret", "SECRET", "XTS secret of that account"),
        _flag("downside_oco_key", "KEY", "XTS key of the account that hedges BUY entries"),
        _flag("downside_oco_secret", "SECRET", "XTS secret of that account"),
        _flag("trade_client", "CODE", "client of a dealer's Trade login that has several"),
        _flag("upside_oco_client", "CODE", "client of a dealer's login that hedges SELL entries"),
        _flag("downside_oco_client", "CODE", "client of a dealer's login that hedges BUY entries"),
        _flag(
            "charges",
            "[ACCOUNT:]ITEM=VALUE",
            "what brokers charge, e.g. brokerage=20 (an order), brokerage=0.03%:20 (at most 20), dp=15, "
            "downside-oco:brokerage=0; may be given several times (default: intraday=0.03%:20, delivery=0, dp=13)",
        ),
        _flag("zerodha_user", "NAME", "section [API_CREDENTIALS_<NAME>] of the Zerodha file"),
        _flag("zerodha_config", "FILE", "INI file with Zerodha's api_key and access_token, or TG1_ZERODHA_CONFIG"),
    ),
    "wires": (
        _flag("xts_root", "URL", "XTS server"),
        _flag("kite_root", "URL", "Kite's REST server"),
        _flag("kite_ws_root", "URL", "Kite's ticker"),
        _flag("insecure_tls", "", "don't verify certificates (dangerous)"),
    ),
    "running": (
        _flag("poll_interval", "SECONDS", "time between cycles, 0.1 to 60, at most 10 with hedges"),
        _flag("stop_at", "HH:MM", "IST, end of the session (default: 15:00 for MIS, 15:10 for CNC and NRML)"),
        _flag("ignore_market_hours", "", "trade at any hour"),
        _flag("holidays", "YYYY-MM-DD", "a day without trading that is in no list; may be given several times"),
        _flag("trading_days", "YYYY-MM-DD", "a Saturday session or Muhurat; may be given several times"),
        _flag("state_dir", "FOLDER", "state, lock and session files"),
        _flag("status_dir", "FOLDER", "where tg1 status reads from, in memory if you like (default: the state folder)"),
        _flag("record", "", "don't write down the day for tg1 replay (records/ in the state folder)"),
        _flag("log_dir", "FOLDER", "log file"),
        _flag("log_level", _one_of(LOG_LEVELS), "least level that is logged"),
        _flag("fresh", "", "archive the saved state and start anew"),
        _flag("clear_attention", "", "drop what was reported for a person to settle, and end the pauses"),
    ),
    "paper": (
        _flag("paper", "", "trade on the embedded exchange: no credentials, no network"),
        _flag("paper_prices", "FILE", "CSV of real prices to replay"),
        _flag("paper_price_b", "RUPEES", "where TokenB's made prices start"),
        _flag("paper_speed", "FACTOR", "paper seconds per real second"),
        _flag("paper_seed", "N", "seed of the made prices"),
        _flag("journal", "FILE", "record of all that the paper exchange saw"),
    ),
}
