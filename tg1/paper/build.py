"""Puts a paper exchange together from its settings: the one place that knows all its parts."""

from collections.abc import Mapping, Sequence
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
from tg1.paper.instruments import USUAL_PRICE, PaperInstrument, bse_twin, built_in, instrument_for, read_dump, require
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
    """Empty: there is none."""
    centre_a: Decimal = DEFAULT_CENTRES[0]
    centre_b: Decimal = DEFAULT_CENTRES[1]
    prices_file: Path | None = None
    manual_prices: bool = False
    speed: float = 1.0
    seed: int = 1
    instruments_file: Path | None = None
    also: tuple[str, ...] = ()
    """Further symbols that are listed; they have a past and no prices of today."""
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

    @property
    def centres(self) -> dict[str, Decimal]:
        """Where each symbol's made prices start and what they revert to, in rupees."""
        second = {self.token_b: self.centre_b} if self.token_b else {}
        return {self.token_a: self.centre_a} | second


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
    replay = CsvReplay(settings.prices_file, tuple(settings.centres)) if settings.prices_file is not None else None
    centres = replay.first if replay is not None else settings.centres
    dump, legs, instruments = _instruments(settings, centres)
    source = replay or _made(settings, legs)
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


def _instruments(
    settings: PaperSettings, centres: Mapping[str, Decimal]
) -> tuple[str, list[PaperInstrument], list[PaperInstrument]]:
    """Return the dump to be served, if it is the user's, the traded instruments, and everything that is listed."""
    if settings.instruments_file is not None:
        dump, found = read_dump(settings.instruments_file)
        return dump, [require(found, symbol, settings.instruments_file.name) for symbol in centres], found
    legs = [instrument_for(symbol, centre) for symbol, centre in centres.items()]
    also = [instrument_for(symbol, USUAL_PRICE) for symbol in settings.also]
    listed = list(dict.fromkeys((*built_in(), *legs, *also)))
    return "", legs, listed + [bse_twin(each) for each in listed]


def _made(settings: PaperSettings, legs: Sequence[PaperInstrument]) -> PriceSource:
    centres = settings.centres
    if settings.manual_prices:
        return ManualPrices(centres)
    pair = [Leg(symbol=leg.symbol, centre=centres[leg.symbol], tick=leg.tick) for leg in legs]
    return SeededPair(*pair, seed=settings.seed)
