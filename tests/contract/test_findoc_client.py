"""The accounts of a bot over a scripted wire: sessions, routing, pacing, and what the engine gets to see."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import HandClock
from tests.support.xts_doubles import (
    CREDENTIALS,
    DEAD_TOKEN,
    IRFC,
    ORDER,
    TOKEN,
    ScriptedTransport,
    book,
    error,
    login_reply,
    placed,
    reply,
    row,
    success,
)  # fmt: skip
from tg1.errors import (
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    ConfigError,
    InvariantBroken,
    NoAnswer,
    NotSent,
    RateLimited,
    SessionRefused,
    UnknownSymbol,
)
from tg1.findoc_client import FindocMultiClient
from tg1.machine.files import OsFileSystem
from tg1.machine.lock import file_lock
from tg1.machine.redact import Redactor
from tg1.models import Role, TradeSide
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.models import Instrument
    from tg1.ports import Broker
    from tg1.xts.http import HttpRequest, HttpResponse

ROOT = "https://xts.example"
UPSIDE = XtsCredentials(key="upside-app-key-02", secret="upside-secret-02")
DOWNSIDE = XtsCredentials(key="downside-app-key-3", secret="downside-secret-3")


class Instruments:
    """A dump of one share."""

    loads = 0

    def load(self) -> None:
        self.loads += 1

    def find(self, symbol: str) -> Instrument:
        if symbol != "IRFC":
            raise UnknownSymbol(f"no {symbol}")
        return IRFC


class Desk:
    """A client with everything around it."""

    def __init__(
        self,
        folder: Path,
        *,
        upside: XtsCredentials | None = None,
        downside: XtsCredentials | None = None,
        **scripts: ScriptedTransport,
    ) -> None:
        self.clock = HandClock()
        self.instruments = Instruments()
        self.secrets = Redactor()
        self.store = SessionStore(fs=OsFileSystem(), folder=folder / "sessions", lock_factory=file_lock)
        self.wires = scripts
        self.client = FindocMultiClient(
            trade=CREDENTIALS,
            upside_oco=upside,
            downside_oco=downside,
            root=ROOT,
            product_type="MIS",
            instruments=self.instruments,
            transport_factory=scripts.__getitem__,
            store=self.store,
            clock=self.clock,
            on_secret=self.secrets.add,
        )

    @property
    def calls(self) -> list[str]:
        return self.wires["trade"].calls


def desk(folder: Path, *script: object) -> Desk:
    """A desk of the trade account alone, whose wire answers the script."""
    return Desk(folder, trade=ScriptedTransport(*script))  # type: ignore[arg-type]


LOGIN, BOOK, PLACE, CANCEL = "POST /user/session", "GET /orders", "POST /orders", "DELETE /orders"


def test_client_fulfils_the_broker_port(tmp_path: Path) -> None:
    """The engine's port and this client agree (mypy reads this line)."""
    broker: Broker = desk(tmp_path).client
    assert broker.accounts == ("trade",)


def test_connect_logs_in_once_and_loads_the_instruments(tmp_path: Path) -> None:
    """Without a saved session a start is one login and no more."""
    it = desk(tmp_path, login_reply())
    it.client.connect()
    assert it.calls == [LOGIN]
    assert it.instruments.loads == 1


def test_connect_uses_the_saved_session_without_a_login(tmp_path: Path) -> None:
    """A restart, or a second bot of the key, proves the saved token with the book (behaviour 11.1)."""
    desk(tmp_path, login_reply()).client.connect()
    second = desk(tmp_path, book())
    second.client.connect()
    assert second.calls == [BOOK]
    assert second.wires["trade"].requests[0].headers["Authorization"] == TOKEN


def test_connect_takes_a_rate_limit_for_a_live_session(tmp_path: Path) -> None:
    """The limiter runs after authentication (xts.md 4.4)."""
    desk(tmp_path, login_reply()).client.connect()
    second = desk(tmp_path, reply(error("e-apirl-0004", "limit"), 429))
    second.client.connect()
    assert second.calls == [BOOK]


def test_connect_replaces_a_session_that_died_over_night(tmp_path: Path) -> None:
    """The saved token is refused, so there is one login and the book is read with the new token."""
    first = desk(tmp_path, login_reply())
    first.client.connect()
    second = desk(tmp_path, DEAD_TOKEN, login_reply("tomorrow"), book())
    second.clock.advance(86_400)
    second.client.connect()
    assert second.calls == [BOOK, LOGIN, BOOK]
    assert second.wires["trade"].requests[2].headers["Authorization"] == "tomorrow"


def test_connect_waits_for_the_back_off_of_another_bot(tmp_path: Path) -> None:
    """A start just after a login whose token died at once waits for the shared back-off instead of failing."""
    desk(tmp_path, login_reply()).client.connect()
    second = desk(tmp_path, DEAD_TOKEN, DEAD_TOKEN, login_reply("new"), book())
    began = second.clock.monotonic()
    second.client.connect()
    assert second.calls == [BOOK, BOOK, LOGIN, BOOK]
    assert second.clock.monotonic() - began >= 2.0


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(error("e-user-0001", "Invalid appKey"), 400), SessionRefused, "Invalid appKey"),
        (NotSent("could not be reached"), BrokerUnavailable, "could not be reached"),
        (NoAnswer("timed out"), BrokerUnavailable, "timed out"),
        (reply("<html>", 502), BrokerUnavailable, "502"),
    ],
    ids=["refused", "unreachable", "silent", "page"],
)
def test_connect_names_the_account_that_failed(
    tmp_path: Path, answer: HttpResponse | Exception, kind: type[Exception], words: str
) -> None:
    """A start that fails says which account and why, in one sentence (behaviour 14)."""
    it = desk(tmp_path, answer)
    with pytest.raises(kind, match="trade account.*" + words):
        it.client.connect()
    assert it.calls == [LOGIN]


def test_connect_all_reports_failures_and_clears_the_way_for_the_others(tmp_path: Path) -> None:
    """One account's login failure does not keep the others from being cleared (behaviour 13)."""
    it = Desk(
        tmp_path,
        upside=UPSIDE,
        downside=DOWNSIDE,
        trade=ScriptedTransport(login_reply()),
        upside_oco=ScriptedTransport(reply(error("e-user-0001", "Invalid appKey"), 400)),
        downside_oco=ScriptedTransport(login_reply("d"), book()),
    )
    failures = it.client.connect_all()
    assert set(failures) == {"upside_oco"}
    assert isinstance(failures["upside_oco"], SessionRefused)
    assert it.client.order_book("downside_oco") == ()
    assert it.instruments.loads == 0


def test_roles_have_their_own_accounts(tmp_path: Path) -> None:
    """Entries and targets go to Trade, hedges to their half's account (architecture 10)."""
    wires = {name: ScriptedTransport() for name in ("trade", "upside_oco", "downside_oco")}
    client = Desk(tmp_path, upside=UPSIDE, downside=DOWNSIDE, **wires).client
    assert client.accounts == ("trade", "upside_oco", "downside_oco")
    assert client.account_of(Role.ENTRY, TradeSide.UPSIDE) == "trade"
    assert client.account_of(Role.TARGET, TradeSide.DOWNSIDE) == "trade"
    assert client.account_of(Role.OCO, TradeSide.UPSIDE) == "upside_oco"
    assert client.account_of(Role.OCO, TradeSide.DOWNSIDE) == "downside_oco"
    assert client._get_oco_session(TradeSide.DOWNSIDE) is client.downside_oco_session


@pytest.mark.parametrize(
    ("upside", "downside", "accounts", "hedges"),
    [
        (UPSIDE, UPSIDE, ("trade", "upside_oco"), ("upside_oco", "upside_oco")),
        (CREDENTIALS, DOWNSIDE, ("trade", "downside_oco"), ("trade", "downside_oco")),
        (CREDENTIALS, CREDENTIALS, ("trade",), ("trade", "trade")),
    ],
    ids=["one-for-both-hedges", "trade-hedges-too", "one-for-all"],
)
def test_roles_with_one_key_share_one_session(
    tmp_path: Path,
    upside: XtsCredentials,
    downside: XtsCredentials,
    accounts: tuple[str, ...],
    hedges: tuple[str, str],
) -> None:
    """Two sessions of one key would log each other out (behaviour 11.2)."""
    wires = {name: ScriptedTransport() for name in accounts}
    client = Desk(tmp_path, upside=upside, downside=downside, **wires).client
    assert client.accounts == accounts
    assert (client.account_of(Role.OCO, TradeSide.UPSIDE), client.account_of(Role.OCO, TradeSide.DOWNSIDE)) == hedges


def test_one_key_with_two_secrets_is_refused(tmp_path: Path) -> None:
    """One of the two would be wrong; better to say so than to log in with the other."""
    other = XtsCredentials(key=CREDENTIALS.key, secret="another-secret")
    with pytest.raises(ConfigError) as caught:
        Desk(tmp_path, upside=other, trade=ScriptedTransport())
    assert CREDENTIALS.key not in str(caught.value)


def test_bot_without_hedges_has_the_trade_account_alone(tmp_path: Path) -> None:
    """Asking it for an OCO account is a mistake of the caller."""
    client = desk(tmp_path).client
    assert client.accounts == ("trade",)
    with pytest.raises(InvariantBroken):
        client.account_of(Role.OCO, TradeSide.UPSIDE)
    with pytest.raises(InvariantBroken):
        client.order_book("upside_oco")


def test_round_to_tick_uses_the_instrument(tmp_path: Path) -> None:
    """The tick comes from the dump (behaviour 1.2)."""
    assert desk(tmp_path).client.round_to_tick(Decimal("49.33"), "IRFC") == Decimal("49.35")


def test_order_is_placed_with_the_exchange_token(tmp_path: Path) -> None:
    """The first call logs in by itself; the order carries the dump's number and the bot's product."""
    it = desk(tmp_path, login_reply(), placed())
    assert it.client.place_order("trade", ORDER) == "1210049745"
    sent = it.wires["trade"].requests[1].json_body or {}
    assert (sent["exchangeInstrumentID"], sent["productType"], sent["limitPrice"]) == (2029, "MIS", 49.3)
    assert "clientID" not in sent


def test_dealer_login_sends_its_client_id_everywhere(tmp_path: Path) -> None:
    """Orders in the body, cancels and books in the query (xts.md 1.7)."""
    login = login_reply(isInvestorClient=False, clientCodes=["AD71"])
    it = desk(tmp_path, login, placed(), reply(success([{"AppOrderID": 7}])), book())
    it.client.place_order("trade", ORDER)
    it.client.cancel_order("trade", "7", "ab12gd01e1")
    it.client.order_book("trade")
    place, cancel, read = it.wires["trade"].requests[1:]
    assert (place.json_body or {})["clientID"] == "AD71"
    assert cancel.params == {"appOrderID": "7", "clientID": "AD71"}
    assert read.params == {"clientID": "AD71"}


def test_order_is_sent_again_once_after_its_session_died(tmp_path: Path) -> None:
    """An authentication error created nothing, so one repeat with a new session is safe (behaviour 11.1)."""
    it = desk(tmp_path, login_reply(), book(), DEAD_TOKEN, login_reply("second"), placed())
    it.client.order_book("trade")
    it.clock.advance(10)
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.calls == [LOGIN, BOOK, PLACE, LOGIN, PLACE]
    assert it.wires["trade"].requests[-1].headers["Authorization"] == "second"


def test_order_is_refused_when_the_new_session_dies_too(tmp_path: Path) -> None:
    """No third try: something is wrong with the key, and logging in for ever would not mend it."""
    it = desk(tmp_path, login_reply(), DEAD_TOKEN, DEAD_TOKEN, login_reply("second"), DEAD_TOKEN)
    with pytest.raises(SessionRefused, match="next login may be tried in 2 s"):
        it.client.place_order("trade", ORDER)
    it.clock.advance(10)
    with pytest.raises(SessionRefused, match="Invalid Token"):
        it.client.place_order("trade", ORDER)
    assert it.calls == [LOGIN, PLACE, PLACE, LOGIN, PLACE]


def test_refused_address_costs_one_login_and_is_a_refusal_from_then_on(tmp_path: Path) -> None:
    """Failures.md 58a: 403 on orders while books are read is no dead session; the broker's words reach the operator."""
    no = reply(error("", "IP not registered"), 403)
    it = desk(
        tmp_path, login_reply(), no, no, login_reply("second"), no, book(), no, DEAD_TOKEN, login_reply("3"), placed()
    )
    with pytest.raises(SessionRefused, match="next login"):
        it.client.place_order("trade", ORDER)
    it.clock.advance(10)
    with pytest.raises(BrokerRefused, match="IP not registered") as new_session:
        it.client.place_order("trade", ORDER)
    it.client.order_book("trade")
    with pytest.raises(BrokerRefused, match="IP not registered") as again:
        it.client.place_order("trade", ORDER)
    assert {type(new_session.value), type(again.value)} == {BrokerRefused}, "counted, so that the level pauses"
    assert it.calls == [LOGIN, PLACE, PLACE, LOGIN, PLACE, BOOK, PLACE]
    it.clock.advance(10)
    assert it.client.place_order("trade", ORDER) == "1210049745", "a session that dies later is still renewed"


def test_dead_token_adopts_the_session_of_another_bot(tmp_path: Path) -> None:
    """When the file holds a newer token, it is used without a login (behaviour 11.1)."""
    it = desk(tmp_path, login_reply(), DEAD_TOKEN, placed())
    it.client.connect()
    other = desk(tmp_path, DEAD_TOKEN, login_reply("of-the-other"), book())
    other.clock.advance(300)
    other.client.connect()
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.calls == [LOGIN, PLACE, PLACE]
    assert it.wires["trade"].requests[-1].headers["Authorization"] == "of-the-other"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NotSent("dns"), BrokerUnavailable),
        (NoAnswer("timed out"), BrokerUnknown),
        (reply("<html>", 502), BrokerUnknown),
        (reply(success({})), BrokerUnknown),
        (reply(error("e-x-0001", "margin"), 400), BrokerRefused),
        (reply({"data": {"type": "error", "code": "e-apirl-0004"}}, 429), RateLimited),
    ],
    ids=["not-sent", "no-answer", "page", "no-id", "refused", "limit"],
)
def test_placement_ends_in_one_of_three_ways_and_is_sent_once(
    tmp_path: Path, answer: HttpResponse | Exception, kind: type[Exception]
) -> None:
    """Refused and unavailable free the level; unknown goes to the book; none is repeated here (behaviour 3.3)."""
    it = desk(tmp_path, login_reply(), answer)
    with pytest.raises(kind) as caught:
        it.client.place_order("trade", ORDER)
    assert type(caught.value) is kind
    assert it.calls == [LOGIN, PLACE]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NotSent("dns"), BrokerUnavailable),
        (NoAnswer("timed out"), BrokerUnknown),
        (reply("<html>", 502), BrokerUnknown),
        (reply(error("e-orders-0001", "order is already filled"), 400), BrokerRefused),
        (reply({"data": {"type": "error", "code": "e-apirl-0004"}}, 429), RateLimited),
    ],
    ids=["not-sent", "no-answer", "page", "already-final", "limit"],
)
def test_cancel_is_sent_once(tmp_path: Path, answer: HttpResponse | Exception, kind: type[Exception]) -> None:
    """A cancel has the same three ends as a placement (behaviour 4.6, xts.md 4.7)."""
    it = desk(tmp_path, login_reply(), answer)
    with pytest.raises(kind):
        it.client.cancel_order("trade", "1210049745", "ab12gd01e1")
    assert it.calls == [LOGIN, CANCEL]


@pytest.mark.parametrize("answer", [NotSent("dns"), NoAnswer("timed out"), reply("<html>", 502), reply(success({}))])
def test_book_that_failed_is_unavailable_and_never_empty(tmp_path: Path, answer: HttpResponse | Exception) -> None:
    """A read may be asked again; it must not look empty (behaviour 4.4)."""
    it = desk(tmp_path, login_reply(), answer)
    with pytest.raises(BrokerUnavailable):
        it.client.order_book("trade")


def test_book_after_the_session_died_is_read_with_the_next_one(tmp_path: Path) -> None:
    """A dead session costs one login, not a cycle."""
    it = desk(tmp_path, login_reply(), DEAD_TOKEN, login_reply("second"), book(row()))
    it.client.connect()
    it.clock.advance(10)
    assert [order.order_id for order in it.client.order_book("trade")] == ["1210030180"]


def test_books_are_a_second_apart(tmp_path: Path) -> None:
    """The client waits until the next read is due (behaviour 4.1)."""
    times: list[float] = []
    clock: list[HandClock] = []

    def note(_request: HttpRequest) -> HttpResponse:
        times.append(clock[0].monotonic())
        return book()

    it = desk(tmp_path, login_reply(), note, note, note)
    clock.append(it.clock)
    for pause in (0.0, 0.25, 5.0):
        it.clock.advance(pause)
        it.client.order_book("trade")
    assert [later - times[0] for later in times] == [0.0, 1.0, 6.0]


def test_history_takes_the_turn_of_a_book(tmp_path: Path) -> None:
    """Book and history share one limit of one a second (xts.md 5), and a reason is scrubbed in both (behaviour 16)."""
    states = [row(OrderStatus="Rejected", CancelRejectReason=f"no {TOKEN}")]
    it = desk(tmp_path, login_reply(), book(), reply(success(states, "s-orders-0001", "Success order history")), book())
    began = it.clock.monotonic()
    it.client.order_book("trade")
    order = it.client.order_history("trade", "1210030180")
    assert order is not None
    assert (order.status, order.reason) == ("rejected", "no [redacted]")
    it.client.order_book("trade")
    assert it.clock.monotonic() - began == 2.0


def test_positions_trades_and_balance_have_a_limit_each(tmp_path: Path) -> None:
    """One a second each, and none of them waits for another (xts.md 5)."""
    nothing = [reply(success([])) for _ in range(6)]
    it = desk(tmp_path, login_reply(), book(), *nothing)
    it.client.order_book("trade")
    began = it.clock.monotonic()
    assert (it.client.positions("trade"), it.client.trades("trade")) == ((), ())
    it.client.balance("trade")
    assert it.clock.monotonic() == began
    it.client.positions("trade")
    it.client.trades("trade")
    it.client.balance("trade")
    assert it.clock.monotonic() - began == 1.0


@pytest.mark.parametrize("read", ["positions", "trades", "balance"])
def test_read_of_a_dead_session_is_repeated_with_the_next_one(tmp_path: Path, read: str) -> None:
    """As a book is (behaviour 11.1)."""
    it = desk(tmp_path, login_reply(), DEAD_TOKEN, login_reply("second"), reply(success([])))
    it.client.connect()
    it.clock.advance(10)
    getattr(it.client, read)("trade")
    assert it.wires["trade"].requests[-1].headers["Authorization"] == "second"


@pytest.mark.parametrize("stopping", [False, True], ids=["running", "stopping"])
def test_no_more_than_eight_order_calls_go_in_a_second(tmp_path: Path, *, stopping: bool) -> None:
    """Placements and cancels share one limiter, which a stop does not lift (behaviour 11.3)."""
    times: list[float] = []
    clock: list[HandClock] = []

    def note(_request: HttpRequest) -> HttpResponse:
        times.append(clock[0].monotonic())
        return placed()

    it = desk(tmp_path, login_reply(), *[note] * 20)
    clock.append(it.clock)
    it.clock.stopping = stopping
    for number in range(20):
        if number % 2:
            it.client.cancel_order("trade", str(number), "x")
        else:
            it.client.place_order("trade", ORDER)
    assert [later - times[0] for later in times] == [0.0] * 8 + [1.0] * 8 + [2.0] * 4


def test_limiters_of_two_accounts_are_two(tmp_path: Path) -> None:
    """A busy Trade account does not hold a hedge back (behaviour 11.3: per account)."""
    it = Desk(
        tmp_path,
        upside=UPSIDE,
        trade=ScriptedTransport(login_reply(), *[placed()] * 8),
        upside_oco=ScriptedTransport(login_reply("u"), placed()),
    )
    began = it.clock.monotonic()
    for _ in range(8):
        it.client.place_order("trade", ORDER)
    it.client.place_order("upside_oco", ORDER)
    assert it.clock.monotonic() == began


def test_unknown_symbol_is_not_sent(tmp_path: Path) -> None:
    """Without the exchange's number there is nothing to send."""
    it = desk(tmp_path)
    order = ORDER.__class__(
        client_id="x", symbol="NOPE", side=ORDER.side, quantity=1, order_type=ORDER.order_type,
        limit_price=ORDER.limit_price,
    )  # fmt: skip
    with pytest.raises(UnknownSymbol):
        it.client.place_order("trade", order)
    assert it.calls == []


def test_secrets_are_registered_before_they_are_used(tmp_path: Path) -> None:
    """Key, secret and token are known to the log's redactor by the time anything could write them (behaviour 16)."""
    it = desk(tmp_path, login_reply())
    it.client.connect()
    written = f"{CREDENTIALS.key} {CREDENTIALS.key.upper()} {CREDENTIALS.secret} {TOKEN}"
    assert it.secrets.scrub(written) == " ".join(["[redacted]"] * 4)


def test_server_that_echoes_secrets_gets_none_of_them_into_our_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither error nor log line repeats key, secret or token, whatever the server says (behaviour 16)."""
    echo = f"Invalid Token {TOKEN} of {CREDENTIALS.key}/{CREDENTIALS.key.upper()} with {CREDENTIALS.secret}"
    it = desk(
        tmp_path,
        login_reply(),
        reply(error("e-session-0007", echo), 400),
        reply(error("e-user-0001", echo * 9, {"errors": [{"messages": [echo]}]}), 400),
        book(row(OrderStatus=f"Odd {TOKEN}", CancelRejectReason=echo)),
    )
    with caplog.at_level(logging.DEBUG):
        it.client.connect()
        it.clock.advance(10)
        with pytest.raises(SessionRefused) as caught:
            it.client.place_order("trade", ORDER)
        (order,) = it.client.order_book("trade")
    written = order.reason + caplog.text + str(caught.value) + repr(caught.value) + repr(caught.value.__context__)
    for secret in (TOKEN, CREDENTIALS.key, CREDENTIALS.key.upper(), CREDENTIALS.secret):
        assert secret not in written
