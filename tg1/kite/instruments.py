"""The day's instruments of an exchange: what a symbol's tokens and tick size are, never guessed (behaviour 1.2).

Parsing and rounding are pure; `InstrumentCache` keeps the day's dump in the state folder; `fetch_from_kite` gets it
with the real `KiteConnect`. It must never trade on yesterday's dump: 218 tick sizes changed within five months.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import logging
import threading
import warnings
from dataclasses import asdict
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tg1.errors import ConfigError, FeedError, KiteTokenExpired, UnknownSymbol
from tg1.kite.feed_values import TOKEN_EXPIRED
from tg1.machine.clock import IST
from tg1.machine.hosts import is_loopback
from tg1.machine.redact import Redactor
from tg1.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tg1.ports import FileSystem

KITE_ROOT = "https://api.kite.trade"

# Kite publishes the day's dump around 08:00 and asks clients to fetch it from 08:30 IST on (kite.md 2.2).
_DUMP_READY = time(8, 30)
_CACHE_SCHEMA = 1
_NEAREST = 3

_log = logging.getLogger(__name__)


def parse_rows(rows: Iterable[Mapping[str, Any]]) -> dict[str, Instrument]:
    """Return the instruments by symbol, from `KiteConnect`'s typed rows or plain CSV rows.

    Unreadable rows are left out. Where an index and a share have one name, the share wins.
    """
    found: dict[str, Instrument] = {}
    for row in rows:
        instrument = _readable(row)
        if instrument and (instrument.symbol not in found or not found[instrument.symbol].tick_size):
            found[instrument.symbol] = instrument
    return found


def parse_csv(text: str) -> dict[str, Instrument]:
    """Return the instruments of a dump as Kite serves it (12 columns, names quoted or not), by symbol."""
    return parse_rows(csv.DictReader(io.StringIO(text)))


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
        known = parse_rows(self._fetch(self._exchange))
        if not known:
            raise FeedError(f"Kite's instrument dump for {self._exchange} held no readable row")
        self._known, self._is_from_disk = known, False
        try:
            self._write(known)
        except OSError as exc:
            # It costs another download at the next start and nothing else.
            _log.warning("the instrument dump could not be kept in %s: %s", self._folder, exc.strerror or exc)

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
            known = {row["symbol"]: _from_cache(row) for row in content["rows"]}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as exc:
            _log.warning("the kept instrument dump %s is unreadable (%s) and is fetched anew", path, type(exc).__name__)
            return None
        return known or None

    def _is_current(self, fetched_at: datetime) -> bool:
        """Tell whether nothing newer can be had: a dump fetched before 08:30 is yesterday's, once it is past that."""
        now = self._now().astimezone(IST)
        if fetched_at.date() != now.date() or fetched_at > now:
            return False
        return fetched_at.time() >= _DUMP_READY or now.time() < _DUMP_READY


def fetch_from_kite(
    *, api_key: str, access_token: str, root: str | None, exchange: str, insecure_tls: bool, deadline_secs: float = 60.0
) -> list[dict[str, Any]]:
    """Download the dump with the real `KiteConnect` (7 s to connect and per read; `deadline_secs` for all of it).

    Raises `KiteTokenExpired` for a dead token and `FeedError` for every other fault of kite.md 2.4.
    """
    kite = _kite_connect(api_key=api_key, access_token=access_token, root=root or KITE_ROOT, insecure_tls=insecure_tls)
    rows: list[dict[str, Any]] = []
    failures: list[Exception] = []

    def download() -> None:
        try:
            rows.extend(kite.instruments(exchange))
        except Exception as exc:  # noqa: BLE001  # the client lets anything out (kite.md 2.4); mapped below
            failures.append(exc)
        finally:
            kite.reqsession.close()

    # A body that trickles in has no limit of its own (kite.md 2.4).
    thread = threading.Thread(target=download, name="tg1-instruments", daemon=True)
    thread.start()
    thread.join(deadline_secs)
    if thread.is_alive():
        raise FeedError(f"Kite's instrument dump did not arrive within {deadline_secs:.0f} s")
    if failures:
        # Not chained: the client's exceptions quote what the server said, and a server may echo the header.
        raise _mapped(failures[0], Redactor((api_key, access_token))) from None
    return rows


def _kite_connect(*, api_key: str, access_token: str, root: str, insecure_tls: bool) -> Any:
    from kiteconnect import KiteConnect  # noqa: PLC0415  # 0.3 s and 44 MB that --dry-run must not pay (kite.md 0.10)

    with warnings.catch_warnings():
        # The constructor silences urllib3's warnings for the whole process (kite.md 2.1).
        kite = KiteConnect(api_key, access_token, root=root, disable_ssl=insecure_tls)
    # Without an auth of its own, requests lets ~/.netrc replace the Authorization header.
    kite.reqsession.auth = _keep_header
    if is_loopback(urlsplit(root).hostname or ""):
        kite.reqsession.trust_env = False
    return kite


def _keep_header(request: Any) -> Any:
    return request


def _mapped(exc: Exception, redactor: Redactor) -> FeedError:
    """Translate what `KiteConnect` lets out into our errors, without a secret (kite.md 2.4)."""
    import requests  # noqa: PLC0415  # see _kite_connect
    from kiteconnect import exceptions as kite  # noqa: PLC0415  # see _kite_connect

    if isinstance(exc, kite.TokenException):
        return KiteTokenExpired(TOKEN_EXPIRED)
    told = redactor.scrub(str(exc))[:256]
    code = getattr(exc, "code", "no code")
    sentences: tuple[tuple[type[Exception], str], ...] = (
        (kite.NetworkException, f"Kite did not serve the instrument dump ({code}): {told}"),
        # Its text holds the whole page that a sick server sent.
        (kite.DataException, "Kite answered the request for the instrument dump with something that can't be read"),
        (kite.KiteException, f"Kite refused the instrument dump ({code}): {told}"),
        (requests.exceptions.SSLError, "Kite's TLS certificate could not be verified"),
        (requests.exceptions.Timeout, "Kite did not answer the request for the instrument dump in time"),
        (
            requests.exceptions.RequestException,
            f"Kite can't be reached for the instrument dump ({type(exc).__name__})",
        ),
    )
    unreadable = f"Kite's instrument dump can't be read ({type(exc).__name__})"
    return FeedError(next((sentence for kind, sentence in sentences if isinstance(exc, kind)), unreadable))


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


def _from_cache(row: Mapping[str, Any]) -> Instrument:
    tick = Decimal(row["tick_size"])
    if not (tick.is_finite() and tick >= 0 and type(row["exchange_token"]) is type(row["instrument_token"]) is int):
        raise ValueError("not a row that was written here")
    return Instrument(**{**row, "tick_size": tick})


def _not_found(symbol: str, exchange: str, known: Mapping[str, Instrument]) -> str:
    near = difflib.get_close_matches(symbol.upper(), known, n=_NEAREST, cutoff=0.6)
    hint = f"; nearest names: {', '.join(near)}" if near else ""
    return f"{symbol} is not in the day's {exchange} instrument dump{hint}"
