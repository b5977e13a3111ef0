"""What the dump says about a symbol, how it is kept for the day, and rounding to the tick."""

from __future__ import annotations

import csv
import json
import stat
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, SupportsBytes

import pytest
from hypothesis import strategies as st

from tests.support.places import DATA
from tg1.errors import ConfigError, FeedError, UnknownSymbol
from tg1.kite.instruments import InstrumentCache, parse_rows
from tg1.machine.clock import IST
from tg1.machine.files import OsFileSystem
from tg1.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MORNING = datetime(2026, 3, 16, 9, 0, tzinfo=IST)
TICKS = st.sampled_from([Decimal(text) for text in ("0.01", "0.05", "0.1", "0.5", "1", "5")])
PRICES = st.decimals(min_value=-1000, max_value=100_000, places=5)


def row(symbol: str = "SBIN", tick: object = 0.1, **changes: object) -> dict[str, Any]:
    """One row as `KiteConnect.instruments` gives it (kite.md 2.2)."""
    return {
        "instrument_token": 779521,
        "exchange_token": "3045",
        "tradingsymbol": symbol,
        "name": "STATE BANK OF INDIA",
        "tick_size": tick,
        "lot_size": 1,
        "segment": "NSE",
        "exchange": "NSE",
        **changes,
    }


class Files(OsFileSystem):
    """The real files, on a disk that can be full."""

    def __init__(self) -> None:
        self.is_full = False

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        super().write_synced(path, data)


class World:
    """A folder, a moment and a Kite that counts its downloads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = Files()
        self.now = MORNING
        self.rows: list[Mapping[str, Any]] = [row(), row("IRFC", 0.01, exchange_token="2029", instrument_token=519425)]
        self.downloads = 0

    def cache(self) -> InstrumentCache:
        """What a bot that starts now would make."""
        return InstrumentCache(
            folder=self.folder,
            fetch=self._fetch,
            fs=self.files,
            now=lambda: self.now,
        )

    def _fetch(self, exchange: str) -> list[Mapping[str, Any]]:
        assert exchange == "NSE"
        self.downloads += 1
        return self.rows

    def kept(self) -> list[str]:
        """Names in the folder."""
        return self.files.names(self.folder)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh folder on a Monday at 09:00 IST."""
    return World(tmp_path / "state")


def test_symbol_is_found_with_both_tokens_and_its_tick(world: World) -> None:
    """exchange_token arrives as text, tick_size as a float (kite.md 2.2)."""
    assert world.cache().find("SBIN") == Instrument(
        symbol="SBIN",
        exchange="NSE",
        exchange_token=3045,
        instrument_token=779521,
        tick_size=Decimal("0.1"),
        lot_size=1,
    )


def test_dump_is_fetched_once_a_day_and_is_the_same_from_disk(world: World) -> None:
    """Kite asks for one download a day (kite.md 2.2)."""
    first = world.cache().find("SBIN")
    assert world.cache().find("SBIN") == first
    assert world.downloads == 1
    assert world.kept() == ["instruments_NSE_2026-03-16.json"]
    mode = (world.folder / world.kept()[0]).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_next_day_fetches_anew_and_removes_the_old_dump(world: World) -> None:
    """218 tick sizes changed between two dumps; yesterday's may be wrong."""
    world.cache().find("SBIN")
    world.now += timedelta(days=1)
    world.rows = [row(tick=0.05)]
    assert world.cache().find("SBIN").tick_size == Decimal("0.05")
    assert world.kept() == ["instruments_NSE_2026-03-17.json"]


def test_dump_of_the_early_morning_is_fetched_again_from_half_past_eight(world: World) -> None:
    """Before about 08:00 Kite still serves yesterday's (kite.md 2.2)."""
    world.now = MORNING.replace(hour=7)
    world.cache().find("SBIN")
    world.now = MORNING.replace(hour=8)
    world.cache().find("SBIN")
    assert world.downloads == 1
    world.now = MORNING
    world.cache().find("SBIN")
    assert world.downloads == 2


def test_day_changes_at_midnight_in_india(world: World) -> None:
    """Whatever zone the clock speaks."""
    world.now = datetime.fromisoformat("2026-03-16T18:31:00+00:00")
    world.cache().find("SBIN")
    assert world.kept() == ["instruments_NSE_2026-03-17.json"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda _text: "",
        lambda _text: "null",
        lambda _text: "[]",
        lambda text: text.replace('"schema_version": 1', '"schema_version": 9'),
        lambda text: text.replace('"tick_size": "0.1"', '"tick_size": "cheap"'),
        lambda text: text.replace('"tick_size": "0.1"', '"tick_size": "NaN"'),
        lambda text: text.replace("3045", '"3045"'),
        lambda text: text.replace('"lot_size"', '"lots"'),
        lambda text: json.dumps({**json.loads(text), "rows": []}),
    ],
    ids=["cut", "empty", "null", "list", "schema", "no-number", "nan", "type", "field", "no-rows"],
)
def test_corrupt_dump_is_fetched_anew(world: World, spoil: Callable[[str], str]) -> None:
    """A broken cache is an inconvenience, never a reason to trade on nonsense."""
    good = world.cache().find("SBIN")
    path = world.folder / world.kept()[0]
    path.write_text(spoil(path.read_text()))
    assert world.cache().find("SBIN") == good
    assert world.downloads == 2
    assert world.cache().find("SBIN") == good
    assert world.downloads == 2


def test_dump_that_can_not_be_kept_is_used_all_the_same(world: World) -> None:
    """A full disk costs another download, nothing else."""
    world.files.is_full = True
    assert world.cache().find("SBIN").symbol == "SBIN"


def test_kept_dump_that_lacks_the_symbol_is_fetched_once_more(world: World) -> None:
    """A download that was cut at a line's end looks whole (kite.md 2.4)."""
    world.rows = [row("IRFC")]
    world.cache().load()
    world.rows = [row(), row("IRFC")]
    assert world.cache().find("SBIN").symbol == "SBIN"


def test_unknown_symbol_is_refused_with_the_nearest_names(world: World) -> None:
    """A slip in a flag is a wrong configuration."""
    cache = world.cache()
    with pytest.raises(UnknownSymbol, match="SBNI is not in the day's NSE instrument dump; nearest names: SBIN"):
        cache.find("SBNI")
    with pytest.raises(UnknownSymbol):
        cache.find("")
    assert world.downloads == 1


def test_index_is_refused(world: World) -> None:
    """Its tick size is 0: nothing can be ordered."""
    world.rows = [row("NIFTY 50", "0", exchange_token="1001", instrument_token=256265)]
    with pytest.raises(ConfigError, match=r"NIFTY 50 .*index"):
        world.cache().find("NIFTY 50")


@pytest.mark.parametrize("foreign_first", [True, False])
def test_rows_of_other_exchanges_are_left_out(world: World, foreign_first: bool) -> None:  # noqa: FBT001  # a parameter
    """A dump that was asked for NSE may hold BSE's SBIN, with another token and another tick (kite.md 2.2)."""
    foreign = row(exchange="BSE", segment="BSE", exchange_token="500112", instrument_token=128028676, tick=0.05)
    world.rows = [foreign, row()] if foreign_first else [row(), foreign]
    world.rows.append(row("RELIANCE", exchange="BSE"))
    found = world.cache().find("SBIN")
    assert (found.exchange, found.instrument_token, found.tick_size) == ("NSE", 779521, Decimal("0.1"))
    with pytest.raises(UnknownSymbol, match="RELIANCE is not in the day's NSE instrument dump"):
        world.cache().find("RELIANCE")


def test_kept_dump_with_rows_of_another_exchange_is_not_believed(world: World) -> None:
    """An earlier version of TG1 kept them."""
    world.cache().find("SBIN")
    path = world.folder / world.kept()[0]
    path.write_text(path.read_text().replace('"exchange": "NSE"', '"exchange": "BSE"'))
    assert world.cache().find("SBIN").exchange == "NSE"
    assert world.downloads == 2


def test_unreadable_rows_do_not_spoil_the_others(world: World) -> None:
    """A row that was cut, and nonsense."""
    world.rows = [{}, row("A", "x"), row("B", None), row("C", "-1"), row("", 0.1), row("D", exchange_token=None), row()]
    cache = world.cache()
    assert cache.find("SBIN").symbol == "SBIN"
    for symbol in "ABCD":
        with pytest.raises(UnknownSymbol):
            cache.find(symbol)


def test_dump_without_a_readable_row_is_refused_and_not_kept(world: World) -> None:
    """An empty answer must not be the truth of the day."""
    world.rows = [{"tradingsymbol": "SBIN"}]
    with pytest.raises(FeedError, match="no readable row"):
        world.cache().find("SBIN")
    assert not world.folder.exists()


@pytest.mark.parametrize(
    ("name", "tick", "count"), [("2025-10-22", "0.05", 8456), ("2026-03-14", "0.1", 9451)], ids=["unquoted", "quoted"]
)
def test_genuine_dumps_are_read_whole(name: str, tick: str, count: int) -> None:
    """Both forms that Kite has served: names quoted or not, zero as 0 or 0.0."""
    path = DATA / f"instruments_NSE_{name}.csv"
    if not path.exists():
        pytest.skip("the shared data folder is not here")
    found = parse_rows(csv.DictReader(path.open()), "NSE")
    assert len(found) == count
    assert found["SBIN"].tick_size == Decimal(tick)
    assert found["IRFC"].tick_size == Decimal("0.01")
    assert found["NIFTY 50"].tick_size == 0
    assert all(one.instrument_token >> 8 == one.exchange_token for one in found.values())
