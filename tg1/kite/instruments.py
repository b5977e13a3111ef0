"""The day's instruments of an exchange: what a symbol's tokens and tick size are, never guessed (behaviour 1.2).

Parsing is pure; `InstrumentCache` keeps the day's dump in the state folder; `kite.rest` downloads it. Nobody may
trade on yesterday's dump: 218 tick sizes changed within five months.
"""

from __future__ import annotations

import difflib
import json
import logging
from dataclasses import asdict
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tg1.errors import ConfigError, FeedError, UnknownSymbol
from tg1.machine.clock import IST
from tg1.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tg1.ports import FileSystem

# Kite publishes the day's dump around 08:00 and asks clients to fetch it from 08:30 IST on (kite.md 2.2).
_DUMP_READY = time(8, 30)
_CACHE_SCHEMA = 1
_NEAREST = 3

log = logging.getLogger(__name__)


def parse_rows(rows: Iterable[Mapping[str, Any]], exchange: str) -> dict[str, Instrument]:
    """Return the instruments of `exchange` by symbol, from `KiteConnect`'s typed rows or plain CSV rows.

    Unreadable rows and those of other exchanges are left out. Where an index and a share have one name, the share wins.
    """
    found: dict[str, Instrument] = {}
    for row in rows:
        instrument = _readable(row)
        if instrument is None or instrument.exchange != exchange:
            continue
        if instrument.symbol not in found or not found[instrument.symbol].tick_size:
            found[instrument.symbol] = instrument
    return found


class InstrumentCache:
    """The dump of one exchange for one IST day, fetched once and kept in `folder` (mode 0600)."""

    def __init__(
        self,
        *,
        folder: Path,
        fetch: Callable[[str], Iterable[Mapping[str, Any]]],
        fs: FileSystem,
        now: Callable[[], datetime],
        exchange: str = "NSE",
    ) -> None:
        self._folder = folder
        self._fetch = fetch
        self._fs = fs
        self._now = now
        self._exchange = exchange
        self._known: dict[str, Instrument] | None = None
        self._is_from_disk = False

    def load(self) -> None:
        """Read today's dump from the folder, or fetch and keep it. Raises what `fetch` raises, and `FeedError`."""
        cached = self._read()
        if cached is None:
            self._fetch_anew()
        else:
            self._known, self._is_from_disk = cached, True

    def find(self, symbol: str) -> Instrument:
        """Return the tradable instrument of `symbol`.

        Raises `UnknownSymbol` with the nearest names, `ConfigError` for an index, and what `load` raises.
        """
        if self._known is None:
            self.load()
        if symbol not in (self._known or {}) and self._is_from_disk:
            # A download that was cut at a line's end looks whole (kite.md 2.4); it must not spoil the day.
            self._fetch_anew()
        known = self._known or {}
        if symbol not in known:
            raise UnknownSymbol(_not_found(symbol, self._exchange, known))
        if not known[symbol].tick_size:
            raise ConfigError(
                f"{symbol} has no tick size in the {self._exchange} dump: it is an index and can't be traded"
            )
        return known[symbol]

    def _path(self) -> Path:
        return self._folder / f"instruments_{self._exchange}_{self._now().astimezone(IST):%Y-%m-%d}.json"

    def _fetch_anew(self) -> None:
        known = parse_rows(self._fetch(self._exchange), self._exchange)
        if not known:
            raise FeedError(f"Kite's instrument dump for {self._exchange} held no readable row")
        self._known, self._is_from_disk = known, False
        try:
            self._write(known)
        except OSError as exc:
            # It costs another download at the next start and nothing else.
            log.warning("the instrument dump could not be kept in %s: %s", self._folder, exc.strerror or exc)

    def _write(self, known: dict[str, Instrument]) -> None:
        path = self._path()
        rows = [asdict(instrument) | {"tick_size": str(instrument.tick_size)} for instrument in known.values()]
        content = {"schema_version": _CACHE_SCHEMA, "fetched_at": self._now().isoformat(), "rows": rows}
        partial = path.with_name(path.name + ".tmp")
        self._fs.make_dir(self._folder)
        self._fs.write_synced(partial, json.dumps(content).encode())
        self._fs.replace(partial, path)
        self._fs.sync_dir(self._folder)
        for name in self._fs.names(self._folder):
            if name.startswith(f"instruments_{self._exchange}_") and name != path.name:
                self._fs.unlink(self._folder / name)

    def _read(self) -> dict[str, Instrument] | None:
        """Return today's dump; None when there is none, or none that can be trusted."""
        path = self._path()
        try:
            content = json.loads(self._fs.read(path))
            fetched_at = datetime.fromisoformat(content["fetched_at"]).astimezone(IST)
            if content["schema_version"] != _CACHE_SCHEMA or not self._is_current(fetched_at):
                return None
            known = {row["symbol"]: _from_cache(row, self._exchange) for row in content["rows"]}
        except FileNotFoundError:
            return None
        except (FeedError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as exc:
            log.warning("the kept instrument dump %s is unreadable (%s) and is fetched anew", path, type(exc).__name__)
            return None
        return known or None

    def _is_current(self, fetched_at: datetime) -> bool:
        """Tell whether nothing newer can be had: a dump fetched before 08:30 is yesterday's, once it is past that."""
        now = self._now().astimezone(IST)
        if fetched_at.date() != now.date() or fetched_at > now:
            return False
        return fetched_at.time() >= _DUMP_READY or now.time() < _DUMP_READY


def _readable(row: Mapping[str, Any]) -> Instrument | None:
    """Return the row's instrument; None when the row is cut or holds nonsense."""
    try:
        instrument = Instrument(
            symbol=str(row["tradingsymbol"]),
            exchange=str(row["exchange"]),
            exchange_token=int(row["exchange_token"]),
            instrument_token=int(row["instrument_token"]),
            tick_size=Decimal(str(row["tick_size"])),
            lot_size=int(row["lot_size"]),
        )
    except (LookupError, TypeError, ValueError, InvalidOperation):
        return None
    tick = instrument.tick_size
    usable = instrument.symbol and instrument.exchange_token > 0 and instrument.instrument_token > 0
    return instrument if usable and tick.is_finite() and tick >= 0 else None


def _from_cache(row: Mapping[str, Any], exchange: str) -> Instrument:
    tick = Decimal(row["tick_size"])
    typed = type(row["exchange_token"]) is type(row["instrument_token"]) is int
    if not (tick.is_finite() and tick >= 0 and typed and row["exchange"] == exchange):
        raise FeedError("not a row that was written here")
    return Instrument(**{**row, "tick_size": tick})


def _not_found(symbol: str, exchange: str, known: Mapping[str, Instrument]) -> str:
    near = difflib.get_close_matches(symbol.upper(), known, n=_NEAREST, cutoff=0.6)
    hint = f"; nearest names: {', '.join(near)}" if near else ""
    return f"{symbol} is not in the day's {exchange} instrument dump{hint}"
