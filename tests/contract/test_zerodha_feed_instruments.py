"""fetch_from_kite with the real KiteConnect against a real HTTP server: every fault of kite.md 2.4."""

from __future__ import annotations

import gzip
import logging
import threading
import traceback
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.patience import PATIENCE_SECS
from tg1.errors import FeedError, KiteTokenExpired
from tg1.kite.instruments import parse_rows
from tg1.kite.rest import fetch_from_kite

if TYPE_CHECKING:
    from collections.abc import Iterator

API_KEY, TOKEN = "kEy7secretOfTheApi", "t0kenOfTodayOnly"
HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange\n"
)
CSV = HEADER + '779521,3045,SBIN,"STATE BANK OF INDIA",0,,0,0.1,1,EQ,NSE,NSE\n'


class Kite(ThreadingHTTPServer):
    """A server that gives one canned reply."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "text/csv"}
        self.body = CSV.encode()
        self.seen: list[tuple[str, str | None]] = []
        self.hang_up = threading.Event()
        self.trickles = False

    @property
    def root(self) -> str:
        """The http:// address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Kite

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response_only(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.server.trickles:
            self.server.hang_up.wait(PATIENCE_SECS)
        self.wfile.write(self.server.body)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def kite() -> Iterator[Kite]:
    """The server, in a thread."""
    with Kite() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.hang_up.set()
        server.shutdown()


def fetch(root: str, **changes: Any) -> list[dict[str, Any]]:
    """Ask for the dump of NSE."""
    parts = {"api_key": API_KEY, "access_token": TOKEN, "root": root, "exchange": "NSE", "insecure_tls": False}
    return fetch_from_kite(**{**parts, **changes})


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_dump_is_fetched_with_the_kite_headers(kite: Kite, compressed: bool) -> None:  # noqa: FBT001  # a parameter
    """GET /instruments/NSE with `Authorization: token key:token` (kite.md 2.1)."""
    if compressed:
        kite.headers["Content-Encoding"] = "gzip"
        kite.body = gzip.compress(kite.body)
    assert set(parse_rows(fetch(kite.root), "NSE")) == {"SBIN"}
    assert kite.seen == [("/instruments/NSE", f"token {API_KEY}:{TOKEN}")]


def test_proxy_of_the_environment_is_not_used_for_loopback(kite: Kite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client would honour it even for 127.0.0.1 (kite.md 2.1)."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetch(kite.root)


def test_expired_token_is_said_in_those_words(kite: Kite) -> None:
    """Behaviour 10.3."""
    kite.status = 403
    kite.headers["Content-Type"] = "application/json"
    kite.body = b'{"status":"error","error_type":"TokenException","message":"Incorrect `api_key` or `access_token`."}'
    with pytest.raises(KiteTokenExpired, match=r"access token has expired.*tg1 login"):
        fetch(kite.root)


def test_token_of_another_day_is_said_in_those_words(kite: Kite) -> None:
    """Behaviour 10.3: a 403 says nothing of the day; the operator has to."""
    kite.status = 403
    kite.headers["Content-Type"] = "application/json"
    kite.body = b'{"status":"error","error_type":"TokenException","message":"Token is invalid or has expired."}'
    with pytest.raises(KiteTokenExpired, match=r"it is not today's .*until about 6 in the morning"):
        fetch(kite.root)


JSON = "application/json"
FAULTS = {
    "rate-limit": (429, JSON, b'{"status":"error","error_type":"NetworkException","message":"Too many requests"}'),
    "unknown-type": (400, JSON, b'{"status":"error","error_type":"UserException","message":"blocked"}'),
    "no-message": (400, JSON, b'{"status":"error","error_type":"UserException"}'),
    "html": (502, "text/html", b"<h1>Bad gateway</h1>"),
    "broken-json": (200, JSON, b'{"status":'),
    "json-list": (200, JSON, b"[]"),
    "no-content-type": (200, None, b""),
    "cut-row": (200, "text/csv", CSV.encode()[:-40]),
    "no-number": (200, "text/csv", (HEADER + "x,y,SBIN,S,,,,,,EQ,NSE,NSE\n").encode()),
    "not-utf8": (200, "text/csv", b"\xff\xfe"),
    "not-gzip": (200, "gzip", b"plain"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_bad_answer_is_one_feed_error(kite: Kite, fault: str) -> None:
    """The client lets KeyError, TypeError and more out (kite.md 2.4); none reaches the operator as a traceback."""
    status, content_type, body = FAULTS[fault]
    kite.status, kite.body = status, body
    if content_type == "gzip":
        kite.headers["Content-Encoding"] = "gzip"
    else:
        kite.headers = {"Content-Type": content_type} if content_type else {}
    with pytest.raises(FeedError, match="Kite") as caught:
        fetch(kite.root)
    assert not isinstance(caught.value, KiteTokenExpired)


def test_refused_port_is_one_feed_error(kite: Kite) -> None:
    """Exceptions of requests come through unwrapped (kite.md 2.4)."""
    root = kite.root
    kite.server_close()
    with pytest.raises(FeedError, match="can't be reached"):
        fetch(root)


def test_body_that_never_ends_is_given_up_at_the_deadline(kite: Kite) -> None:
    """A trickling body has no limit of its own (kite.md 2.4)."""
    kite.trickles = True
    with pytest.raises(FeedError, match="did not arrive within"):
        fetch(kite.root, deadline_secs=0.2)


def test_no_secret_is_logged_or_told_when_the_server_echoes_it(kite: Kite, caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 16, with every library at DEBUG."""
    caplog.set_level(logging.DEBUG)
    kite.status = 400
    kite.headers["Content-Type"] = "application/json"
    message = f'{{"status":"error","error_type":"InputException","message":"bad header token {API_KEY}:{TOKEN}"}}'
    kite.body = message.encode()
    with pytest.raises(FeedError) as caught:
        fetch(kite.root)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "[redacted]" in told
    assert API_KEY not in told
    assert TOKEN not in told


def test_warnings_of_urllib3_stay_as_they_were(kite: Kite) -> None:
    """The client's constructor silences them for the whole process (kite.md 2.1)."""
    before = list(warnings.filters)
    fetch(kite.root)
    assert warnings.filters == before
