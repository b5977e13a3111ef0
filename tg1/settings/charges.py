"""What a trader says of his brokers' prices: `--charge [ACCOUNT:]ITEM=VALUE[@DATE]` into each account's plan. PURE.

Unprefixed items hold for every account, prefixed ones for theirs alone; of two that say the same the later one counts.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from tg1.errors import ConfigError
from tg1.rules.charges import ALWAYS, DISCOUNT, PERCENT, Brokerage, ChargesPlan, Plans, with_rate
from tg1.settings.values import shown, to_decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FLAG = "--charge"
ACCOUNTS = {"trade": "trade", "upside-oco": "upside_oco", "downside-oco": "downside_oco"}
"""Accounts as their flags call them, and as the state does."""
BROKERAGES = ("brokerage", "intraday", "delivery")
"""Items that set a brokerage: of both kinds of trade, or of one."""
RATES = {
    "stt-intraday": "stt_intraday_sell",
    "stt-delivery": "stt_delivery",
    "exchange": "exchange",
    "sebi": "sebi",
    "stamp-intraday": "stamp_intraday_buy",
    "stamp-delivery": "stamp_delivery_buy",
    "gst": "gst",
}
"""Items that set a rate, and the tables of the tariff that they set."""
ITEMS = (*BROKERAGES, "dp", "square-off", "cnc-same-day", *RATES)
HIGHEST_RUPEES = Decimal(100_000)

_FORM = re.compile(r"(?:(?P<account>[^:=]*):)?(?P<item>[^:=]+)=(?P<value>[^@]+)(?:@(?P<since>.*))?")


class _Said(NamedTuple):
    """One flag's value, taken apart."""

    text: str
    account: str
    item: str
    value: str
    since: date


def plans_of(texts: Iterable[str]) -> Plans:
    """Return the plan of every account; raises `ConfigError` for the first text that can't be understood."""
    said = [_taken_apart(text) for text in texts]
    default = _applied(DISCOUNT, said, "")
    named = {one.account for one in said if one.account}
    return Plans(default=default, by_account={account: _applied(default, said, account) for account in sorted(named)})


def to_charges(_flag: str, value: object) -> tuple[str, ...]:
    """Return what was said, once it is understood; one text or several. Raises `ConfigError`."""
    texts = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else (str(value),)
    said = tuple(str(text).strip() for text in texts)
    plans_of(said)
    return said


def check_accounts(texts: Iterable[str], keys: Mapping[str, str], *, has_oco: bool) -> None:
    """Raise `ConfigError` for what is said of an account that this bot does not have, or shares with another role.

    `keys` are the app keys by the state's account names; an account goes by the first role that uses its key.
    """
    for said in (_taken_apart(text) for text in texts):
        if said.account in ("", "trade"):
            continue
        if not has_oco:
            raise ConfigError(f"{FLAG} {shown(said.text)} has no use: this trade type never hedges.")
        first = next((name for name, key in keys.items() if key and key == keys[said.account]), said.account)
        if first != said.account:
            flag = next(name for name, account in ACCOUNTS.items() if account == first)
            raise ConfigError(
                f"{FLAG} {shown(said.text)}: that account has the same app key as {flag}; say it of {flag}."
            )


def _taken_apart(text: str) -> _Said:
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"{FLAG} {shown(text)} is not of the form ITEM=VALUE, such as brokerage=0.03%:20.")
    account, item, value, since = (part and part.strip() for part in match.groups())
    if account is not None:
        account = account.replace("_", "-").lower()
        _known(text, account, ACCOUNTS, "an account")
        account = ACCOUNTS[account]
    item = item.replace("_", "-").lower()
    _known(text, item, ITEMS, "something that is charged")
    if since is not None and item not in RATES:
        raise ConfigError(f"{FLAG} {shown(text)}: only rates have a date; {item} holds from the first day.")
    return _Said(text, account or "", item, value, ALWAYS if since is None else _day(text, since))


def _known(text: str, word: str, words: Iterable[str], what: str) -> None:
    words = list(words)
    if word not in words:
        near = difflib.get_close_matches(word, words, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(words)}."
        raise ConfigError(f"{FLAG} {shown(text)}: {shown(word)} is not {what}; {hint}")


def _day(text: str, since: str) -> date:
    try:
        return date.fromisoformat(since)
    except ValueError as error:
        raise ConfigError(f"{FLAG} {shown(text)}: {shown(since)} is not a day of the form YYYY-MM-DD.") from error


def _applied(plan: ChargesPlan, said: Iterable[_Said], account: str) -> ChargesPlan:
    for one in said:
        if one.account == account:
            plan = _with(plan, one)
    return plan


def _with(plan: ChargesPlan, said: _Said) -> ChargesPlan:
    if said.item in BROKERAGES:
        brokerage = _brokerage(said)
        intraday = plan.intraday if said.item == "delivery" else brokerage
        return replace(plan, intraday=intraday, delivery=plan.delivery if said.item == "intraday" else brokerage)
    if said.item == "dp":
        return replace(plan, dp_charge=_rupees(said, said.value))
    if said.item == "square-off":
        return replace(plan, square_off_fee=_rupees(said, said.value))
    if said.item == "cnc-same-day":
        if said.value not in ("intraday", "delivery"):
            _refuse(said, "is neither intraday nor delivery")
        return replace(plan, cnc_squared_is_intraday=said.value == "intraday")
    table = RATES[said.item]
    rate = with_rate(getattr(plan.tariff, table), _percent(said, said.value) / PERCENT, said.since)
    return replace(plan, tariff=replace(plan.tariff, **{table: rate}))


def _brokerage(said: _Said) -> Brokerage:
    """The price of an order: "20", "0.03%", or "0.03%:20" for the lesser of the two."""
    percent, colon, most = said.value.partition(":")
    if not percent.strip().endswith("%"):
        if colon:
            _refuse(said, "is neither rupees, a percentage, nor a percentage with a cap such as 0.03%:20")
        return Brokerage(rupees=_rupees(said, percent))
    return Brokerage(percent=_percent(said, percent), rupees=_rupees(said, most) if colon else None)


def _rupees(said: _Said, text: str) -> Decimal:
    rupees = to_decimal(f"{FLAG} {said.item}", text)
    if not 0 <= rupees <= HIGHEST_RUPEES:
        _refuse(said, f"is not between 0 and {HIGHEST_RUPEES:,} rupees")
    return rupees


def _percent(said: _Said, text: str) -> Decimal:
    number = text.strip()
    if not number.endswith("%"):
        _refuse(said, "is not a percentage such as 0.00307%")
    percent = to_decimal(f"{FLAG} {said.item}", number[:-1])
    if not 0 <= percent <= PERCENT:
        _refuse(said, "is not between 0% and 100%")
    return percent


def _refuse(said: _Said, why: str) -> NoReturn:
    raise ConfigError(f"{FLAG} {shown(said.text)}: {shown(said.value)} {why}.")
