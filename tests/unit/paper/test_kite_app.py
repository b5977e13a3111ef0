"""Kite's REST and ticker protocol without sockets (kite.md 1.5, 1.6, 2)."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.paper_desk import Desk
from tests.support.places import DATA
from tg1.paper.errors import PaperUsageError
from tg1.paper.faults import Fault, FaultKind, FaultPlan
from tg1.paper.instruments import COLUMNS, built_in, instrument_for, instruments_csv, read_dump, require, tick_for_price
from tg1.paper.kite_app import HEARTBEAT, KiteApp, TickerSession, ltp_message
from tg1.paper.quirks import Quirks
from tg1.paper.wire import Outcome, WireReply, WireRequest

IRFC, SBIN = 519_425, 779_521


def _get(
    desk: Desk, path: str, query: str = "", *, faults: FaultPlan | None = None, auth: str = "token k:t"
) -> WireReply:
    request = WireRequest(method="GET", path=path, raw_query=query, headers={"authorization": auth})
    return KiteApp(desk.exchange, faults=faults).handle(request)


def _subscribed(desk: Desk, *tokens: int, speed: float = 1.0) -> TickerSession:
    session = TickerSession(desk.exchange, speed=speed)
    session.on_text(json.dumps({"a": "subscribe", "v": tokens}))
    session.on_text(json.dumps({"a": "mode", "v": ["ltp", tokens]}))
    return session


def test_dump_has_twelve_columns_and_tokens_that_fit() -> None:
    """The dump has Kite's columns; instrument_token is exchange_token * 256 + 1 (kite.md 2.2)."""
    rows = list(csv.DictReader(io.StringIO(_get(Desk(), "/instruments/NSE").body.decode())))
    assert list(rows[0]) == COLUMNS
    assert all(int(row["instrument_token"]) == int(row["exchange_token"]) * 256 + 1 for row in rows)
    assert {row["tradingsymbol"]: row["tick_size"] for row in rows}["IRFC"] == "0.01"


def test_unknown_symbol_gets_numbers_of_its_own() -> None:
    """A symbol asked for on the command line gets the same generated instrument each time, with the table's tick."""
    made = instrument_for("ZOMATO", Decimal(300))
    assert made == instrument_for("ZOMATO", Decimal(300))
    assert (made.tick, tick_for_price(Decimal("249.99")), tick_for_price(Decimal(25_000))) == (
        *(Decimal("0.05"), Decimal("0.01"), Decimal("5.00")),
    )
    assert made.exchange_token not in {each.exchange_token for each in built_in()}


def test_dump_of_ones_own_can_be_read_back(tmp_path: Path) -> None:
    """What is served can be given with `--instruments`."""
    path = tmp_path / "dump.csv"
    path.write_text(instruments_csv(built_in()), encoding="utf-8")
    text, found = read_dump(path)
    assert (text, found) == (instruments_csv(built_in()), built_in())
    with pytest.raises(PaperUsageError):
        require(found, "NOSUCH", "dump.csv")
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(PaperUsageError):
        read_dump(path)


@pytest.mark.skipif(not DATA.is_dir(), reason="real dumps are not part of the project; see docs/data.md")
def test_real_dump_gives_the_days_ticks() -> None:
    """SBIN's tick was 0.10 in the dump of March 2026 (docs/data.md)."""
    _, found = read_dump(DATA / "instruments_NSE_2026-03-14.csv")
    assert str(require(found, "SBIN", "dump").tick) == "0.1"
    assert require(found, "IRFC", "dump").instrument_token == IRFC


def test_ltp_answers_what_it_knows_and_omits_the_rest() -> None:
    """Unknown keys are absent; there is no timestamp (kite.md 2.3)."""
    data = json.loads(_get(Desk(), "/quote/ltp", "i=NSE%3AIRFC&i=NSE:NOSUCH&i=BSE:SBIN").body)["data"]
    assert data == {"NSE:IRFC": {"instrument_token": IRFC, "last_price": 50}}


@pytest.mark.parametrize(
    ("quirk", "status", "text"),
    [
        pytest.param("403", 403, b"TokenException", id="token"),
        pytest.param("429", 429, b"NetworkException", id="limit"),
        pytest.param("502", 502, b"<html>", id="html"),
    ],
)
def test_rest_refuses_in_kites_words(quirk: str, status: int, text: bytes) -> None:
    """Errors have Kite's own bodies (kite.md 2.4)."""
    reply = _get(Desk(quirks=Quirks(kite_rest=quirk)), "/quote/ltp", "i=NSE:IRFC")
    assert (reply.status, text in reply.body) == (status, True)


def test_rest_needs_a_key_and_a_token() -> None:
    """Without `token key:token` the answer is 403."""
    assert {_get(Desk(), "/instruments", auth=auth).status for auth in ("", "token k:", "Bearer k:t")} == {403}
    assert _get(Desk(), "/nowhere").status == 404


def test_faults_hit_kites_rest_too() -> None:
    """The same fault plan can spoil a dump or kill a token once."""
    plan = FaultPlan((Fault(kind=FaultKind.DEAD_TOKEN), Fault(kind=FaultKind.TIMEOUT, after=1)))
    desk = Desk()
    assert _get(desk, "/instruments", faults=plan).status == 403
    assert _get(desk, "/instruments", faults=plan).outcome is Outcome.SILENCE
    cut = _get(desk, "/instruments", faults=FaultPlan((Fault(kind=FaultKind.TRUNCATED),)))
    assert len(cut.body) < len(_get(desk, "/instruments").body)


def test_ltp_message_is_the_documented_bytes() -> None:
    """The example of kite.md 1.6, byte for byte."""
    want = "00 02 00 08 00 06 3a 01 00 02 66 83 00 08 00 00 16 01 00 01 a3 ab"
    assert ltp_message({408065: 157315, 5633: 107435}) == bytes.fromhex(want.replace(" ", ""))


def test_subscription_is_answered_with_the_last_price() -> None:
    """A cached tick comes at every subscribe, repeated ones included (kite.md 0.3)."""
    desk = Desk()
    session = _subscribed(desk, IRFC, SBIN)
    assert session.modes == {IRFC: "ltp", SBIN: "ltp"}
    assert session.frame(0.0) == ltp_message({IRFC: 5000, SBIN: 12050})
    session.on_text(json.dumps({"a": "subscribe", "v": [IRFC]}))
    assert session.frame(0.1) == ltp_message({IRFC: 5000})


def test_only_changed_prices_are_sent_at_most_one_a_second() -> None:
    """A quiet instrument is silent and a busy one merged (kite.md 0.3, 2.6)."""
    desk = Desk()
    session = _subscribed(desk, IRFC)
    session.frame(0.0)
    desk.price("IRFC", "50.05")
    assert session.frame(0.5) is None
    desk.price("IRFC", "50.10")
    assert session.frame(1.0) == ltp_message({IRFC: 5010})
    desk.price("IRFC", "50.10")
    desk.price("SBIN", "121.00")
    assert session.frame(2.0) == HEARTBEAT


def test_faster_prices_are_sent_more_often() -> None:
    """At a higher speed a second of the market is shorter, and so is the least distance of ticks."""
    desk = Desk()
    session = _subscribed(desk, IRFC, speed=10)
    session.frame(0.0)
    desk.price("IRFC", "50.05")
    assert (session.frame(0.05), session.frame(0.1)) == (None, ltp_message({IRFC: 5005}))


def test_heartbeats_fill_the_silence() -> None:
    """One byte when nothing else was sent for a second (kite.md 2.6)."""
    session = TickerSession(Desk().exchange)
    assert [session.frame(at) for at in (0.0, 0.9, 1.0, 1.5, 2.0)] == [None, None, HEARTBEAT, None, HEARTBEAT]


def test_feed_can_stall_with_and_without_heartbeats() -> None:
    """Both stalls of kite.md 1.9: nothing at all, or heartbeats only."""
    desk = Desk(quirks=Quirks(ticker_feed="silent"))
    session = _subscribed(desk, IRFC)
    assert [session.frame(at) for at in (0.0, 5.0)] == [None, None]
    desk.quirk(ticker_feed="heartbeats")
    assert session.frame(6.0) == HEARTBEAT
    desk.quirk(ticker_feed="normal")
    assert session.frame(6.1) == ltp_message({IRFC: 5000})


def test_cached_tick_can_be_switched_off() -> None:
    """Without it the first tick is the first change."""
    desk = Desk(quirks=Quirks(ticker_cached_tick=False))
    session = _subscribed(desk, IRFC)
    assert session.frame(0.0) is None
    desk.price("IRFC", "50.01")
    assert session.frame(0.1) == ltp_message({IRFC: 5001})


def test_unsubscribed_token_is_silent_and_nonsense_is_ignored() -> None:
    """Nothing is answered to any text message (kite.md 1.7)."""
    desk = Desk()
    session = _subscribed(desk, IRFC)
    for text in (
        "",
        "{",
        "[]",
        "3",
        '{"a":"mode"}',
        '{"a":"mode","v":[1]}',
        '{"a":"subscribe","v":7}',
        '{"a":[],"v":1}',
    ):
        session.on_text(text)
    session.on_text(json.dumps({"a": "unsubscribe", "v": [IRFC]}))
    assert (session.modes, session.frame(0.0)) == ({}, None)
