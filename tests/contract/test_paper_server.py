"""The paper exchange over real sockets: the real `requests`, the real `KiteTicker`, the real command line."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from kiteconnect import KiteConnect
from kiteconnect.exceptions import InputException, NetworkException, TokenException

from tests.support.paper_desk import place_body
from tests.support.paper_server import serving_in_thread
from tests.support.patience import PATIENCE_SECS
from tests.support.places import DATA, REPO
from tg1.paper.build import PaperSettings, build
from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import IST
from tg1.paper.server import PaperServer, Roots

TIMEOUT = PATIENCE_SECS


class Client:
    """A logged-in `requests` client of one running server."""

    def __init__(self, roots: Roots) -> None:
        self.roots = roots
        self._session = requests.Session()
        self._session.trust_env = False
        login = {"appKey": "contract-key", "secretKey": "contract-secret", "source": "WEBAPI"}
        self.token = self.xts("POST", "user/session", json=login).json()["result"]["token"]

    def xts(self, method: str, path: str, timeout: Any = TIMEOUT, **kwargs: Any) -> requests.Response:
        """Send one request below /interactive."""
        headers = {"Authorization": getattr(self, "token", "")}
        url = f"{self.roots.xts_root}/interactive/{path}"
        return self._session.request(method, url, headers=headers, timeout=timeout, **kwargs)

    def place(self, **changes: Any) -> requests.Response:
        """Place an order."""
        body = {name: float(v) if isinstance(v, Decimal) else v for name, v in place_body(**changes).items()}
        return self.xts("POST", "orders", json=body)

    def control(self, what: str, body: Any = None) -> Any:
        """Use the control API: GET without a body, POST with one."""
        url = f"{self.roots.xts_root}/paper/{what}"
        method = "GET" if body is None else "POST"
        answer = self._session.request(method, url, json=body, timeout=TIMEOUT).json()
        assert answer["ok"], answer
        return answer["result"]

    def kite(self) -> KiteConnect:
        """Return the real Kite client."""
        return KiteConnect("kite-key", "kite-token", root=self.roots.kite_root, proxies={"http": None})


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a server whose prices move only by hand."""
    with serving_in_thread(build(PaperSettings(manual_prices=True))) as roots:
        yield Client(roots)


def _await_status(client: Client, status: str) -> Any:
    for _ in range(200):
        row = client.xts("GET", "orders").json()["result"][-1]
        if row["OrderStatus"] == status:
            return row
    raise AssertionError(f"still {row['OrderStatus']}")


def test_requests_client_places_reads_and_cancels(client: Client) -> None:
    """One order's whole life over HTTP (xts.md 2)."""
    placed = client.place().json()
    assert placed["description"] == "Request sent"
    row = _await_status(client, "New")
    assert row["AppOrderID"] == placed["result"]["AppOrderID"]
    answer = client.xts("DELETE", "orders", params={"appOrderID": row["AppOrderID"]}).json()
    assert answer["type"] == "success"
    assert _await_status(client, "Cancelled")["CumulativeQuantity"] == 0


def test_price_set_by_control_fills_and_shows_in_the_truth(client: Client) -> None:
    """The control API is the market, and reads the truth back."""
    client.place()
    _await_status(client, "New")
    client.control("price", {"symbol": "IRFC", "price": "48.95"})
    truth = client.control("truth")
    assert [(order["status"], order["average_price"]) for order in truth["orders"]] == [("Filled", "48.95")]
    assert [(each["net"], each["buy_value"]) for each in truth["positions"]] == [(100, "4895.00")]
    assert truth["prices"]["IRFC"] == "48.95"


def test_doubled_slash_and_dead_token_are_answered(client: Client) -> None:
    """Findoc serves a doubled slash; a wrong token gets the envelope (xts.md 1.1, 4.2)."""
    url = f"{client.roots.xts_root}//interactive/orders"
    assert requests.get(url, headers={"Authorization": client.token}, timeout=TIMEOUT).json()["type"] == "success"
    assert requests.get(url, headers={"Authorization": "old"}, timeout=TIMEOUT).status_code == 400


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("reset", requests.exceptions.ConnectionError, id="reset"),
        pytest.param("timeout", requests.exceptions.ReadTimeout, id="timeout"),
    ],
)
@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
def test_broken_connection_leaves_the_outcome_unknown(
    client: Client, kind: str, error: type[Exception], when: str, created: int
) -> None:
    """The client sees the same error whether the order was created or not (behaviour 3.3)."""
    client.control("faults", {"kind": kind, "when": when, "method": "POST", "path": "/interactive/orders"})
    with pytest.raises(error):
        client.xts("POST", "orders", (2.0, 0.3), json={**json.loads(_BODY)})
    assert len(client.control("truth")["orders"]) == created
    assert client.control("faults")[0]["hits"] == 1


_BODY = json.dumps({name: float(v) if isinstance(v, Decimal) else v for name, v in place_body().items()})


def test_control_sets_quirks_and_acts_for_others(client: Client) -> None:
    """Quirks, foreign orders, fills, broker cancels, holdings and dead tokens are all at hand."""
    client.control("quirks", {"side_case": "title", "latency_secs": 0.0})
    order = client.control(
        "foreign_order",
        {"app_key": "contract-key", "symbol": "SBIN", "side": "BUY", "quantity": 10, "price": "119.00"},
    )
    assert _await_status(client, "New")["OrderSide"] == "Buy"
    client.control("fill", {"app_order_id": order, "quantity": 4, "price": 119})
    client.control("broker_cancel", {"app_order_id": order, "reason": "admin"})
    assert _await_status(client, "Cancelled")["CumulativeQuantity"] == 4
    account = client.control("truth")["accounts"][0]
    client.control("holdings", {"account": account, "symbol": "IRFC", "quantity": 9})
    client.control("margin", {"account": account, "rupees": 1000})
    client.control("reject_next", {"account": account, "reason": "no"})
    client.control("square_off", {"account": account})
    client.control("halt", {"secs": 30, "reason": "halted"})
    client.place()
    assert _await_status(client, "Rejected")["CancelRejectReason"] == "halted"
    assert client.control("account", {"name": "X1", "app_key": "k", "secret": "s", "clients": ["AB12"]}) == "AB12"
    client.control("kite_token", {"api_key": "kite-key", "access_token": "of-the-day"})
    with pytest.raises(TokenException):
        client.kite().profile()
    client.control("kill_token", {"account": account})
    assert client.xts("GET", "orders").json()["code"] == "e-session-0007"
    refused = requests.post(f"{client.roots.xts_root}/paper/price", json={"symbol": "?"}, timeout=TIMEOUT)
    assert (refused.status_code, refused.json()["ok"]) == (400, False)


def test_real_kite_client_reads_dump_and_quotes(client: Client) -> None:
    """`KiteConnect` parses the gzip dump and the quotes, and raises its own errors (kite.md 2)."""
    kite = client.kite()
    irfc = next(row for row in kite.instruments("NSE") if row["tradingsymbol"] == "IRFC")
    assert (irfc["instrument_token"], irfc["exchange_token"], irfc["tick_size"]) == (519425, "2029", 0.01)
    assert kite.ltp(["NSE:IRFC", "NSE:NOSUCH"]) == {"NSE:IRFC": {"instrument_token": 519425, "last_price": 50}}
    client.control("quirks", {"kite_rest": "403"})
    with pytest.raises(TokenException):
        kite.ltp("NSE:IRFC")
    client.control("quirks", {"kite_rest": "429"})
    with pytest.raises(NetworkException):
        kite.instruments("NSE")


def test_real_kite_client_logs_in_and_another_token_is_refused(client: Client) -> None:
    """`generate_session` makes the checksum; from then on the day's token alone is taken (kite.md 2.5)."""
    request_token = client.control("kite_login", {"api_key": "kite-key", "api_secret": "kite-secret"})
    stale, fresh = client.kite(), client.kite()
    login = fresh.generate_session(request_token, "kite-secret")
    assert (login["user_id"], login["api_key"]) == ("PAPER1", "kite-key")
    assert fresh.profile()["broker"] == "ZERODHA"
    with pytest.raises(TokenException):
        stale.profile()
    with pytest.raises(TokenException):
        fresh.generate_session(request_token, "kite-secret")
    handshake = requests.get(
        f"{client.roots.kite_root}/?api_key=kite-key&access_token=kite-token",
        headers={"Connection": "Upgrade", "Upgrade": "websocket"},
        timeout=TIMEOUT,
    )
    assert handshake.status_code == 403


def test_real_kite_client_reads_quotes_and_candles(client: Client) -> None:
    """`quote`, `ohlc` and `historical_data` parse what is served (kite.md 2, 4)."""
    kite = client.kite()
    client.control("price", {"symbol": "IRFC", "price": "50.40"})
    assert kite.ohlc("NSE:IRFC")["NSE:IRFC"]["ohlc"] == {"open": 50, "high": 50.4, "low": 50, "close": 50}
    quote = kite.quote("NSE:IRFC")["NSE:IRFC"]
    assert (quote["last_price"], quote["volume"], len(quote["depth"]["buy"])) == (50.4, 200, 5)
    today = datetime.now(IST).replace(tzinfo=None)
    candles = kite.historical_data(519425, today - timedelta(days=7), today, "minute")
    assert len(candles) >= 375 * 3
    assert candles[-1]["close"] == 50.4
    assert candles[0]["date"].utcoffset() == timedelta(hours=5.5)
    with pytest.raises(InputException):
        kite.historical_data(519425, today - timedelta(days=61), today, "minute")


def test_fourth_websocket_of_an_api_key_is_refused(client: Client) -> None:
    """Three connections per api key, where limits are on (kite.md 2.6)."""
    client.control("quirks", {"ticker_connections": 1})
    first = Ticker(client.roots)
    first.until("connect")
    second = Ticker(client.roots)
    assert "(429 - " in second.until("close")[2]
    for each in (first, second):
        each.stop()


def test_server_binds_to_loopback_only() -> None:
    """Any other host is refused before anything is opened."""
    with pytest.raises(PaperUsageError):
        PaperServer(build(PaperSettings()), host="0.0.0.0")  # noqa: S104 - that it is refused is the point


TICKER_SCRIPT = textwrap.dedent(
    """
    import json, sys, threading
    from kiteconnect import KiteTicker
    root, tokens = sys.argv[1], [int(token) for token in sys.argv[2:]]
    ticker = KiteTicker("key", "token", root=root, reconnect_max_delay=5)
    def say(*parts):
        print(json.dumps(parts), flush=True)
    def on_connect(ws, response):
        say("connect")
        ws.subscribe(tokens)
        ws.set_mode(ws.MODE_LTP, tokens)
    ticker.on_connect = on_connect
    ticker.on_ticks = lambda ws, ticks: say("ticks", {t["instrument_token"]: t["last_price"] for t in ticks})
    ticker.on_message = lambda ws, payload, binary: say("beat") if payload == b"\\x00" else None
    ticker.on_close = lambda ws, code, reason: say("close", code, reason)
    ticker.connect(threaded=True)
    sys.stdin.read()
    """
)


class Ticker:
    """The real KiteTicker in a process of its own: its reactor runs once per process (kite.md 0.5)."""

    def __init__(self, roots: Roots, *tokens: int) -> None:
        listened = [str(token) for token in tokens or (519425, 779521)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", TICKER_SCRIPT, roots.kite_ws_root, *listened],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def until(self, kind: str, **wanted: float) -> list[Any]:
        """Return the next report of that kind (with those prices by token), blocking until it comes."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            parts: list[Any] = json.loads(line)
            if parts[0] == kind and (kind != "ticks" or all(parts[1].get(key) == want for key, want in wanted.items())):
                return parts
        raise AssertionError(f"the ticker ended before it reported {kind}")

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECS)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def ticker(client: Client) -> Iterator[Ticker]:
    """A ticker on the client's server."""
    ticker = Ticker(client.roots)
    yield ticker
    ticker.stop()


def test_real_ticker_gets_cached_ticks_changes_and_heartbeats(client: Client, ticker: Ticker) -> None:
    """Cached ticks at subscribe, then changes, heartbeats between (kite.md 0.3, 1.6)."""
    assert ticker.until("connect")
    assert ticker.until("ticks")[1] == {"519425": 50.0, "779521": 120.5}
    client.control("price", {"symbol": "IRFC", "price": "50.35"})
    assert ticker.until("ticks", **{"519425": 50.35})[1] == {"519425": 50.35}
    assert ticker.until("beat")


@pytest.mark.parametrize(
    ("action", "code"),
    [
        pytest.param("close", 1001, id="close-1001"),
        pytest.param("drop", 1006, id="fin"),
        pytest.param("reset", 1006, id="rst"),
        pytest.param("malformed", 1006, id="malformed-frame"),
        pytest.param("text", 1006, id="text-that-is-no-object"),
    ],
)
def test_real_ticker_sees_the_loss_and_comes_back(client: Client, ticker: Ticker, action: str, code: int) -> None:
    """Each way of losing the socket is reported as kite.md 1.9 says, and the client reconnects."""
    ticker.until("ticks")
    client.control("ticker", {"action": action, "text": '["x"]'})
    assert ticker.until("close")[1] == code
    assert ticker.until("connect")
    assert ticker.until("ticks")[1]["519425"] == 50.0


@pytest.mark.parametrize("status", ["403", "429"])
def test_real_ticker_is_refused_at_the_handshake(client: Client, status: str) -> None:
    """A dead token or a fourth connection is refused with that status (kite.md 1.9, 2.6)."""
    client.control("quirks", {"ticker_handshake": status})
    ticker = Ticker(client.roots)
    closed = ticker.until("close")
    ticker.stop()
    assert (closed[1], f"({status} - " in closed[2]) == (1006, True)


def test_real_ticker_gives_up_on_a_handshake_that_is_never_answered(client: Client) -> None:
    """The opening handshake times out after about five seconds (kite.md 1.9)."""
    client.control("quirks", {"ticker_handshake": "ignore"})
    ticker = Ticker(client.roots)
    closed = ticker.until("close")
    ticker.stop()
    assert "opening handshake timeout" in closed[2]


def _run(*args: str, stdin: int | None = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "tg1.paper", *args],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPO,
        env=os.environ | {"NO_PROXY": "*"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["sigint", "sigterm"])
def test_command_serves_until_a_signal_and_exits_0(tmp_path: Path, number: signal.Signals) -> None:
    """One JSON line when ready, prices at once, a journal, and a silent exit (behaviour 17)."""
    journal = tmp_path / "paper.jsonl"
    process = _run("--journal", str(journal), "--paper-speed", "60", "--token-a", "PFC", "--token-b", "ZOMATO")
    assert process.stdout is not None
    client = Client(Roots(**json.loads(process.stdout.readline())))
    assert set(client.kite().ltp(["NSE:PFC", "NSE:ZOMATO"])) == {"NSE:PFC", "NSE:ZOMATO"}
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_SECS)
    assert (process.returncode, err) == (0, "")
    assert "user/session" in journal.read_text(encoding="utf-8")
    assert "contract-secret" not in journal.read_text(encoding="utf-8")


def test_command_ends_with_its_stdin() -> None:
    """With `--exit-with-stdin` it dies with the bot that spawned it."""
    process = _run("--exit-with-stdin", stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    _, err = process.communicate(timeout=PATIENCE_SECS)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(("--token-b", "IRFC"), id="same-token"),
        pytest.param(("--paper-speed", "0"), id="speed"),
        pytest.param(("--paper-speed", "nan"), id="speed-nan"),
        pytest.param(("--centre-a", "-1"), id="centre"),
        pytest.param(("--centre-a", "x"), id="centre-text"),
        pytest.param(("--paper-prices", "/no/such.csv"), id="no-file"),
        pytest.param(("--instruments", "/no/such.csv"), id="no-dump"),
        pytest.param(("--journal", "/no/such/place"), id="no-journal"),
        pytest.param(("--quirks", '{"nope":1}'), id="quirk"),
        pytest.param(("--quirks", '{"touch_fill_pct":"x"}'), id="quirk-of-the-wrong-kind"),
        pytest.param(("--quirks", '{"touch_fill_pct":101}'), id="quirk-out-of-range"),
        pytest.param(("--paper-prices", "/dev/zero"), id="device"),
        pytest.param(("--paper-prices", "x.csv", "--manual-prices"), id="both-prices"),
        pytest.param(("--nonsense",), id="flag"),
    ],
)
def test_bad_arguments_give_one_sentence_and_exit_2(args: tuple[str, ...]) -> None:
    """Every refusal is one clear sentence on stderr (behaviour 14)."""
    process = _run(*args)
    out, err = process.communicate(timeout=PATIENCE_SECS)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert "Traceback" not in err


@pytest.mark.skipif(not DATA.is_dir(), reason="real prices are not part of the project; see docs/data.md")
def test_command_replays_real_prices() -> None:
    """Both symbols have a price at once; a symbol that the file lacks is refused (behaviour 17)."""
    file = str(DATA / "ltp_1s_2025-06-18.csv")
    process = _run("--paper-prices", file, "--token-a", "NTPC", "--token-b", "SBIN")
    assert process.stdout is not None
    client = Client(Roots(**json.loads(process.stdout.readline())))
    prices = client.control("truth")["prices"]
    process.terminate()
    process.communicate(timeout=PATIENCE_SECS)
    assert set(prices) == {"NTPC", "SBIN"}
    refused = _run("--paper-prices", file, "--token-a", "IRFC", "--token-b", "SBIN")
    _, err = refused.communicate(timeout=PATIENCE_SECS)
    assert (refused.returncode, err.count("\n")) == (2, 1)


def _is_limited(process: "subprocess.Popen[str]") -> bool:
    """Whether one of some reads at once is refused; a busy machine may take its time between two of them."""
    assert process.stdout is not None
    client = Client(Roots(**json.loads(process.stdout.readline())))
    refused = any(client.xts("GET", "orders").status_code == 429 for _ in range(20))
    process.terminate()
    process.communicate(timeout=PATIENCE_SECS)
    return refused


@pytest.mark.parametrize(
    ("args", "refused"),
    [
        pytest.param((), True, id="by-default"),
        pytest.param(("--quirks", '{"side_case": "title"}'), True, id="other-quirks"),
        pytest.param(("--no-limits",), False, id="flag"),
        pytest.param(("--quirks", '{"rate_limit": false}'), False, id="quirk"),
    ],
)
def test_limits_of_the_key_are_on_unless_switched_off(args: tuple[str, ...], *, refused: bool) -> None:
    """One book a second, as documented (behaviour 17, xts.md 5)."""
    assert _is_limited(_run(*args)) == refused


def _price_file(tmp_path: Path) -> str:
    path = tmp_path / "prices.csv"
    rows = ("ist_second,NTPC,SBIN", "2025-06-18 11:00:00,330.5,790", "2025-06-18 11:00:09,330.6,790.05")
    path.write_text("\n".join(rows))
    return str(path)


def test_replay_reports_its_clock_and_its_end(tmp_path: Path) -> None:
    """One JSON line a second, the last one when the file has been played (behaviour 17)."""
    process = _run(
        *("--paper-prices", _price_file(tmp_path), "--token-a", "NTPC", "--token-b", "SBIN"),
        *("--paper-speed", "20", "--tell-clock"),
    )
    assert process.stdout is not None
    client = Client(Roots(**json.loads(process.stdout.readline())))
    reports = []
    for line in process.stdout:
        reports.append(json.loads(line))
        if reports[-1]["is_over"]:
            break
    prices = client.control("truth")["prices"]
    process.terminate()
    process.communicate(timeout=PATIENCE_SECS)
    assert reports[0] == {"market_time": "2025-06-18T11:00:00+05:30", "played": 0.0, "is_over": False, "fault": ""}
    assert reports[-1] == {"market_time": "2025-06-18T11:00:09+05:30", "played": 1.0, "is_over": True, "fault": ""}
    assert prices == {"NTPC": "330.6", "SBIN": "790.05"}


def test_replay_can_wait_for_somebody_who_listens(tmp_path: Path) -> None:
    """Nothing of the file is missed while a bot starts (behaviour 17)."""
    settings = PaperSettings(token_a="NTPC", token_b="SBIN", prices_file=Path(_price_file(tmp_path)), speed=1_000)
    with serving_in_thread(build(settings), waits_for_ticker=True) as roots:
        client = Client(roots)
        assert client.control("truth")["prices"]["NTPC"] == "330.5"
        ticker = Ticker(roots, 2977281)
        ticker.until("ticks", **{"2977281": 330.6})
        ticker.stop()


def test_file_that_changes_while_it_is_played_ends_with_its_fault(tmp_path: Path) -> None:
    """What was judged at the start is judged again while it is read."""
    path = tmp_path / "prices.csv"
    rows = [f"2025-06-18 11:{at // 60:02}:{at % 60:02},330.5,790" for at in range(3000)]
    path.write_text("\n".join(("ist_second,NTPC,SBIN", *rows)))
    settings = PaperSettings(token_a="NTPC", token_b="SBIN", prices_file=path, speed=1_000)
    paper = build(settings)
    with path.open("r+") as stream:
        stream.seek(len("\n".join(("ist_second,NTPC,SBIN", *rows[:2900]))))
        stream.write("\nnonsense\n")
    server = PaperServer(paper)
    server._play(10_000, datetime.now(IST))
    assert (server.progress.is_over, "line 2902" in server.progress.fault) == (True, True)
