"""The instruments of the paper exchange and Kite's dump of them (kite.md 2.2)."""

import csv
import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tg1.paper.errors import PaperUsageError

COLUMNS = [
    *("instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry"),
    *("strike", "tick_size", "lot_size", "instrument_type", "segment", "exchange"),
]
_SEGMENTS = {"NSE": ("NSECM", 1), "BSE": ("BSECM", 4)}
"""XTS's name of the cash segment and Kite's number of it (xts.md 1.5, kite.md 1.6)."""
_GENERATED_TOKENS = 20_000
_BSE_TOKENS = 500_000
_FOREIGN_ROWS = (
    (256265, 1001, "NIFTY 50", "NIFTY 50", 0, "", 0, 0, 0, "EQ", "INDICES", "NSE"),
    (12073986, 47164, "SBIN26DECFUT", "SBIN", 0, "2026-12-29", 0, "0.05", 750, "FUT", "NFO-FUT", "NFO"),
)
"""Rows of the whole dump that are no shares: an index, whose exchange is NSE all the same, and a future."""
USUAL_PRICE = Decimal(500)
"""Rupees, for the tick of a symbol whose price nobody has said."""
_TICKS_BY_PRICE = ((250, "0.01"), (1_000, "0.05"), (5_000, "0.10"), (10_000, "0.50"), (20_000, "1.00"))
"""xts.md 6.3: price up to which a tick applies; above the last one it is five rupees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperInstrument:
    """One cash instrument: the exchange's number, its symbol and its tick in rupees."""

    exchange_token: int
    symbol: str
    tick: Decimal
    name: str = ""
    exchange: str = "NSE"

    @property
    def instrument_token(self) -> int:
        """Zerodha's number: exchange token times 256 plus the segment (kite.md 2.2)."""
        return self.exchange_token * 256 + _SEGMENTS[self.exchange][1]

    @property
    def segment(self) -> str:
        """XTS's name of the segment; a number names an instrument only together with it."""
        return _SEGMENTS[self.exchange][0]

    @property
    def key(self) -> str:
        """What prices and orders are kept under: the symbol on NSE, "BSE:SBIN" elsewhere."""
        return self.symbol if self.exchange == "NSE" else f"{self.exchange}:{self.symbol}"


_BUILT_IN = {
    symbol: PaperInstrument(exchange_token=token, symbol=symbol, tick=Decimal(tick), name=name)
    for token, symbol, tick, name in (
        (2029, "IRFC", "0.01", "INDIAN RAILWAY FIN CORP L"),
        (3045, "SBIN", "0.05", "STATE BANK OF INDIA"),
        (14299, "PFC", "0.05", "POWER FIN CORP"),
        (15355, "RECLTD", "0.05", "REC"),
        (10666, "PNB", "0.01", "PUNJAB NATIONAL BANK"),
        (4668, "BANKBARODA", "0.05", "BANK OF BARODA"),
        (1594, "INFY", "0.10", "INFOSYS"),
        (11630, "NTPC", "0.05", "NTPC"),
        (2475, "ONGC", "0.05", "OIL AND NATURAL GAS CORP."),
    )
}


def tick_for_price(price: Decimal) -> Decimal:
    """Return NSE's tick in rupees for a share of this price (xts.md 6.3)."""
    return next((Decimal(tick) for limit, tick in _TICKS_BY_PRICE if price < limit), Decimal("5.00"))


def instrument_for(symbol: str, price: Decimal) -> PaperInstrument:
    """Return the built-in instrument of that symbol, or make one whose numbers depend on the symbol alone."""
    known = _BUILT_IN.get(symbol)
    if known is not None:
        return known
    token = _GENERATED_TOKENS + zlib.crc32(symbol.encode()) % _GENERATED_TOKENS
    return PaperInstrument(exchange_token=token, symbol=symbol, tick=tick_for_price(price), name=symbol)


def built_in() -> list[PaperInstrument]:
    """Return the instruments that the exchange knows without a dump."""
    return list(_BUILT_IN.values())


def bse_twin(instrument: PaperInstrument) -> PaperInstrument:
    """Return the same share as BSE lists it: another number, another segment, the same symbol."""
    return replace(instrument, exchange="BSE", exchange_token=_BSE_TOKENS + instrument.exchange_token)


def dump_of(instruments: Iterable[PaperInstrument], exchange: str, *, with_others: bool = False) -> str:
    """Return Kite's dump of one exchange, or of all for "": twelve columns, CSV (kite.md 2.2).

    `with_others` puts other exchanges' rows in front, an index and a future with them: whoever looks for a symbol alone
    finds the wrong one first.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    everything = with_others or not exchange
    writer.writerows(_FOREIGN_ROWS if everything else ())
    for each in sorted(instruments, key=lambda each: each.exchange):
        if everything or each.exchange == exchange:
            identity = (each.instrument_token, each.exchange_token, each.symbol, each.name)
            writer.writerow((*identity, 0, "", 0, each.tick, 1, "EQ", each.exchange, each.exchange))
    return out.getvalue()


def read_dump(path: Path) -> tuple[str, list[PaperInstrument]]:
    """Return the text of a Kite dump and its NSE cash instruments; raises PaperUsageError when it is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise PaperUsageError(f"the instruments file {path.name} cannot be read: {type(exc).__name__}") from exc
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or list(rows[0]) != COLUMNS:
        raise PaperUsageError(f"{path.name} is no Kite instruments dump: it lacks the twelve columns")
    try:
        found = [_from_row(row) for row in rows if row["segment"] == "NSE" and row["instrument_type"] == "EQ"]
    except (ValueError, InvalidOperation) as exc:
        raise PaperUsageError(f"{path.name} holds a row with an unreadable number") from exc
    return text, found


def _from_row(row: dict[str, str]) -> PaperInstrument:
    return PaperInstrument(
        exchange_token=int(row["exchange_token"]),
        symbol=row["tradingsymbol"],
        tick=Decimal(row["tick_size"]),
        name=row["name"],
    )


def require(instruments: Sequence[PaperInstrument], symbol: str, source: str) -> PaperInstrument:
    """Return the instrument of that symbol; raises PaperUsageError naming where it is missing."""
    for each in instruments:
        if each.symbol == symbol:
            return each
    raise PaperUsageError(f"{source} has no instrument {symbol}")
