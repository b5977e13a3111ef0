"""Price sources: seeded pairs, replays of real files, and their playback (behaviour 17, docs/data.md)."""

import statistics
from datetime import datetime
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.places import DATA
from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import IST
from tg1.paper.prices import Leg, ManualPrices, Playback, PriceEvent, SeededPair
from tg1.paper.replay import CsvReplay

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real prices are not part of the project; see docs/data.md")
A = Leg(symbol="IRFC", centre=Decimal("50.00"), tick=Decimal("0.01"))
B = Leg(symbol="SBIN", centre=Decimal("120.50"), tick=Decimal("0.05"))


def _csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@settings(max_examples=25)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_seeded_prices_are_on_tick_in_order_and_the_same_for_the_same_seed(seed: int) -> None:
    """A seed decides every price; time never runs back."""
    events = list(islice(SeededPair(A, B, seed=seed).events(), 600))
    assert events == list(islice(SeededPair(A, B, seed=seed).events(), 600))
    assert all(earlier.at_secs < later.at_secs for earlier, later in pairwise(events))
    ticks = {"IRFC": A.tick, "SBIN": B.tick}
    assert all(event.price % ticks[event.symbol] == 0 and event.price > 0 for event in events)


def test_seeded_pair_starts_at_its_centres_and_comes_back_to_them() -> None:
    """Mean reversion: over a long time the average is near the centre, and the centre is crossed often."""
    pair = SeededPair(A, B)
    assert pair.first == {"IRFC": Decimal("50.00"), "SBIN": Decimal("120.50")}
    prices = [event.price for event in islice(pair.events(), 80_000) if event.symbol == "IRFC"]
    assert abs(statistics.mean(prices) - 50) < 1
    crossings = sum((earlier - 50) * (later - 50) < 0 for earlier, later in pairwise(prices[::60]))
    assert crossings > 20


def _minute_at_speed_60(seed: int) -> list[PriceEvent]:
    return Playback(SeededPair(A, B, seed=seed)).until(3_600)


def test_default_pair_at_speed_60_hits_entries_targets_and_a_hedge_in_the_first_minute() -> None:
    """The README's grid (50.00 +-1.00, target 0.50, hedge 2.00 away) sees all three within 60 real seconds."""
    last_b = stop = Decimal("120.50")
    side = ""
    seen = set()
    for event in _minute_at_speed_60(seed=1):
        if event.symbol == "SBIN":
            last_b = event.price
            if (side == "BUY" and last_b <= stop) or (side == "SELL" and last_b >= stop):
                seen.add("hedge")
        elif not side and event.price <= 49:
            seen.add("entry")
            side, stop = "BUY", last_b - 2
        elif not side and event.price >= 51:
            seen.add("entry")
            side, stop = "SELL", last_b + 2
        elif (side == "BUY" and event.price >= Decimal("49.50")) or (
            side == "SELL" and event.price <= Decimal("50.50")
        ):
            seen.add("target")
            side = ""
    assert seen == {"entry", "target", "hedge"}


def test_playback_hands_out_each_event_once() -> None:
    """Two calls give what one would."""
    whole = Playback(SeededPair(A, B)).until(20)
    playback = Playback(SeededPair(A, B))
    assert playback.until(7.2) + playback.until(7.2) + playback.until(20) == whole
    assert not playback.is_over


def test_manual_prices_never_move_by_themselves() -> None:
    """Only the control API moves them."""
    source = ManualPrices({"IRFC": Decimal(50)})
    assert (source.first, Playback(source).until(1e9)) == ({"IRFC": Decimal(50)}, [])


def test_second_file_leaves_gaps_silent_and_fills_nothing_forward(tmp_path: Path) -> None:
    """A blank cell is no tick; a missing stretch is silence (docs/data.md)."""
    path = _csv(
        tmp_path,
        "ist_second,AAA,BBB,CCC",
        "2025-06-18 11:00:00,10.05,,7",
        "2025-06-18 11:00:01,,20.5,7",
        "2025-06-18 11:20:00,10.10,,7",
    )
    replay = CsvReplay(path, ("AAA", "BBB"))
    assert replay.first == {"AAA": Decimal("10.05"), "BBB": Decimal("20.5")}
    assert [(event.at_secs, event.symbol, str(event.price)) for event in replay.events()] == [
        (0.0, "AAA", "10.05"),
        (1.0, "BBB", "20.5"),
        (1200.0, "AAA", "10.10"),
    ]
    assert next(replay.events()).market_time == datetime(2025, 6, 18, 11, 0, tzinfo=IST)


def test_bar_runs_low_first_when_it_closes_up_and_high_first_when_down(tmp_path: Path) -> None:
    """Open, low, high, close when close >= open, else open, high, low, close, over the bar; nights are left out."""
    header = "ist," + ",".join(
        f"{field}_{name}" for name in ("AAA", "BBB") for field in ("open", "high", "low", "close")
    )
    path = _csv(
        tmp_path,
        header,
        "2016-08-16 15:28:00,10,13,9,12,20,23,19,18",
        "2016-08-16 15:29:00,12,12,12,12,18,18,18,18",
        "2016-08-17 09:15:00,11,11,11,11,17,17,17,17",
    )
    events = list(CsvReplay(path, ("AAA", "BBB")).events())
    first = [(event.at_secs, str(event.price)) for event in events if event.symbol == "AAA"][:4]
    assert first == [(0.0, "10"), (15.0, "9"), (30.0, "13"), (45.0, "12")]
    assert [str(event.price) for event in events if event.symbol == "BBB"][:4] == ["20", "23", "19", "18"]
    assert events[-1].at_secs == 165.0


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("ist_second,AAA", "2025-06-18 11:00:00,10"), id="symbol-missing"),
        pytest.param(("time,AAA,BBB", "2025-06-18 11:00:00,10,10"), id="no-time-column"),
        pytest.param(("ist_second,AAA,BBB", "2025-06-18 11:00:00,10,"), id="no-price-at-all"),
        pytest.param(("ist_second,AAA,BBB", "2025-06-18 11:00:00,10,ten"), id="not-a-number"),
        pytest.param(("ist_second,AAA,BBB", "2025-06-18 11:00:00,10,-1"), id="negative"),
        pytest.param(("ist_second,AAA,BBB", "yesterday,10,11"), id="not-a-time"),
        pytest.param(("ist_second,AAA,BBB", "2025-06-18 11:00:00,10"), id="row-too-short"),
    ],
)
def test_bad_file_is_refused_in_one_sentence(tmp_path: Path, lines: tuple[str, ...]) -> None:
    """What cannot be replayed is refused at the start, not in the middle."""
    path = _csv(tmp_path, *lines)
    with pytest.raises(PaperUsageError) as caught:
        CsvReplay(path, ("AAA", "BBB"))
    assert str(caught.value).startswith(f"--paper-prices {path} ")


def test_file_that_cant_be_read_is_refused_by_flag_value_and_reason(tmp_path: Path) -> None:
    """Behaviour 14: whoever reads the sentence knows what to change; a folder or bytes that are no text included."""
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"ist_second,AAA,BBB\n\xff\xfe\x00")
    for path, why in (
        (tmp_path / "none.csv", "can't be read: No such file or directory"),
        (tmp_path, "can't be read: Is a directory"),
        (binary, "is no CSV text"),
    ):
        with pytest.raises(PaperUsageError) as caught:
            CsvReplay(path, ("AAA", "BBB"))
        assert str(caught.value) == f"--paper-prices {path} {why}"


@needs_data
def test_real_seconds_keep_the_outage_silent() -> None:
    """The feed outage 13:02:42 to 13:19:32 of 18 June 2025 has no events."""
    events = list(CsvReplay(DATA / "ltp_1s_2025-06-18.csv", ("SBIN", "NTPC")).events())
    start, end = datetime(2025, 6, 18, 13, 2, 43, tzinfo=IST), datetime(2025, 6, 18, 13, 19, 31, tzinfo=IST)
    assert len(events) > 10_000
    assert not [event for event in events if event.market_time is not None and start <= event.market_time <= end]


@needs_data
@pytest.mark.parametrize(
    ("name", "pair", "bars"),
    [
        pytest.param("pair_1min_2016-08_SBIN_BANKBARODA.csv", ("SBIN", "BANKBARODA"), 6_750, id="one-minute"),
        pytest.param("pair_5min_2023-24_PFC_RECLTD.csv", ("PFC", "RECLTD"), 18_342, id="five-minutes"),
    ],
)
def test_real_bars_replay_whole(name: str, pair: tuple[str, str], bars: int) -> None:
    """Each bar gives four prices a leg, in order of time."""
    events = list(CsvReplay(DATA / name, pair).events())
    assert len(events) == bars * 8
    assert all(earlier.at_secs <= later.at_secs for earlier, later in pairwise(events))
