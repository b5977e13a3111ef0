"""What the page shows, as JSON: every bot in short, one in full. PURE.

Amounts and ages are texts already: the page places them and reckons nothing. What needs a reading, such as an age that
grows, is told only where it matters, so that a bot to which nothing happens is not sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.screen.money import account_name, age_text, signed, signed_if_known
from tg1.screen.view import WORDS
from tg1.told.judge import ConcernKind, Life
from tg1.told.looks import told_held
from tg1.watch.summary import open_rupees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.told.events import Event
    from tg1.told.judge import Concern
    from tg1.told.snapshot import Snapshot, ToldAccount, ToldLevel, ToldMoney, ToldOrder, ToldPosition, ToldPrice
    from tg1.watch.day import Point
    from tg1.watch.seen import SeenBot

YOUNG_SECS = 5.0
"""Ages up to here are "now"."""
SPARKS = 80
"""Points of the small curve."""
SHOWN_EVENTS = 100
_LIVE = (Life.ACTIVE, Life.PAUSED, Life.WAITING, Life.STOPPING, Life.HUNG)


def in_short(bot: SeenBot) -> dict[str, Any]:
    """One bot among the others."""
    snapshot = bot.found.snapshot
    shown: dict[str, Any] = {
        "name": bot.name,
        "life": bot.judgement.life,
        "paper": bot.found.is_paper,
        "needs": bot.judgement.needs_person,
        "age": _age(bot),
        "concerns": [_concern(bot, concern) for concern in bot.judgement.concerns],
        "status": str(bot.found.status or ""),
        "spark": _thinned(bot.curve.net if bot.curve else ()),
    }
    return shown if snapshot is None else shown | _told_in_short(bot, snapshot)


def _told_in_short(bot: SeenBot, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "waits": snapshot.waits_for,
        "grid": f"{snapshot.trade_type} {snapshot.product_type} {snapshot.token_a} {snapshot.token_b}".strip(),
        "money": None if snapshot.money is None else _money(snapshot.money),
        "change": _change(bot),
        "prices": [_price(price) for price in snapshot.prices],
        "held": _held(snapshot),
        "paused": [str(side) for side in snapshot.paused],
        "ends": f"{snapshot.session_ends_at:%H:%M}" if snapshot.session_ends_at else "",
    }


def _held(snapshot: Snapshot) -> str:
    """Empty for what is known to be nothing."""
    held = told_held(snapshot)
    return "" if held == "nothing" else held


def in_full(bot: SeenBot) -> dict[str, Any]:
    """One bot with all that it tells."""
    shown = in_short(bot) | {
        "curve": [_pair(point) for point in bot.curve.net] if bot.curve else [],
        "booked": [_pair(point) for point in bot.curve.booked] if bot.curve else [],
        "events": [_event(event) for event in _of_today(bot)[: -SHOWN_EVENTS - 1 : -1]],
        "pid": bot.found.pid,
        "place": f"{bot.found.folder}/{bot.found.stem}",
    }
    snapshot = bot.found.snapshot
    return shown if snapshot is None else shown | _told_in_full(snapshot)


def _of_today(bot: SeenBot) -> Sequence[Event]:
    """Their times are shown without a day."""
    return [event for event in bot.events if bot.curve is None or event.at.date() == bot.curve.day]


def _told_in_full(snapshot: Snapshot) -> dict[str, Any]:
    saves = snapshot.saves
    return {
        "cycle": snapshot.cycle,
        "phase": snapshot.phase,
        "at": f"{snapshot.written_at:%H:%M:%S}",
        "day": f"{snapshot.trading_day:%a %d %b}" if snapshot.trading_day else "",
        "losing": snapshot.losing,
        "counts": _counts(snapshot),
        "last_a": _last_price(snapshot),
        "levels": [_level(level) for level in snapshot.levels],
        "hedged": snapshot.trade_type.has_oco,
        "orders": [_order(order) for order in snapshot.orders],
        "positions": [_position(position) for position in snapshot.positions],
        "accounts": [_account(account) for account in snapshot.accounts],
        "feed": _feed(snapshot),
        "saves": f"{saves.count} saves" + (f", half within {saves.p50_ms:.1f} ms" if saves.p50_ms is not None else ""),
    }


def _concern(bot: SeenBot, concern: Concern) -> dict[str, str]:
    """With the time at which an attention was raised; the others hold now."""
    raised = [entry.at for entry in bot.found.attention if entry.key == concern.key]
    is_raised = concern.kind is ConcernKind.ATTENTION and bool(raised)
    return {"kind": concern.kind, "text": concern.text, "at": raised[0][:16].replace("T", " ") if is_raised else ""}


def _age(bot: SeenBot) -> str:
    """How old its last word is; of a live bot only when that is no more than the pace of its cycles."""
    age = bot.judgement.age_secs
    if age is None or (bot.judgement.life in _LIVE and age < YOUNG_SECS):
        return ""
    return age_text(age)


def _money(money: ToldMoney) -> dict[str, Any]:
    return {
        "net": signed_if_known(money.net),
        "loses": money.net is not None and money.net < 0,
        "current": money.is_current,
        "realised": signed(money.realised),
        "open": signed_if_known(open_rupees(money)),
        "squared": signed(money.squared_off) if money.squared_off else "",
        "charges": signed(-money.charges),
    }


def _change(bot: SeenBot) -> str:
    """The net against the first one that the watch saw today."""
    curve = bot.curve
    if curve is None or curve.first is None or not curve.net:
        return ""
    since = curve.net[0].minute
    return f"{signed(curve.net[-1].rupees - curve.first)} since {since // 60:02}:{since % 60:02}"


def _price(price: ToldPrice) -> dict[str, Any]:
    age = "" if price.age_secs is None or price.age_secs < YOUNG_SECS else age_text(price.age_secs)
    return {
        "symbol": price.symbol,
        "price": "no price" if price.price is None else f"{price.price:,.2f}",
        "age": age,
        "stale": price.stale,
    }


def _position(position: ToldPosition) -> dict[str, Any]:
    return {
        "account": account_name(position.account),
        "symbol": position.symbol,
        "quantity": f"{position.quantity:+d}" if position.quantity else "0",
        "average": "" if position.average is None else f"{position.average:,.2f}",
        "last": "" if position.last is None else f"{position.last:,.2f}",
        "gain": signed_if_known(position.gain),
        "loses": position.gain is not None and position.gain < 0,
    }


def _counts(snapshot: Snapshot) -> list[str]:
    counts = [
        f"entries open: {snapshot.sold_quantity} sold, {snapshot.bought_quantity} bought of {snapshot.max_quantity}"
    ]
    if snapshot.trade_type.has_oco:
        hedged = f"{snapshot.hedged_sells} sell, {snapshot.hedged_buys} buy of {snapshot.steps}"
        counts.append(f"hedged levels: {hedged}")
    if snapshot.max_quantity_reached:
        counts.append("max quantity reached: no new entries")
    return counts


def _last_price(snapshot: Snapshot) -> float | None:
    """Where the market's row stands between the levels."""
    prices = [price.price for price in snapshot.prices if price.symbol == snapshot.token_a and price.price is not None]
    return float(prices[0]) if prices else None


def _level(level: ToldLevel) -> dict[str, Any]:
    hedge = "" if level.hedge_price is None else f"{level.hedge_price:.2f}"
    is_part = 0 < level.hedge_filled < level.hedge_quantity
    filled = f" {level.hedge_filled}/{level.hedge_quantity}" if is_part else ""
    return {
        "name": level.name,
        "side": level.trade_side.entry_direction,
        "state": WORDS[level.state],
        "entry": f"{level.entry_price:.2f}",
        "at": float(level.entry_price),
        "target": f"{level.target_price:.2f}",
        "open": level.open_quantity,
        "quantity": level.entry_quantity,
        "hedge": hedge,
        "hedge_state": f"{level.hedge_state}{filled}",
        "paused": level.paused,
        "note": level.note,
    }


def _order(order: ToldOrder) -> dict[str, Any]:
    trigger = "" if order.trigger_price is None else f"{order.trigger_price:.2f}"
    return {
        "level": order.level,
        "role": order.role.word,
        "account": account_name(order.account),
        "id": order.order_id or "in doubt",
        "side": order.side,
        "symbol": order.symbol,
        "quantity": f"{order.filled_quantity}/{order.quantity}",
        "limit": f"{order.limit_price:.2f}",
        "trigger": trigger,
        "placed": f"{order.placed_at:%H:%M:%S}" if order.placed_at else "",
        "cancel": order.cancel_sent,
    }


def _account(account: ToldAccount) -> dict[str, Any]:
    age = "" if account.good_age_secs is None or account.good_age_secs < YOUNG_SECS else age_text(account.good_age_secs)
    return {
        "name": account_name(account.name),
        "read": account.books_read,
        "refused": account.books_refused,
        "age": age,
        "orders": f"{account.orders_seen} of {account.orders_expected}",
        "missing": account.orders_seen < account.orders_expected,
        "fault": "its book is empty and must not be" if account.is_blank else account.fault,
    }


def _feed(snapshot: Snapshot) -> str:
    if snapshot.feed is None:
        return ""
    return snapshot.feed.fault or snapshot.feed.phase


def _event(event: Event) -> dict[str, Any]:
    return {
        "at": f"{event.at:%H:%M:%S}",
        "kind": event.kind,
        "text": event.text,
        "net": "" if event.net is None else signed(event.net),
    }


def _pair(point: Point) -> list[float]:
    return [point.minute, float(point.rupees)]


def _thinned(points: Sequence[Point]) -> list[list[float]]:
    """At most `SPARKS` of them, the last one always among them."""
    step = max(1, -(-len(points) // SPARKS))
    return [_pair(point) for point in points[len(points) - 1 :: -step][::-1]] if points else []
