"""A bot's money in a trader's words: net first, then its parts, then what each account holds (behaviour 15). PURE.

Amounts are rupees with their sign, shares are signed per account. What is not known is said, never written as 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.models import Charges, LastPrice, Position, Quote, Statement

MINUTE_SECS = 60
HOUR_SECS = 3600

_ACCOUNTS = {"trade": "Trade", "upside_oco": "Upside OCO", "downside_oco": "Downside OCO"}
_PARTS = {"stt": "tax", "exchange": "exchange", "sebi": "SEBI", "stamp": "stamp", "dp": "DP", "gst": "GST"}


def account_name(account: str) -> str:
    """Return an account as its flags call it, e.g. "Downside OCO"."""
    return _ACCOUNTS.get(account, account)


def counted(number: int, noun: str, one: str = "", many: str = "") -> str:
    """Return how many, e.g. "1 day", "1,400 fills"; with the two forms of a verb also "1 order works"."""
    return f"{number:,} {noun} {one}".rstrip() if number == 1 else f"{number:,} {noun}s {many}".rstrip()


def signed(rupees: Decimal) -> str:
    """Return an amount with its sign and two decimals, e.g. "+43,400.00"; what rounds to nothing has no sign."""
    text = f"{rupees:+,.2f}"
    return text[1:] if text[1:] == "0.00" else text


def signed_if_known(rupees: Decimal | None) -> str:
    """Return an amount as `signed` does, and "unknown" for what nobody knows."""
    return "unknown" if rupees is None else signed(rupees)


def age_text(age_secs: float) -> str:
    """Return how old something is, in the largest unit that tells it, e.g. "42 s", "12 min" or "3.5 h"."""
    if age_secs < 2 * MINUTE_SECS:
        return f"{age_secs:.0f} s"
    if age_secs < 2 * HOUR_SECS:
        return f"{age_secs / MINUTE_SECS:.0f} min"
    return f"{age_secs / HOUR_SECS:.1f} h"


def net_text(money: Statement) -> str:
    """Return the trader's number, and how far it can be trusted: never a 0 for what nobody knows."""
    if money.net is None:
        return f"net unknown: no price of {' and '.join(money.unpriced)} yet"
    old = ", ".join(f"{quote.symbol} {quote.price:.2f} of {age_text(quote.age_secs)} ago" for quote in money.stale)
    return f"net {signed(money.net)}" + (f" at old prices: {old}" if old else "")


def parts_text(money: Statement) -> str:
    """Return what the net is made of."""
    unrealised = signed_if_known(money.unrealised)
    squared_off = f"squared off by the broker about {signed(money.squared_off)}, " if money.squared_off else ""
    return f"realised {signed(money.realised)}, {squared_off}open {unrealised}, charges {signed(-money.charges.total)}"


def charges_text(charges: Charges) -> str:
    """Return what the charges are made of, e.g. "brokerage 40.00, tax 19.69, …"; parts of nothing are left out."""
    parts = {"brokerage": charges.brokerage} | {word: getattr(charges, name) for name, word in _PARTS.items()}
    return ", ".join(f"{word} {rupees:,.2f}" for word, rupees in parts.items() if rupees)


def position_text(position: Position, money: Statement) -> str:
    """Return one account's shares of one symbol, signed, and what they have won, in at most one screen line."""
    gain = money.gain(position)
    won = "no price yet" if gain is None else signed(gain)
    return f"{account_name(position.account)} {shares_text(position)}, {won}"


def shares_text(position: Position) -> str:
    """Return e.g. "+200 IRFC at 48.50"; where both sides are open, how many of each make the sum."""
    both = f"{position.long.quantity} bought, {position.short.quantity} sold"
    if position.average is None:
        return f"0 {position.symbol} ({both})"
    if position.long.quantity and position.short.quantity:
        return f"{position.quantity:+d} {position.symbol} ({both}, even at {position.average:.2f})"
    return f"{position.quantity:+d} {position.symbol} at {position.average:.2f}"


def holdings(money: Statement) -> list[str]:
    """Return a sentence for each account and symbol: shares, their cost, and their worth at the last price."""
    return [_holding(position, money) for position in money.positions]


def _holding(position: Position, money: Statement) -> str:
    name = f"{account_name(position.account)} account"
    gain = money.gain(position)
    quote = money.quotes.get(position.symbol)
    if not position.quantity:
        return f"{name}: {shares_text(position)}, which locks {signed(-position.cost)} in"
    if gain is None or quote is None:
        return f"{name}: {shares_text(position)}, worth unknown: no price of {position.symbol} yet"
    worth = f"{abs(position.quantity) * quote.price:,.2f} at {_priced(quote)}"
    return f"{name}: {shares_text(position)}, {worth}, {signed(gain)}"


def _priced(quote: Quote) -> str:
    return f"{quote.price:.2f}" + ("" if quote.fresh else f" of {age_text(quote.age_secs)} ago")


def squared_off_text(position: Position, last: LastPrice | None, gain: Decimal) -> str:
    """Return what is assumed of a position that was left to the broker's square-off (behaviour 9.5)."""
    held = f"{account_name(position.account)} {shares_text(position)}"
    if not position.quantity:
        return f"{held} ended the day flat: {signed(gain)}"
    what = f"The broker squared off {held}"
    if last is None:
        return f"{what}: at which price nobody told, so that the net lacks it; see the contract note"
    return f"{what}: about {signed(gain)}, at our last price {last.price:.2f} of {last.at:%H:%M}; see the contract note"


def summary(money: Statement) -> list[str]:
    """Return what every end and every resume says: the net, its parts, the charges' parts, and what is held."""
    lines = [_sentence(f"{net_text(money)} ({parts_text(money)})")]
    if money.charges.total:
        lines.append(_sentence(f"charges {money.charges.total:,.2f}: {charges_text(money.charges)}"))
    return lines + [f"Held, {line}" for line in holdings(money)] if money.positions else [*lines, "Nothing is held"]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
