"""Puts a paper exchange together from its settings: the one place that knows all its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TextIO

from tg1.paper.candles import Past
from tg1.paper.control import ControlApp
from tg1.paper.errors import PaperUsageError
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultPlan
from tg1.paper.instruments import PaperInstrument, bse_twin, built_in, instrument_for, read_dump, require
from tg1.paper.journal import Journal
from tg1.paper.kite_app import KiteApp
from tg1.paper.prices import DEFAULT_CENTRES, Leg, ManualPrices, Playback, PriceSource, SeededPair
from tg1.paper.quirks import Quirks
from tg1.paper.replay import CsvReplay
from tg1.paper.tape import Tape
from tg1.paper.xts_app import XtsApp


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """What a paper exchange is made from; prices in rupees, `speed` in market seconds per real second."""

    token_a: str = "IRFC"  # noqa: S105 - an instrument
    token_b: str = "SBIN"  # noqa: S105 - an instrument
    centre_a: Decimal = DEFAULT_CENTRES[0]
    centre_b: Decimal = DEFAULT_CENTRES[1]
    prices_file: Path | None = None
    manual_prices: bool = False
    speed: float = 1.0
    seed: int = 1
    instruments_file: Path | None = None
    quirks: Quirks = field(default_factory=Quirks)

    def __post_init__(self) -> None:
        if self.token_a == self.token_b:
            raise PaperUsageError("--token-a and --token-b must differ")
        if not 0 < self.speed <= 1_000_000:  # noqa: PLR2004 - the guard is here, not a rule of the market
            raise PaperUsageError("--paper-speed must be above 0")
        if self.prices_file is not None and self.manual_prices:
            raise PaperUsageError("--paper-prices and --manual-prices exclude each other")
        for name, centre in (("--centre-a", self.centre_a), ("--centre-b", self.centre_b)):
            if not centre.is_finite() or centre <= 0:
                raise PaperUsageError(f"{name} must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The parts of one paper exchange, ready to be driven."""

    exchange: PaperExchange
    xts: XtsApp
    kite: KiteApp
    control: ControlApp
    tape: Tape
    past: Past
    playback: Playback
    speed: float
    first: Mapping[str, Decimal]
    """Prices that the exchange must be given before anything else happens, in rupees."""

    def trade(self, symbol: str, price: Decimal, now: datetime, market_time: datetime | None = None) -> None:
        """Let a price trade at `now`; on the tape it stands at its market time, which is `now` unless given."""
        self.tape.record(symbol, price, market_time or now)
        self.exchange.on_price(symbol, price, now)


def build(settings: PaperSettings, journal_stream: TextIO | None = None) -> Paper:
    """Return a paper exchange without sockets; raises PaperUsageError for settings that make no sense."""
    dump, legs, instruments = _instruments(settings)
    source = _source(settings, legs)
    journal = Journal(journal_stream) if journal_stream is not None else None
    rng = Random(settings.seed)
    exchange = PaperExchange(
        instruments, quirks=settings.quirks, rng=rng, listener=journal.event if journal is not None else None
    )
    faults = FaultPlan(rng=rng)
    xts = XtsApp(exchange, faults=faults, journal=journal)
    tape = Tape()
    past = Past(tape, centres=source.first, seed=settings.seed, is_made=settings.prices_file is None)
    kite = KiteApp(exchange, tape, past, dump=dump, faults=faults)
    return Paper(
        exchange=exchange,
        xts=xts,
        kite=kite,
        control=ControlApp(xts, kite.sessions, faults, tape),
        tape=tape,
        past=past,
        playback=Playback(source),
        speed=settings.speed,
        first=source.first,
    )


def _instruments(settings: PaperSettings) -> tuple[str, tuple[PaperInstrument, PaperInstrument], list[PaperInstrument]]:
    if settings.instruments_file is not None:
        dump, found = read_dump(settings.instruments_file)
        source = settings.instruments_file.name
        return dump, (require(found, settings.token_a, source), require(found, settings.token_b, source)), found
    legs = (instrument_for(settings.token_a, settings.centre_a), instrument_for(settings.token_b, settings.centre_b))
    listed = list(dict.fromkeys((*built_in(), *legs)))
    return "", legs, listed + [bse_twin(each) for each in listed]


def _source(settings: PaperSettings, legs: tuple[PaperInstrument, PaperInstrument]) -> PriceSource:
    if settings.prices_file is not None:
        return CsvReplay(settings.prices_file, (settings.token_a, settings.token_b))
    centres = (settings.centre_a, settings.centre_b)
    if settings.manual_prices:
        return ManualPrices({leg.symbol: centre for leg, centre in zip(legs, centres, strict=True)})
    first, second = (
        Leg(symbol=leg.symbol, centre=centre, tick=leg.tick) for leg, centre in zip(legs, centres, strict=True)
    )
    return SeededPair(first, second, seed=settings.seed)
