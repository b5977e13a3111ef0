"""ZerodhaFeed with the real KiteTicker against a real websocket server: every row of kite.md 1.9."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from txaio import tx

from tests.support.fake_kite_ws import FakeKite, eventually, frame_of, full_packet, ltp_frame, quote_packet
from tests.support.patience import PATIENCE_SECS
from tg1.errors import ConfigError
from tg1.kite.feed_values import FeedLimits, FeedPhase
from tg1.zerodha_feed import ZerodhaFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SBIN = 779521
API_KEY = "kEy7secretOfTheApi"
TOKEN = "t0ken/ofToday+Only"
QUICK = FeedLimits(life_secs=5.0, stuck_secs=8.0, token_retry_secs=60.0, rebuild_gap_secs=0.5, quiet_secs=60.0)
IMPATIENT = replace(QUICK, life_secs=1.0)


@pytest.fixture
def kite() -> Iterator[FakeKite]:
    """A ticker server with one price."""
    with FakeKite() as server:
        server.prices[SBIN] = 12050
        yield server


SYMBOLS = {SBIN: "SBIN"}


@pytest.fixture
def make_feed() -> Iterator[Callable[..., ZerodhaFeed]]:
    """Make feeds that are stopped afterwards."""
    feeds: list[ZerodhaFeed] = []

    def make(server: FakeKite, **changes: Any) -> ZerodhaFeed:
        parts: dict[str, Any] = {
            "api_key": API_KEY,
            "access_token_source": lambda: TOKEN,
            "monotonic": time.monotonic,
            "ws_root": server.root,
            "limits": QUICK,
        }
        feeds.append(ZerodhaFeed(**{**parts, **changes}))
        return feeds[-1]

    yield make
    for feed in feeds:
        feed.stop()


@pytest.fixture
def feed(kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]) -> ZerodhaFeed:
    """A feed that has its first fresh price."""
    made = make_feed(kite)
    made.start(SYMBOLS)
    eventually(lambda: is_fresh(made))
    return made


def is_fresh(feed: ZerodhaFeed) -> bool:
    """Whether SBIN has a fresh price."""
    quote = feed.quote("SBIN")
    return quote is not None and quote.fresh


def is_back(feed: ZerodhaFeed, connections: int) -> Callable[[], bool]:
    """Whether so many handshakes succeeded and the price is fresh again."""
    return lambda: feed.health().connections == connections and is_fresh(feed)


def test_feed_gets_ticks_in_ltp_mode(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """MODE_LTP for the wanted tokens (architecture 15), and the price as an exact Decimal."""
    kite.tick(SBIN, 12105)
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal("121.05"))
    assert kite.frames == [{"a": "subscribe", "v": [SBIN]}, {"a": "mode", "v": ["ltp", [SBIN]]}]
    assert feed.fault() == ""


@pytest.mark.parametrize("fault", ["close", "fin", "rst"])
def test_feed_comes_back_after_the_server_ends_the_connection(kite: FakeKite, feed: ZerodhaFeed, fault: str) -> None:
    """Close 1001, FIN and RST; the price is stale in between and cached by the server on resubscribe (kite.md 1.9)."""
    getattr(kite, fault)()
    eventually(lambda: not is_fresh(feed))
    eventually(is_back(feed, 2))
    assert kite.frames[2:] == [{"a": "subscribe", "v": [SBIN]}, {"a": "mode", "v": ["ltp", [SBIN]]}]


def test_feed_says_refused_and_comes_back_when_the_port_is_closed_for_a_while(
    kite: FakeKite, feed: ZerodhaFeed
) -> None:
    """A refused port reaches no on_error and no on_close of the library (kite.md 1.9)."""
    kite.stop_listening()
    eventually(lambda: "refused" in feed.fault())
    kite.listen_again()
    eventually(is_back(feed, 2))


def test_feed_survives_a_handshake_that_is_never_answered(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """The websocket handshake gives up after 5 s (kite.md 1.1)."""
    kite.answers_handshake = False
    feed = make_feed(kite)
    feed.start(SYMBOLS)
    eventually(lambda: "handshake timeout" in feed.fault())
    kite.answers_handshake = True
    eventually(is_back(feed, 1))


def test_feed_says_that_the_token_has_expired_and_does_not_hammer(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """Behaviour 10.3; the library's own retries with a dead token (kite.md 0.7) are off."""
    kite.dead_tokens.add(TOKEN)
    feed = make_feed(kite)
    feed.start(SYMBOLS)
    eventually(lambda: feed.health().phase is FeedPhase.REFUSED)
    assert "access token has expired" in feed.fault()
    assert feed._ticker.factory.continueTrying == 0
    assert kite.handshakes == [TOKEN]


def test_feed_goes_on_trying_a_refused_token_slowly(kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]) -> None:
    """The same token may be let in again, e.g. after a fault of the server's login service."""
    kite.dead_tokens.add(TOKEN)
    feed = make_feed(kite, limits=replace(QUICK, token_retry_secs=0.5))
    feed.start(SYMBOLS)
    eventually(lambda: len(kite.handshakes) >= 3)
    kite.dead_tokens.clear()
    eventually(is_back(feed, 1))


def test_feed_picks_up_a_renewed_token_after_the_old_one_died_overnight(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """Drop, then 403, then a person writes the new token into the file: no restart is needed."""
    token = [TOKEN]
    feed = make_feed(kite, access_token_source=lambda: token[0])
    feed.start(SYMBOLS)
    eventually(is_back(feed, 1))
    kite.dead_tokens.add(TOKEN)
    kite.rst()
    eventually(lambda: feed.health().phase is FeedPhase.REFUSED)
    token[0] = "renewedToken1"
    eventually(is_back(feed, 2))
    assert kite.handshakes == [TOKEN, TOKEN, "renewedToken1"]


def test_feed_keeps_its_token_while_the_source_can_not_be_read(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """The file may be half written at the moment that it is read."""
    answers: list[str | Exception] = [TOKEN]

    def source() -> str:
        answer = answers[-1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    feed = make_feed(kite, access_token_source=source)
    feed.start(SYMBOLS)
    eventually(is_back(feed, 1))
    kite.dead_tokens.add(TOKEN)
    answers.append(ConfigError("the file has no access_token"))
    kite.rst()
    eventually(lambda: "the file has no access_token" in feed.fault())
    answers.append("renewedToken2")
    eventually(is_back(feed, 2))


@pytest.fixture
def impatient(kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]) -> ZerodhaFeed:
    """A feed with a fresh price that calls a second of silence a stall."""
    made = make_feed(kite, limits=IMPATIENT)
    made.start(SYMBOLS)
    eventually(lambda: is_fresh(made))
    return made


def test_feed_notices_a_silent_stall(kite: FakeKite, impatient: ZerodhaFeed) -> None:
    """KiteTicker never does (kite.md 0.2)."""
    feed = impatient
    kite.beats = False
    eventually(lambda: not is_fresh(feed))
    eventually(lambda: feed.health().connections > 1 and is_fresh(feed))
    kite.beats = True


def test_feed_notices_a_peer_that_stops_reading(kite: FakeKite, impatient: ZerodhaFeed) -> None:
    """No close frame and no FIN would ever be answered by such a peer."""
    kite.stop_reading()
    eventually(is_back(impatient, 2))
    kite.beats = True


def test_feed_takes_heartbeats_for_life(impatient: ZerodhaFeed) -> None:
    """A quiet instrument is legitimate (behaviour 10.1)."""

    def is_old_and_fresh() -> bool:
        quote = impatient.quotes()["SBIN"]
        return quote.age_secs > 2 * IMPATIENT.life_secs and quote.fresh

    eventually(is_old_and_fresh)


def test_feed_subscribes_a_quiet_symbol_again(kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]) -> None:
    """The server's cached price then tells a quiet instrument from a lost subscription."""
    feed = make_feed(kite, limits=replace(QUICK, quiet_secs=0.5))
    feed.start(SYMBOLS)
    eventually(is_back(feed, 1))
    kite.prices[SBIN] = 12200
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal(122))
    assert len(kite.handshakes) == 1


ASKED = [{"a": "subscribe", "v": [SBIN]}, {"a": "mode", "v": ["ltp", [SBIN]]}]
CURIOUS = replace(QUICK, quiet_secs=0.5, question_secs=0.5)


def test_feed_renews_the_subscription_when_the_server_is_deaf_to_a_second_one(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """Behaviour 10.1: the second question unsubscribes first, and the connection stays."""
    kite.repeats = False
    feed = make_feed(kite, limits=CURIOUS)
    feed.start(SYMBOLS)
    eventually(is_back(feed, 1))
    kite.prices[SBIN] = 12200
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal(122))
    assert kite.frames[: 2 * len(ASKED) + 3] == [*ASKED, *ASKED, {"a": "unsubscribe", "v": [SBIN]}, *ASKED]
    assert len(kite.handshakes) == 1


def test_feed_makes_a_connection_anew_that_beats_but_does_not_answer(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """Behaviour 10.1: heartbeats prove the line, not the prices."""
    feed = make_feed(kite, limits=CURIOUS)
    feed.start(SYMBOLS)
    eventually(is_back(feed, 1))
    kite.caches = False
    eventually(lambda: feed.health().connections > 1)
    assert not is_fresh(feed)
    kite.caches = True
    eventually(lambda: is_fresh(feed))


def test_feed_tells_a_cached_price_from_one_that_the_market_made(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """Behaviour 1.4: only the second is a centre for --auto-entry."""
    assert feed.quotes()["SBIN"].cached
    kite.tick(SBIN, 12105)
    eventually(lambda: not feed.quotes()["SBIN"].cached)


@pytest.mark.parametrize("packet_of", [quote_packet, full_packet], ids=["quote", "full"])
def test_feed_reads_the_prices_of_every_ticker_mode(
    kite: FakeKite, feed: ZerodhaFeed, packet_of: Callable[[int, int], bytes]
) -> None:
    """A server may stream quote between "subscribe" and "mode"; full begins like it (kite.md 1.5)."""
    kite.send(frame_of(packet_of(SBIN + 256, 9900), packet_of(SBIN, 12345), ltp_frame((SBIN, 12350))[4:]))
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal("123.50"))
    kite.send(frame_of(packet_of(SBIN, 12360)))
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal("123.60"))
    assert feed.health().malformed == 0
    assert len(kite.handshakes) == 1


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\x02\x00\x08\x00\x0b", b"\x00\x01\x00\x02\x00\x00", '["x"]', "7"],
    ids=["cut-in-a-packet", "packet-too-short", "json-list", "json-number"],
)
def test_feed_stays_connected_through_a_malformed_message(
    kite: FakeKite, feed: ZerodhaFeed, garbage: bytes | str
) -> None:
    """The library would drop the connection, again and again (kite.md 0.4); a lost tick is asked for again."""
    kite.prices[SBIN] = 12300
    kite.send(garbage)
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal(123))
    assert feed.health().malformed == 1
    assert len(kite.handshakes) == 1


def test_feed_stays_connected_through_harmless_texts(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """Order updates, error texts, unknown types and what is no JSON (kite.md 1.7)."""
    for text in ('{"type":"order","data":{"order_id":"1"}}', '{"type":"error","data":"no"}', '{"type":"x"}', "hello"):
        kite.send(text)
    kite.tick(SBIN, 12400)
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal(124))
    assert feed.health().malformed == 0
    assert len(kite.handshakes) == 1


def test_feed_is_not_harmed_by_an_unsolicited_pong(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """A pong would arm a check that drops the connection after 5 s (kite.md 1.9)."""
    kite.pong()
    kite.tick(SBIN, 12500)
    eventually(lambda: feed.quotes()["SBIN"].price == Decimal(125))
    assert feed._ticker.ws._last_pong_time is None


def test_feed_that_has_exhausted_its_retries_gets_a_new_ticker(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """After on_noreconnect the library does nothing more (kite.md 1.8)."""
    feed._ticker.factory.maxRetries = 0
    kite.rst()
    eventually(is_back(feed, 2))
    assert feed.health().rebuilds == 1


@pytest.mark.parametrize("name", ["on_open", "on_message", "on_ticks", "on_error", "on_close", "on_malformed"])
def test_exception_in_a_callback_never_ends_the_feed(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In the bare library it drops the connection or stops reconnecting for good (kite.md 0.4)."""
    feed = make_feed(kite, limits=FeedLimits(life_secs=1.0, stuck_secs=1.0, rebuild_gap_secs=0.5))
    proper = getattr(feed._logic, name)
    raised = threading.Event()

    def fail_once(*args: Any) -> None:
        if raised.is_set():
            proper(*args)
        else:
            raised.set()
            raise RuntimeError(f"no good with {TOKEN}")

    monkeypatch.setattr(feed._logic, name, fail_once)
    feed.start(SYMBOLS)
    eventually(lambda: kite.sockets)
    kite.send(b"\x00\x02\x00\x08\x00\x0b")
    kite.rst()
    eventually(raised.is_set)
    eventually(lambda: is_fresh(feed) and len(kite.handshakes) > 1)
    assert feed.health().callback_errors == 1


def test_replaced_ticker_is_put_to_rest_even_in_its_handshake(
    kite: FakeKite, make_feed: Callable[..., ZerodhaFeed]
) -> None:
    """close() during a handshake is ignored by the library (kite.md 1.3)."""
    kite.answers_handshake = False
    feed = make_feed(kite)
    feed.start(SYMBOLS)
    eventually(lambda: kite.handshakes)
    kite.answers_handshake = True
    feed._kite.call(feed._replace_ticker)
    eventually(is_back(feed, 1))
    assert len(kite.sockets) == 1


def test_feed_can_be_stopped_and_started_again(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """The reactor can't run twice (kite.md 0.5), so it is never stopped."""
    feed.stop()
    feed.stop()
    eventually(lambda: kite.sockets[0].closed)
    assert feed.health().phase is FeedPhase.STOPPED
    assert not is_fresh(feed)
    feed.start(SYMBOLS)
    feed.start(SYMBOLS)
    eventually(is_back(feed, 2))
    assert len(kite.handshakes) == 2


IRFC = 519425


def test_running_feed_takes_another_symbol_in(kite: FakeKite, feed: ZerodhaFeed) -> None:
    """A square-off learns of its symbols one by one (behaviour 13); the first one's stream is not touched."""
    kite.prices[IRFC] = 5025
    before = len(kite.frames)
    feed.start({SBIN: "SBIN", IRFC: "IRFC"})
    eventually(lambda: "IRFC" in feed.quotes() and feed.quotes()["IRFC"].fresh)
    assert kite.frames[before:] == [{"a": "subscribe", "v": [IRFC]}, {"a": "mode", "v": ["ltp", [IRFC]]}]
    kite.rst()
    eventually(lambda: feed.health().connections == 2 and all(quote.fresh for quote in feed.quotes().values()))


def test_symbol_that_is_added_while_the_line_is_down_comes_with_the_next_connection(
    kite: FakeKite, feed: ZerodhaFeed
) -> None:
    """Nothing can be subscribed to on a socket that is not there (kite.md 1.5)."""
    kite.prices[IRFC] = 5025
    kite.stop_listening()
    eventually(lambda: not is_fresh(feed))
    feed.start({SBIN: "SBIN", IRFC: "IRFC"})
    kite.listen_again()
    eventually(lambda: set(feed.quotes()) == {"SBIN", "IRFC"} and all(one.fresh for one in feed.quotes().values()))
    assert feed.health().callback_errors == 0


def test_no_secret_reaches_a_log_or_stderr_at_debug(
    kite: FakeKite,
    make_feed: Callable[..., ZerodhaFeed],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The socket's address holds both key and token (behaviour 16); every library is at its loudest here."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.DEBUG)
    for name in ("kiteconnect", "kiteconnect.ticker", "twisted", "urllib3"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    logging.getLogger("kiteconnect.ticker").manager._clear_cache()  # type: ignore[attr-defined]
    tx.set_global_log_level("debug")
    try:
        feed = make_feed(kite)
        feed.start(SYMBOLS)
        monkeypatch.setattr(feed._logic, "on_reconnect", lambda _now: 1 / 0)
        eventually(is_back(feed, 1))
        kite.send('["x"]')
        kite.dead_tokens.add(TOKEN)
        kite.rst()
        eventually(lambda: feed.health().phase is FeedPhase.REFUSED)
        logging.getLogger("kiteconnect.ticker").error("url %s", feed._ticker.socket_url)
        feed._kite.call(lambda: {"": ""}[feed._ticker.socket_url])
        eventually(lambda: "KeyError" in written.getvalue())
    finally:
        tx.set_global_log_level("info")
        root.removeHandler(handler)
    captured = capfd.readouterr()
    told = written.getvalue() + captured.out + captured.err + repr(feed) + feed.fault()
    assert "access_token=[redacted]" in told
    for secret in (API_KEY, TOKEN, "t0ken%2FofToday%2BOnly"):
        assert secret not in told


def test_importing_the_feed_costs_no_kiteconnect() -> None:
    """`--dry-run` must not pay 0.3 s and 44 MB (kite.md 0.10)."""
    code = (
        "import sys, tg1.zerodha_feed, tg1.kite.instruments, tg1.kite.credentials, tg1.machine.redact\n"
        "assert not {'kiteconnect', 'twisted', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own interpreter


def test_process_ends_cleanly_under_a_running_feed(kite: FakeKite) -> None:
    """The thread is a daemon: the exit code is the program's and nothing is printed (kite.md 3.1)."""
    code = (
        "import sys, time\n"
        "from tg1.zerodha_feed import ZerodhaFeed\n"
        f"feed = ZerodhaFeed(api_key='k', access_token_source=lambda: 't',\n"
        f"    monotonic=time.monotonic, ws_root={kite.root!r})\n"
        f"feed.start({SYMBOLS!r})\n"
        "while feed.quote('SBIN') is None: time.sleep(0.01)\n"
        "sys.exit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=PATIENCE_SECS)  # noqa: S603  # our own interpreter
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")
