"""Kite's REST and ticker protocol without sockets (kite.md 1.5, 1.6, 2)."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import correlation
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.support.paper_desk import Desk
from tests.support.places import DATA
from tg1.paper.candles import Past
from tg1.paper.errors import PaperUsageError
from tg1.paper.faults import Fault, FaultKind, FaultPlan
from tg1.paper.instruments import (
    COLUMNS,
    bse_twin,
    built_in,
    dump_of,
    instrument_for,
    read_dump,
    require,
    tick_for_price,
)
from tg1.paper.kite_app import KiteApp
from tg1.paper.quirks import Quirks
from tg1.paper.wire import Outcome, WireReply, WireRequest

IRFC, SBIN = 519_425, 779_521


SEED = 7


class Kite:
    """Kite's REST on a desk."""

    def __init__(self, desk: Desk, faults: FaultPlan | None = None) -> None:
        self.desk = desk
        self.past = Past(desk.tape, centres={"IRFC": Decimal("50.00")}, seed=SEED)
        self.app = KiteApp(desk.exchange, desk.tape, self.past, faults=faults)

    def send(
        self, path: str, query: str = "", *, auth: str = "token k:t", method: str = "GET", **form: str
    ) -> WireReply:
        """Return the raw reply to one request."""
        request = WireRequest(
            method=method,
            path=path,
            query=dict(parse_qsl(query)),
            raw_query=query,
            headers={"authorization": auth},
            body=urlencode(form).encode(),
        )
        return self.app.handle(request, self.desk.now)

    def data(self, path: str, query: str = "", **how: Any) -> Any:
        """Return what a successful answer holds."""
        answer = json.loads(self.send(path, query, **how).body)
        assert answer["status"] == "success", answer
        return answer["data"]


def _get(
    desk: Desk, path: str, query: str = "", *, faults: FaultPlan | None = None, auth: str = "token k:t"
) -> WireReply:
    return Kite(desk, faults).send(path, query, auth=auth)


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
    path.write_text(dump_of(built_in(), "NSE"), encoding="utf-8")
    text, found = read_dump(path)
    assert (text, found) == (dump_of(built_in(), "NSE"), built_in())
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


def test_other_exchanges_have_dumps_of_their_own() -> None:
    """`instruments()` holds all exchanges, `instruments("NSE")` one; a symbol alone names several (kite.md 2.2)."""
    desk = Desk()
    for each in built_in():
        desk.exchange.add_instrument(bse_twin(each))
    kite = Kite(desk)
    assert {(row["exchange"], row["segment"]) for row in _rows(kite.send("/instruments/NSE"))} == {("NSE", "NSE")}
    assert {row["exchange"] for row in _rows(kite.send("/instruments/BSE"))} == {"BSE"}
    everything = _rows(kite.send("/instruments"))
    assert {row["segment"] for row in everything} == {"NSE", "BSE", "INDICES", "NFO-FUT"}
    sbin = {row["exchange"]: int(row["instrument_token"]) for row in everything if row["tradingsymbol"] == "SBIN"}
    assert (sbin["NSE"], sbin["BSE"] % 256) == (779_521, 4)


def test_nse_dump_can_hold_other_exchanges_rows_in_front() -> None:
    """Whoever takes the first row of that symbol takes BSE's."""
    desk = Desk(quirks=Quirks(dump_has_other_exchanges=True))
    for each in built_in():
        desk.exchange.add_instrument(bse_twin(each))
    rows = _rows(_get(desk, "/instruments/NSE"))
    assert [row["exchange"] for row in rows if row["tradingsymbol"] == "SBIN"] == ["BSE", "NSE"]
    assert rows[0]["segment"] == "INDICES"


def _rows(reply: WireReply) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.body.decode())))


def test_quotes_tell_the_day() -> None:
    """Open, high, low of today and yesterday's close; ohlc is a part of the quote (kite.md 4)."""
    desk = Desk()
    desk.price("IRFC", "49.00")
    desk.wait(15 * 3600)
    for price in ("49.50", "51.00", "48.50", "50.50"):
        desk.price("IRFC", price)
    kite = Kite(desk)
    quote = kite.data("/quote", "i=NSE:IRFC&i=NSE:NOSUCH")["NSE:IRFC"]
    assert quote["ohlc"] == {"open": 49.5, "high": 51, "low": 48.5, "close": 49}
    assert (quote["last_price"], quote["volume"], quote["average_price"]) == (50.5, 400, 49.88)
    assert quote["timestamp"] == "2026-11-21 01:00:00"
    assert [row["price"] for row in quote["depth"]["buy"]][:2] == [50.49, 50.48]
    assert len(quote["depth"]["sell"]) == 5
    assert (quote["lower_circuit_limit"], quote["upper_circuit_limit"]) == (39.6, 59.4)
    ohlc = kite.data("/quote/ohlc", "i=NSE:IRFC")["NSE:IRFC"]
    assert ohlc == {"instrument_token": IRFC, "last_price": 50.5, "ohlc": quote["ohlc"]}


def test_profile_tells_who_is_logged_in() -> None:
    """The shape of the client's own mock (kite.md 4)."""
    profile = Kite(Desk()).data("/user/profile")
    assert (profile["user_id"], profile["broker"], "NSE" in profile["exchanges"]) == ("PAPER1", "ZERODHA", True)


# The daily login


def _exchange_token(kite: Kite, request_token: str, *, key: str = "s") -> WireReply:
    checksum = sha256(f"k{request_token}{key}".encode()).hexdigest()
    return kite.send("/session/token", method="POST", api_key="k", request_token=request_token, checksum=checksum)


def test_request_token_is_exchanged_once_for_the_days_token() -> None:
    """Checksum = sha256(api_key + request_token + api_secret); a second exchange is refused (kite.md 2.5)."""
    desk = Desk()
    kite = Kite(desk)
    request_token = kite.app.sessions.allow_login("k", "s", now=desk.now)
    wrong = _exchange_token(kite, request_token, key="other")
    assert (wrong.status, json.loads(wrong.body)["message"]) == (403, "Invalid `checksum`.")
    login = json.loads(_exchange_token(kite, request_token).body)["data"]
    assert (login["api_key"], login["user_id"], login["login_time"]) == ("k", "PAPER1", "2026-11-20 10:00:00")
    assert _exchange_token(kite, request_token).status == 403
    assert kite.send("/user/profile", auth=f"token k:{login['access_token']}").status == 200


def test_request_token_lives_for_minutes() -> None:
    """A few minutes, single use (kite.md 2.5)."""
    desk = Desk()
    kite = Kite(desk)
    request_token = kite.app.sessions.allow_login("k", "s", now=desk.now)
    desk.wait(301)
    assert _exchange_token(kite, request_token).status == 403


def test_token_that_is_not_the_days_gets_403() -> None:
    """A new login kills the earlier token, and six in the morning kills every one (kite.md 2.5)."""
    desk = Desk()
    kite = Kite(desk)
    assert kite.send("/user/profile", auth="token k:anything").status == 200
    kite.app.sessions.declare("k", "first", desk.now)
    kite.app.sessions.declare("k", "second", desk.now)
    old = kite.send("/user/profile", auth="token k:first")
    assert (old.status, json.loads(old.body)["error_type"]) == (403, "TokenException")
    assert kite.app.admits("k", "second", desk.now)
    assert kite.send("/user/profile", auth="token another:first").status == 200
    desk.now = desk.now.replace(hour=5, minute=59) + timedelta(days=1)
    assert kite.app.admits("k", "second", desk.now)
    desk.now += timedelta(minutes=1)
    assert not kite.app.admits("k", "second", desk.now)


def test_logout_ends_the_token() -> None:
    """DELETE /session/token (kite.md 2.5)."""
    desk = Desk()
    kite = Kite(desk)
    kite.app.sessions.declare("k", "t", desk.now)
    assert kite.data("/session/token", "api_key=k&access_token=t", method="DELETE") is True
    assert kite.send("/user/profile").status == 403


def test_rest_has_its_limits_where_limits_are_on() -> None:
    """Quotes 1, candles 3, everything else 10 a second and api key (kite.md 2.6)."""
    desk = Desk(quirks=Quirks(rate_limit=True))
    kite = Kite(desk)
    assert [kite.send("/quote/ltp", "i=NSE:IRFC").status, kite.send("/quote", "i=NSE:IRFC").status] == [200, 429]
    candles = [kite.send(f"/instruments/historical/{IRFC}/minute", DAY).status for _ in range(4)]
    assert candles == [200, 200, 200, 429]
    assert [kite.send("/user/profile").status for _ in range(11)] == [200] * 10 + [429]
    assert kite.send("/quote/ltp", "i=NSE:IRFC", auth="token other:t").status == 200
    desk.wait(1)
    assert kite.send("/quote/ltp", "i=NSE:IRFC").status == 200


# Candles

DAY = "from=2026-11-20+09:15:00&to=2026-11-20+15:30:00"


def _candles(kite: Kite, query: str, interval: str = "minute", token: int = IRFC) -> list[list[Any]]:
    candles: list[list[Any]] = kite.data(f"/instruments/historical/{token}/{interval}", query)["candles"]
    return candles


def test_candles_of_today_are_what_traded() -> None:
    """Open, high, low, close and shares of each minute that had a trade."""
    desk = Desk()
    for secs, price in ((10, "50.20"), (20, "49.90"), (60, "50.10")):
        desk.wait(secs)
        desk.price("IRFC", price)
    assert _candles(Kite(desk), DAY) == [
        ["2026-11-20T10:00:00+0530", 50, 50.2, 49.9, 49.9, 300],
        ["2026-11-20T10:01:00+0530", 50.1, 50.1, 50.1, 50.1, 100],
    ]


def test_candles_of_days_before_are_made_and_always_the_same() -> None:
    """375 minutes from 09:15 on working days, none at the weekend, high and low about open and close."""
    desk = Desk()
    kite = Kite(desk)
    kite.past.open(desk.now)
    query = "from=2026-11-13&to=2026-11-20"
    candles = _candles(kite, query)
    assert candles == _candles(kite, query)
    days = [candle[0][:10] for candle in candles]
    assert {day: days.count(day) for day in days} == dict.fromkeys(
        ("2026-11-13", "2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"), 375
    )
    assert (candles[0][0], candles[374][0]) == ("2026-11-13T09:15:00+0530", "2026-11-13T15:29:00+0530")
    assert all(low <= min(start, end) <= max(start, end) <= high for _, start, high, low, end, _ in candles)
    assert 40 < min(candle[3] for candle in candles) < max(candle[2] for candle in candles) < 60


def test_made_days_leave_out_holidays_and_hang_together() -> None:
    """NSE was closed on 5 November 2025; the price of a morning is near that of the evening before."""
    desk = Desk()
    kite = Kite(desk)
    kite.past.open(desk.now)
    candles = _candles(kite, "from=2025-11-01&to=2025-12-15")
    days = sorted({candle[0][:10] for candle in candles})
    assert "2025-11-05" not in days
    assert len(days) == 29
    edges = [(by_day[0][1], by_day[-1][4]) for day in days if (by_day := [c for c in candles if c[0][:10] == day])]
    assert all(abs(opened / closed - 1) < 0.03 for (_, closed), (opened, _) in pairwise(edges))


def test_open_interest_is_a_seventh_value_where_it_was_asked_for() -> None:
    """Kite's client tells it by the length of the row (kite.md 2.7)."""
    assert [len(candle) for candle in _candles(Kite(Desk()), f"{DAY}&oi=1")] == [7]


def test_plan_without_candles_is_refused_in_kites_words() -> None:
    """PermissionException with 403; everything else goes on (kite.md 2.7)."""
    kite = Kite(Desk(quirks=Quirks(kite_historical="no-permission")))
    reply = kite.send(f"/instruments/historical/{IRFC}/minute", DAY)
    error = json.loads(reply.body)
    assert (reply.status, error["error_type"]) == (403, "PermissionException")
    assert error["message"] == "Insufficient permission for that call."
    assert kite.send("/user/profile").status == 200


def test_candles_of_this_morning_end_where_the_tape_begins() -> None:
    """The exchange opened at ten; what was before is made up, what came after traded."""
    desk = Desk()
    kite = Kite(desk)
    kite.past.open(desk.now)
    at = [candle[0][11:16] for candle in _candles(kite, DAY)]
    assert (at[0], at[44], at[45], len(at)) == ("09:15", "09:59", "10:00", 46)


@pytest.mark.parametrize(
    ("interval", "first", "count"),
    [("5minute", "09:15", 75), ("60minute", "09:15", 7), ("day", "00:00", 1)],
)
def test_longer_candles_are_made_of_minutes(interval: str, first: str, count: int) -> None:
    """They begin at 09:15 and keep the day's extremes and shares."""
    desk = Desk()
    kite = Kite(desk)
    kite.past.open(desk.now)
    yesterday = DAY.replace("-20", "-19")
    minutes, longer = _candles(kite, yesterday), _candles(kite, yesterday, interval)
    assert (longer[0][0][11:16], len(longer)) == (first, count)
    assert max(candle[2] for candle in longer) == max(candle[2] for candle in minutes)
    assert sum(candle[5] for candle in longer) == sum(candle[5] for candle in minutes)


def test_candles_of_two_symbols_go_together() -> None:
    """Minutes of the pair are correlated, as those of the made prices are."""
    desk = Desk()
    kite = Kite(desk)
    kite.past.open(desk.now)
    ours, theirs = (
        [candle[4] for candle in _candles(kite, DAY.replace("-20", "-19"), "15minute", token)] for token in (IRFC, SBIN)
    )
    assert correlation(ours, theirs) > 0.7


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        pytest.param(
            f"{IRFC}/minute",
            "from=2026-01-01&to=2026-03-03",
            "interval exceeds max limit: 60 days",
            id="more-than-60-days",
        ),
        pytest.param(f"{IRFC}/minute", "from=2026-01-02&to=2026-01-01", "from is after to", id="backwards"),
        pytest.param(f"{IRFC}/minute", "from=yesterday&to=2026-01-01", "invalid from or to date", id="no-date"),
        pytest.param(f"{IRFC}/hour", DAY, "invalid interval", id="interval"),
        pytest.param("1/minute", DAY, "invalid token", id="token"),
        pytest.param("x/minute", DAY, "invalid token", id="no-token"),
    ],
)
def test_candles_that_kite_refuses(path: str, query: str, message: str) -> None:
    """InputException with 400."""
    reply = Kite(Desk()).send(f"/instruments/historical/{path}", query)
    error = json.loads(reply.body)
    assert (reply.status, error["error_type"]) == (400, "InputException")
    assert message in error["message"]


def test_sixty_days_of_minutes_are_one_request() -> None:
    """The limit itself is allowed."""
    desk = Desk()
    kite = Kite(desk)
    kite.past.open(desk.now)
    assert len(_candles(kite, "from=2026-09-01&to=2026-10-31")) == 375 * 41
