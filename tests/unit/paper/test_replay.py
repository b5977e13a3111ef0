"""Replays of CSV files: what they play, and what is refused with file and line (behaviour 17, docs/data.md)."""

import os
import tracemalloc
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.places import DATA
from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import IST
from tg1.paper.prices import Playback
from tg1.paper.replay import CsvReplay

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real prices are not part of the project; see docs/data.md")
BARS = "ist," + ",".join(f"{field}_{name}" for name in ("AAA", "BBB") for field in ("open", "high", "low", "close"))
SECONDS = "ist_second,AAA,BBB"


def _csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _complaint(path: Path) -> str:
    """What is said of a file, behind its name."""
    with pytest.raises(PaperUsageError) as caught:
        CsvReplay(path, ("AAA", "BBB"))
    said = str(caught.value)
    assert said.startswith(f"--paper-prices {path}")
    return said.removeprefix(f"--paper-prices {path}")


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
        "2016-08-16 15:28:00,10,13,9,12,20,23,17,18",
        "2016-08-16 15:29:00,12,12,12,12,18,18,18,18",
        "2016-08-17 09:15:00,11,11,11,11,17,17,17,17",
    )
    events = list(CsvReplay(path, ("AAA", "BBB")).events())
    first = [(event.at_secs, str(event.price)) for event in events if event.symbol == "AAA"][:4]
    assert first == [(0.0, "10"), (15.0, "9"), (30.0, "13"), (45.0, "12")]
    assert [str(event.price) for event in events if event.symbol == "BBB"][:4] == ["20", "23", "17", "18"]
    assert events[-1].at_secs == 165.0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(("",), " has neither an ist_second column nor an ist column", id="nothing"),
        pytest.param((SECONDS,), " has no row of prices", id="no-row"),
        pytest.param(("ist_second,AAA", "2025-06-18 11:00:00,10"), " has no prices of BBB", id="symbol-missing"),
        pytest.param(
            ("time,AAA,BBB", "2025-06-18 11:00:00,10,10"),
            " has neither an ist_second column nor an ist column",
            id="no-time-column",
        ),
        pytest.param((SECONDS + ",AAA", "2025-06-18 11:00:00,10,10,10"), " has two columns AAA", id="column-twice"),
        pytest.param((SECONDS, "2025-06-18 11:00:00,10,"), " has no price of BBB", id="no-price-at-all"),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,ten"), ", line 2, holds a price that is no number: 'ten'", id="text"
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,20", "2025-06-18 11:00:01,nan,20"),
            ", line 3, holds a price that no share has: 'nan'",
            id="nan",
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,-1"), ", line 2, holds a price that no share has: '-1'", id="negative"
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,1_0"), ", line 2, holds a price that no share has: '1_0'", id="python"
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,0"), ", line 2, holds a price that no share has: '0'", id="zero"
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,1000001"),
            ", line 2, holds a price that no share has: '1000001'",
            id="dearer-than-any-share",
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,787.20", "2025-06-18 11:00:01,10,78720"),
            ", line 3, lets BBB jump from 787.20 to 78720 within a day",
            id="lost-decimal-point",
        ),
        pytest.param((SECONDS, "yesterday,10,11"), ", line 2, holds a time that is none: 'yesterday'", id="not-a-time"),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:01,10,11", "2025-06-18 11:00:00,10,11"),
            ", line 3, 2025-06-18 11:00:00 comes after 2025-06-18 11:00:01",
            id="unsorted",
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:01,10,11", "", "2025-06-18 11:00:01,10,11"),
            ", line 4, 2025-06-18 11:00:01 is there twice",
            id="doubled",
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10"), ", line 2, has 2 fields where the first line has 3", id="too-short"
        ),
        pytest.param(
            (SECONDS, "2025-06-18 11:00:00,10,11,12"),
            ", line 2, has 4 fields where the first line has 3",
            id="too-long",
        ),
        pytest.param(
            (BARS, "2016-08-16 15:28:00,10,9,11,10,20,20,20,20"),
            ", line 2, has a high of AAA below its low: 9 and 11",
            id="high-below-low",
        ),
        pytest.param(
            (BARS, "2016-08-16 15:28:00,10,11,9,12,20,20,20,20"),
            ", line 2, has an open or close of AAA outside its high and low",
            id="close-above-high",
        ),
        pytest.param(
            (BARS, "2016-08-16 15:28:00,10,11,9,,20,20,20,20"),
            ", line 2, holds a price that is no number: ''",
            id="half-a-bar",
        ),
        pytest.param((SECONDS, '2025-06-18 11:00:00,"10,11'), " is no CSV: unexpected end of data", id="open-quote"),
        pytest.param((SECONDS, "x" * 100_000), " has a line of more than 100000 characters", id="endless-line"),
    ],
)
def test_bad_file_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    """What cannot be replayed is refused before the first price is played (behaviour 17)."""
    complaint = _complaint(_csv(tmp_path, *lines))
    assert complaint.replace(", line 2, is no CSV", " is no CSV") == said


def test_what_is_no_file_of_text_is_refused_by_flag_value_and_reason(tmp_path: Path) -> None:
    """Behaviour 14, 19: a FIFO would be waited for without end, a device read without end."""
    binary, fifo = tmp_path / "binary.csv", tmp_path / "fifo"
    binary.write_bytes(b"ist_second,AAA,BBB\n\xff\xfe\x00")
    os.mkfifo(fifo)
    for path, why in (
        (tmp_path / "none.csv", " can't be read: No such file or directory"),
        (tmp_path, " is no regular file"),
        (Path("/dev/zero"), " is no regular file"),
        (fifo, " is no regular file"),
        (binary, " is no CSV text"),
    ):
        assert _complaint(path) == why


def test_file_of_more_than_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    """Files are bounded (behaviour 19)."""
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(2**30 + 1)
    assert _complaint(path) == " has more than 1024 MiB"


def test_spreadsheets_byte_order_mark_and_line_ends_are_taken(tmp_path: Path) -> None:
    """Excel saves "CSV UTF-8" with a BOM and CRLF (behaviour 17)."""
    path = tmp_path / "prices.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b"ist_second,AAA,BBB\r\n2025-06-18T11:00:00+05:30,10.05,20\r\n")
    replay = CsvReplay(path, ("AAA", "BBB"))
    assert replay.first == {"AAA": Decimal("10.05"), "BBB": Decimal(20)}
    assert replay.begins_at == datetime(2025, 6, 18, 11, 0, tzinfo=IST)


def test_file_is_read_in_a_stream(tmp_path: Path) -> None:
    """Memory does not grow with the file: most of a megabyte is judged and half played within 200 kB."""
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write(SECONDS + "\n")
        stream.writelines(
            f"2025-06-18 {t // 3600:02}:{t // 60 % 60:02}:{t % 60:02}.{d},10,20\n"
            for t in range(15_000)
            for d in range(2)
        )
    tracemalloc.start()
    replay = CsvReplay(path, ("AAA", "BBB"))
    playback = Playback(replay)
    while playback.played < 0.5:
        playback.until(playback.elapsed_secs + 60)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 800_000
    assert peak < 200_000


def test_playback_tells_the_markets_clock_and_how_much_was_played(tmp_path: Path) -> None:
    """Nights are left out of the length; after the last price it is over."""
    path = _csv(
        tmp_path,
        SECONDS,
        "2025-06-18 15:29:58,10,20",
        "2025-06-18 15:30:00,10.5,20",
        "2025-06-19 09:15:00,11,20",
    )
    playback = Playback(CsvReplay(path, ("AAA", "BBB")))
    assert (playback.market_time, playback.played, playback.is_over) == (
        *(datetime(2025, 6, 18, 15, 29, 58, tzinfo=IST), 0.0, False),
    )
    playback.until(2)
    assert (playback.market_time, playback.played) == (datetime(2025, 6, 18, 15, 30, 0, tzinfo=IST), 0.5)
    playback.until(100)
    assert (playback.market_time, playback.played, playback.is_over) == (
        *(datetime(2025, 6, 19, 9, 15, 0, tzinfo=IST), 1.0, True),
    )


def test_one_symbol_can_be_replayed_alone(tmp_path: Path) -> None:
    """A bot without hedges has no TokenB, and its file needs none."""
    path = _csv(tmp_path, "ist_second,AAA", "2025-06-18 11:00:00,10")
    assert [event.symbol for event in CsvReplay(path, ("AAA",)).events()] == ["AAA"]


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
