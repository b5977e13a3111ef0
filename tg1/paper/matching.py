"""The matching rules of behaviour 17, as pure functions of one order and one price."""

from collections.abc import Iterable
from decimal import Decimal

from tg1.paper.instruments import PaperInstrument
from tg1.paper.orders import MARKET_TYPES, STOP_TYPES, ZERO, PaperOrder, PaperOrderType, PaperSide, Terms

_HUNDRED = Decimal(100)
_NO_END = Decimal("Infinity")


def is_reached(terms: Terms, last: Decimal) -> bool:
    """The last price is at the limit or better for the order."""
    return last <= terms.limit_price if terms.side is PaperSide.BUY else last >= terms.limit_price


def is_triggered(terms: Terms, last: Decimal) -> bool:
    """The last price is at the stop price or beyond it in the stop's direction."""
    return last >= terms.stop_price if terms.side is PaperSide.BUY else last <= terms.stop_price


def is_waiting_stop(order: PaperOrder) -> bool:
    """A stop whose trigger has not come yet."""
    return order.terms.order_type in STOP_TYPES and not order.triggered


def improved_price(terms: Terms, last: Decimal) -> Decimal:
    """The better of limit and last price for the order, in rupees (behaviour 17)."""
    return min(terms.limit_price, last) if terms.side is PaperSide.BUY else max(terms.limit_price, last)


def quiet_range(orders: Iterable[PaperOrder]) -> tuple[Decimal | None, Decimal | None]:
    """Return (low, high): a last price strictly between them moves none of these orders; None is no bound."""
    low: Decimal | None = None
    high: Decimal | None = None
    for order in orders:
        waiting = is_waiting_stop(order)
        price = order.terms.stop_price if waiting else order.terms.limit_price
        if (order.terms.side is PaperSide.BUY) is not waiting:
            low = price if low is None or price > low else low
        else:
            high = price if high is None or price < high else high
    return low, high


def price_fault(terms: Terms, instrument: PaperInstrument, *, market_allowed: bool = False) -> str:
    """Return why the exchange rejects these prices whatever the market does, or an empty text."""
    if terms.order_type in MARKET_TYPES and not market_allowed:
        return "Exchange : Market orders without market protection are not allowed via API"
    for price in _prices_of(terms):
        if price <= 0:
            return f"Exchange : Order price [{price}] must be above zero"
        if price % instrument.tick:
            return f"Exchange : Order price [{price}] is not a multiple of the tick size [{instrument.tick}]"
    if terms.order_type is PaperOrderType.STOPLIMIT and _is_inverted(terms):
        return f"Exchange : Trigger price [{terms.stop_price}] is on the wrong side of the limit [{terms.limit_price}]"
    return ""


def _prices_of(terms: Terms) -> list[Decimal]:
    limits = [] if terms.order_type in MARKET_TYPES else [terms.limit_price]
    return [*limits, terms.stop_price] if terms.order_type in STOP_TYPES else limits


def _is_inverted(terms: Terms) -> bool:
    # xts.md 3, "SL rule": BUY trigger <= limit, SELL trigger >= limit
    if terms.side is PaperSide.BUY:
        return terms.stop_price > terms.limit_price
    return terms.stop_price < terms.limit_price


def crossed_stop_fault(terms: Terms, last: Decimal | None) -> str:
    """Return why a stop that the market has already crossed is rejected (behaviour 6.1), or an empty text."""
    if terms.order_type not in STOP_TYPES or last is None or not is_triggered(terms, last):
        return ""
    side = "buy" if terms.side is PaperSide.BUY else "sell"
    return f"Exchange : Trigger price [{terms.stop_price}] of a stop loss {side} order is crossed by the LTP [{last}]"


def band_fault(terms: Terms, reference: Decimal | None, band_pct: float) -> str:
    """Return why a price outside the day's band is rejected (xts.md 6.4), or an empty text."""
    if not band_pct or reference is None or terms.order_type in MARKET_TYPES:
        return ""
    width = reference * Decimal(str(band_pct)) / _HUNDRED
    if abs(terms.limit_price - reference) <= width:
        return ""
    return f"Exchange : The price [{terms.limit_price}] is out of the current execution range"


def would_self_trade(incoming: PaperOrder, resting: Iterable[PaperOrder]) -> bool:
    """An own order on the other side would meet the incoming one (xts.md 7.14); one that waits for a trigger can't."""
    mine = incoming.terms
    if is_waiting_stop(incoming):
        return False
    for other in resting:
        theirs = other.terms
        if other.account != incoming.account or theirs.side is mine.side or is_waiting_stop(other):
            continue
        buy, sell = (mine, theirs) if mine.side is PaperSide.BUY else (theirs, mine)
        if _worst_price(buy) >= _worst_price(sell):
            return True
    return False


def _worst_price(terms: Terms) -> Decimal:
    if terms.order_type not in MARKET_TYPES:
        return terms.limit_price
    return _NO_END if terms.side is PaperSide.BUY else ZERO
