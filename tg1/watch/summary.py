"""What a bot earned and holds, in one sentence from its snapshot: the end of an alert about an end. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.screen.money import account_name, signed, signed_if_known
from tg1.told.looks import held_since

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.told.snapshot import Snapshot, ToldMoney, ToldPosition


def end_text(why: str, snapshot: Snapshot) -> str:
    """Why it ended and what it left, the net with its parts, and what is held (behaviour 15)."""
    parts = [_sentence(why)] if why else []
    if snapshot.money is not None:
        parts.append(_sentence(money_text(snapshot.money)))
    parts.append(held_text(snapshot))
    return " ".join(parts)


def money_text(money: ToldMoney) -> str:
    """The net first, then what it is made of; what nobody knows is said."""
    net = "net unknown: a price is missing" if money.net is None else f"net {signed(money.net)}"
    old = "" if money.is_current or money.net is None else " at old prices"
    opened = signed_if_known(open_rupees(money))
    squared = f", squared off by the broker about {signed(money.squared_off)}" if money.squared_off else ""
    return f"{net}{old} (realised {signed(money.realised)}{squared}, open {opened}, charges {signed(-money.charges)})"


def open_rupees(money: ToldMoney) -> Decimal | None:
    """What everything open has won at the last price, both tokens; None while a price that it needs is missing."""
    return None if money.open_a is None or money.open_b is None else money.open_a + money.open_b


def held_text(snapshot: Snapshot) -> str:
    """What each account holds, signed, and as of when where nobody can see it now."""
    if snapshot.money is None:
        return "What it holds was not told."
    held = "; ".join(_position(position) for position in snapshot.positions if position.quantity)
    since = held_since(snapshot)
    when = f" ({since})" if since else ""
    return _sentence(f"held: {held}{when}" if held else f"nothing is held{when}")


def _position(position: ToldPosition) -> str:
    average = "" if position.average is None else f" at {position.average:.2f}"
    return f"{account_name(position.account)} {position.quantity:+d} {position.symbol}{average}{_gain(position.gain)}"


def _gain(gain: Decimal | None) -> str:
    return "" if gain is None else f" ({signed(gain)})"


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
