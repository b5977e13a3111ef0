"""The ticker's binary messages, big-endian (kite.md 1.6): LTP 8 bytes, quote 44, full 184."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tg1.paper.tape import DayFigures

HEARTBEAT = b"\x00"
MALFORMED = struct.pack(">HHII", 2, 8, 519_425, 5_000)
"""A message that ends before its second packet: the client raises struct.error (kite.md 1.6)."""
_PAISE = 100
_LARGEST = 2**32 - 1
_DEPTH = 5
_SHARES_A_PLACE = 250
_QUOTE, _FULL = "quote", "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One row of the other side's book: rupees, shares, orders."""

    price: Decimal
    quantity: int
    orders: int


def paise(rupees: Decimal) -> int:
    """Return a price as the wire has it."""
    return int(rupees * _PAISE)


def depth(last: Decimal, tick: Decimal) -> tuple[list[Place], list[Place]]:
    """Return five bids and five offers about the last price, made up: no book stands behind a last price."""
    steps = range(1, _DEPTH + 1)
    bids = [
        Place(price=last - step * tick, quantity=step * _SHARES_A_PLACE, orders=step)
        for step in steps
        if last - step * tick > 0
    ]
    return bids, [Place(price=last + step * tick, quantity=step * _SHARES_A_PLACE, orders=step) for step in steps]


def message(packets: Iterable[bytes]) -> bytes:
    """Return one binary message of these packets."""
    packets = list(packets)
    lengths = b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)
    return struct.pack(">H", len(packets)) + lengths


def packet(mode: str, token: int, day: DayFigures, tick: Decimal) -> bytes:
    """Return an instrument's packet in that mode; what is no mode counts as "ltp"."""
    if mode == _FULL:
        return _full(token, day, tick)
    return _quote(token, day, tick) if mode == _QUOTE else ltp(token, day.last)


def ltp(token: int, last: Decimal) -> bytes:
    """Return the packet of the last price."""
    return struct.pack(">II", token, paise(last))


def _quote(token: int, day: DayFigures, tick: Decimal) -> bytes:
    bids, offers = depth(day.last, tick)
    average = round(day.average * _PAISE)
    rupees = (day.open, day.high, day.low, day.close)
    figures = (average, day.volume, _total(bids), _total(offers), *map(paise, rupees))
    last_quantity = day.volume // day.trades
    return ltp(token, day.last) + struct.pack(">9I", last_quantity, *(min(each, _LARGEST) for each in figures))


def _full(token: int, day: DayFigures, tick: Decimal) -> bytes:
    bids, offers = depth(day.last, tick)
    at = int(day.last_at.timestamp())
    book = b"".join(_side(places) for places in (bids, offers))
    return _quote(token, day, tick) + struct.pack(">5I", at, 0, 0, 0, at) + book


def _side(places: list[Place]) -> bytes:
    rows = [struct.pack(">IIHxx", place.quantity, paise(place.price), place.orders) for place in places]
    return b"".join(rows).ljust(12 * _DEPTH, b"\x00")


def _total(places: list[Place]) -> int:
    return sum(place.quantity for place in places)
