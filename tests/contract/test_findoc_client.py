"""The accounts of a bot over a scripted wire: sessions, routing, pacing, and what the engine gets to see."""

from __future__ import annotations

import logging
import stat
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

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
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    ClientNotNamed,
    ConfigError,
    InvariantBroken,
    NoAnswer,
    NotSent,
    RateLimited,
    ReadRefused,
    SessionRefused,
    UnknownSymbol,
)
from tg1.findoc_client import FindocMultiClient
from tg1.machine.files import OsFileSystem
from tg1.machine.redact import Redactor
from tg1.machine.shared_files import OsSharedFolder
from tg1.models import Role, TradeSide
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore

if TYPE_CHECKING:
    from collections.abc import Callable
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
        keys: XtsCredentials = CREDENTIALS,
        **scripts: ScriptedTransport,
    ) -> None:
        self.clock = HandClock()
        self.instruments = Instruments()
        self.secrets = Redactor()
        self.store = SessionStore(
            fs=OsFileSystem(), folder=folder / "sessions", shared=OsSharedFolder(folder / "sessions")
        )
        self.wires = scripts
        self.client = FindocMultiClient(
            trade=keys,
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


LIMITED = reply(error("e-apirl-0004", "limit"), 429)
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
    second = desk(tmp_path, LIMITED, LIMITED)
    second.client.connect()
    assert second.calls == [BOOK, BOOK]


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
    wires: dict[str, Any] = {name: ScriptedTransport() for name in ("trade", "upside_oco", "downside_oco")}
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
    wires: dict[str, Any] = {name: ScriptedTransport() for name in accounts}
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
    login = login_reply(isInvestorClient=False, clientCodes=["AB12"])
    it = desk(tmp_path, login, placed(), reply(success([{"AppOrderID": 7}])), book())
    it.client.place_order("trade", ORDER)
    it.client.cancel_order("trade", "7", "ab12gd01e1")
    it.client.order_book("trade")
    place, cancel, read = it.wires["trade"].requests[1:]
    assert (place.json_body or {})["clientID"] == "AB12"
    assert cancel.params == {"appOrderID": "7", "clientID": "AB12"}
    assert read.params == {"clientID": "AB12"}


def test_dealer_login_with_several_clients_is_refused_at_the_start(tmp_path: Path) -> None:
    """Before any order, and not as a dead session: one login (behaviour 11.5)."""
    several = login_reply(isInvestorClient=False, clientCodes=["AB12", "BX02"])
    it = desk(tmp_path, several)
    with pytest.raises(ClientNotNamed, match=r"trade account: .* AB12, BX02: say with --trade-client"):
        it.client.connect()
    assert it.calls == [LOGIN]
    again = desk(tmp_path)
    with pytest.raises(ClientNotNamed, match="trade account"):
        again.client.connect()
    assert isinstance(again.client.connect_all()["trade"], ClientNotNamed)


def test_roles_of_one_dealer_key_trade_for_the_clients_that_are_named(tmp_path: Path) -> None:
    """One session, one limit, two accounts with a book each (behaviour 11.2, 11.3, 11.5)."""
    several = login_reply(isInvestorClient=False, clientCodes=["AB12", "BX02"])
    trade, upside = (replace(CREDENTIALS, client=client) for client in ("AB12", "bx02"))
    wires: dict[str, Any] = {
        "trade": ScriptedTransport(several, placed(), book(row())),
        "upside_oco": ScriptedTransport(book(), book(row(AppOrderID=7))),
    }
    it = Desk(tmp_path, keys=trade, upside=upside, downside=upside, **wires)
    it.client.connect()
    assert it.client.accounts == ("trade", "upside_oco")
    it.client.place_order("trade", ORDER)
    began = it.clock.monotonic()
    assert [order.order_id for order in it.client.order_book("trade")] == ["1210030180"]
    assert [order.order_id for order in it.client.order_book("upside_oco", since=began)] == ["7"]
    assert it.clock.monotonic() - began == 2.0
    assert (it.wires["trade"].requests[1].json_body or {})["clientID"] == "AB12"
    assert [request.params for request in it.wires["upside_oco"].requests] == [{"clientID": "BX02"}] * 2


def test_roles_of_one_key_name_both_clients_or_none(tmp_path: Path) -> None:
    """Otherwise one client's orders might be two accounts' at once (behaviour 11.5)."""
    with pytest.raises(ConfigError, match="name the client of both, or of neither"):
        Desk(tmp_path, upside=replace(CREDENTIALS, client="AB12"))


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


def test_session_is_said_to_be_renewed_when_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 11.1: thirty seconds of waiting for a login are no thirty renewals."""
    it = desk(tmp_path, login_reply(), *[DEAD_TOKEN] * 3, login_reply("second"), book())
    it.client.connect()
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            with pytest.raises(SessionRefused, match="the next login may be tried in"):
                it.client.order_book("trade")
        assert "renew" not in caplog.text
        it.client.order_book("trade")
    assert caplog.text.count("the session was renewed") == 1
    assert it.calls == [LOGIN, *[BOOK] * 3, LOGIN, BOOK]


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
    ],
    ids=["not-sent", "no-answer", "page", "no-id", "refused"],
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
    ],
    ids=["not-sent", "no-answer", "page", "already-final"],
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


def hang(it: Callable[[], Desk]) -> Callable[[HttpRequest], HttpResponse]:
    """A server that says nothing for as long as the request lets it."""

    def silence(request: HttpRequest) -> HttpResponse:
        it().clock.advance(min(7.0, request.within_secs))
        raise NoAnswer("timed out")

    return silence


def slow(it: Callable[[], Desk], secs: float) -> Callable[[HttpRequest], HttpResponse]:
    """A server that answers with a book after so long."""

    def answer(_request: HttpRequest) -> HttpResponse:
        it().clock.advance(secs)
        return book()

    return answer


def read(it: Desk, account: str = "trade") -> tuple[float, bool]:
    """Read a book as a cycle does: how long the bot waited, and whether there was an answer."""
    began = it.clock.monotonic()
    try:
        it.client.order_book(account, since=began)
    except BrokerUnavailable:
        return it.clock.monotonic() - began, False
    return it.clock.monotonic() - began, True


def test_book_is_waited_for_three_seconds_and_a_slow_one_seven_and_less_often(tmp_path: Path) -> None:
    """Behaviour 11.6: a hang costs the others three seconds; a server that needs five is not blind for ever."""
    script = [hang(lambda: it), hang(lambda: it), slow(lambda: it, 5.0), book()]
    it = desk(tmp_path, login_reply(), *script)
    it.client.connect()
    assert read(it) == (3.0, False)
    it.clock.advance(1.0)
    assert read(it) == (3.0, False)
    it.clock.advance(5.5)
    assert read(it) == (0.0, False)
    it.clock.advance(0.5)
    assert read(it) == (5.0, True)
    it.clock.advance(4.5)
    assert read(it) == (0.0, False)
    it.clock.advance(0.5)
    assert read(it) == (0.0, True)
    wire = it.wires["trade"].requests[1:]
    assert [request.within_secs for request in wire] == [3.0, 3.0, 7.0, 7.0]


def test_start_waits_for_a_slow_book(tmp_path: Path) -> None:
    """Behaviour 11.6: nothing else waits there, and a start that gives up sooner would never come to pass at 09:15."""
    it = desk(tmp_path, login_reply(), slow(lambda: it, 5.0))
    it.client.connect()
    it.client.order_book("trade")
    assert it.wires["trade"].requests[-1].within_secs == 7.0


def test_order_is_waited_for_in_full(tmp_path: Path) -> None:
    """Behaviour 3.3, 11.6: one that is given up early may still arrive after its absence was proven."""
    it = desk(tmp_path, login_reply(), placed())
    it.client.connect()
    it.client.place_order("trade", ORDER)
    assert it.wires["trade"].requests[-1].within_secs == float("inf")


def test_cancel_is_waited_for_three_seconds(tmp_path: Path) -> None:
    """Behaviour 4.6, 11.6: it is asked for again, and meanwhile another account's hedge may be passed."""
    it = desk(tmp_path, login_reply(), reply(success("")))
    it.client.connect()
    it.client.cancel_order("trade", "7", "x")
    assert it.wires["trade"].requests[-1].within_secs == 3.0


def test_history_is_waited_for_three_seconds(tmp_path: Path) -> None:
    """Behaviour 4.4, 11.6: it is read between the books of a cycle."""
    it = desk(tmp_path, login_reply(), reply(success([])))
    it.client.connect()
    it.client.order_history("trade", "7")
    assert it.wires["trade"].requests[-1].within_secs == 3.0


def test_readable_refusal_is_no_hang(tmp_path: Path) -> None:
    """Behaviour 11.1, 11.6: words that come late are words, and five of them lead to a login."""

    def refuse(_request: HttpRequest) -> HttpResponse:
        it.clock.advance(2.5)
        return reply(error("e-app-0001", "Gateway busy"), 400)

    it = desk(tmp_path, login_reply(), *[refuse] * 4)
    it.client.connect()
    assert [read(it)[0] > 0 for _ in range(4)] == [True] * 4


def test_wait_for_the_turn_is_part_of_what_a_book_may_take(tmp_path: Path) -> None:
    """Behaviour 11.3, 11.6: the second after the last answer counts, and one second is always left."""
    it = desk(tmp_path, login_reply(), book(), book())
    it.client.connect()
    read(it)
    it.clock.advance(0.25)
    read(it)
    assert [request.within_secs for request in it.wires["trade"].requests[1:]] == [3.0, 2.25]


@pytest.mark.parametrize(
    ("ask", "call", "good"),
    [
        (lambda client: client.place_order("trade", ORDER), PLACE, placed()),
        (lambda client: client.cancel_order("trade", "7", "x"), CANCEL, reply(success(""))),
        (lambda client: client.order_book("trade"), BOOK, book()),
        (lambda client: client.order_history("trade", "7"), BOOK, reply(success([]))),
    ],
    ids=["place", "cancel", "book", "history"],
)
@pytest.mark.parametrize("status", [200, 401, 403, 429])
def test_call_that_the_limiter_refused_is_tried_once_more_when_the_limit_allows_it(
    tmp_path: Path, ask: Callable[[FindocMultiClient], object], call: str, good: HttpResponse, status: int
) -> None:
    """Nothing was created and the session lives, whatever the status: a second later it is asked again (11.3)."""
    limited = reply({"data": {"type": "error", "code": "e-apirl-0004", "description": "max limit"}}, status)
    it = desk(tmp_path, login_reply(), limited, good)
    it.client.connect()
    began = it.clock.monotonic()
    ask(it.client)
    assert it.calls == [LOGIN, call, call]
    assert 1.0 <= it.clock.monotonic() - began <= 1.01


@pytest.mark.parametrize(
    "ask",
    [lambda client: client.place_order("trade", ORDER), lambda client: client.order_book("trade")],
    ids=["place", "book"],
)
def test_call_that_the_limiter_refused_twice_is_left_for_the_next_cycle(
    tmp_path: Path, ask: Callable[[FindocMultiClient], object]
) -> None:
    """Once more, not for ever (behaviour 11.3)."""
    it = desk(tmp_path, login_reply(), LIMITED, LIMITED)
    it.client.connect()
    with pytest.raises(RateLimited):
        ask(it.client)
    assert len(it.calls) == 3


def test_book_after_the_session_died_is_read_with_the_next_one(tmp_path: Path) -> None:
    """A dead session costs one login, not a cycle."""
    it = desk(tmp_path, login_reply(), DEAD_TOKEN, login_reply("second"), book(row()))
    it.client.connect()
    it.clock.advance(10)
    assert [order.order_id for order in it.client.order_book("trade")] == ["1210030180"]


WORDS = {
    "expired": reply(error("e-user-0401", "Session expired"), 400),
    "logged-out": reply(error("", "You have been logged out by another user."), 200),
    "nothing": reply(error("e-app-0001", "Something went wrong"), 500),
    "bad-request": reply(error("e-property-validation-failed", "Bad Request"), 400),
    "bad-request-bare": reply({"type": "error", "code": "e-x", "description": "Bad Request", "result": ""}, 400),
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_saved_session_that_is_refused_in_any_words_is_replaced_at_a_start(tmp_path: Path, words: HttpResponse) -> None:
    """Nobody has to delete a file: one login, whatever the server calls a dead session (behaviour 11.1)."""
    desk(tmp_path, login_reply()).client.connect()
    second = desk(tmp_path, words, login_reply("new"), book())
    second.clock.advance(600)
    second.client.connect()
    assert second.calls == [BOOK, LOGIN]
    second.client.order_book("trade")
    assert second.wires["trade"].requests[-1].headers["Authorization"] == "new"


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_five_refused_books_in_a_row_are_taken_for_a_dead_session(tmp_path: Path, words: HttpResponse) -> None:
    """The fifth is followed by one login, and the book is read in the same cycle (behaviour 11.1)."""
    it = desk(tmp_path, login_reply(), *[words] * 5, login_reply("second"), book(row()))
    it.client.connect()
    it.clock.advance(600)
    for _ in range(4):
        with pytest.raises(ReadRefused, match="trade account"):
            it.client.order_book("trade")
    assert len(it.client.order_book("trade")) == 1
    assert it.calls == [LOGIN, *[BOOK] * 5, LOGIN, BOOK]


@pytest.mark.parametrize(
    ("between", "logins"),
    [
        (book(), 1),
        (reply(error("e-orders-0005", "Data Not Available"), 400), 1),
        (reply("<html>", 502), 2),
        (NoAnswer("timed out"), 2),
    ],
    ids=["book", "empty", "page", "no-answer"],
)
def test_row_of_refused_books_ends_with_a_book_and_not_with_silence(
    tmp_path: Path, between: HttpResponse | Exception, logins: int
) -> None:
    """A book, an empty one too, proves the session; a page and a timeout say nothing of it (behaviour 11.1)."""
    words = WORDS["expired"]
    it = desk(tmp_path, login_reply(), *[words] * 4, between, words, login_reply("second"), book())
    it.client.connect()
    it.clock.advance(600)
    for _ in range(6):
        try:
            it.client.order_book("trade")
        except BrokerUnavailable:
            it.clock.advance(1)
    assert it.calls.count(LOGIN) == logins


def test_refused_books_are_no_dead_session_when_the_limit_spoke_between(tmp_path: Path) -> None:
    """The limiter runs after authentication (xts.md 4.4), so the row begins anew (behaviour 11.1)."""
    words = WORDS["expired"]
    it = desk(tmp_path, login_reply(), *[words] * 4, LIMITED, LIMITED, *[words] * 4)
    it.client.connect()
    for _ in range(9):
        with pytest.raises(BrokerError):
            it.client.order_book("trade")
    assert it.calls.count(LOGIN) == 1


def test_login_after_refused_books_backs_off_and_says_the_servers_words(tmp_path: Path) -> None:
    """A server in trouble all day is not logged in to every five seconds (behaviour 11.1)."""
    words = WORDS["nothing"]
    logins: list[float] = []
    it = desk(tmp_path)

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            logins.append(it.clock.monotonic())
            return login_reply(f"token-{len(logins)}")
        return words

    it.wires["trade"].script = [answer] * 900
    it.client.connect()
    for _ in range(400):
        with pytest.raises(ReadRefused, match="Something went wrong"):
            it.client.order_book("trade")
    pauses = [later - earlier for earlier, later in pairwise(logins)]
    assert all(pause >= due for pause, due in zip(pauses, [2, 4, 8, 16, 32, 60, 60], strict=False))
    assert len(logins) <= 12


@pytest.mark.parametrize("words", [words for words in WORDS.values() if words.status < 500])
@pytest.mark.parametrize("secs", [1.0, 5.0, 600.0])
def test_order_that_a_dead_session_refused_in_any_words_is_placed_with_the_next_one(
    tmp_path: Path, words: HttpResponse, secs: float
) -> None:
    """An account where nothing works reads no book: its first hedge must not be the victim (behaviour 11.1)."""
    it = desk(tmp_path, login_reply(), words, words, login_reply("second"), placed())
    it.client.connect()
    it.clock.advance(max(secs, 2.0))
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.calls == [LOGIN, PLACE, BOOK, LOGIN, PLACE]


def test_dead_session_of_a_cancel_is_replaced_likewise(tmp_path: Path) -> None:
    """Behaviour 11.1: an order that has to go must not stay because nobody knew the words."""
    cancelled = reply(success({"AppOrderID": 1}, description="Cancel sent"))
    it = desk(tmp_path, login_reply(), WORDS["logged-out"], WORDS["logged-out"], login_reply("second"), cancelled)
    it.client.connect()
    it.clock.advance(5)
    it.client.cancel_order("trade", "1210049745", "ab12gd01e1")
    assert it.calls == [LOGIN, CANCEL, BOOK, LOGIN, CANCEL]


def test_session_that_died_within_the_cycle_is_replaced_by_its_next_book(tmp_path: Path) -> None:
    """The refused order is not its own fault yet; one refused book after it is enough for the login (11.1)."""
    words = WORDS["logged-out"]
    it = desk(tmp_path, login_reply(), book(), words, words, words, login_reply("second"), book(), placed())
    it.client.connect()
    it.clock.advance(5)
    it.client.order_book("trade")
    for _ in range(2):
        with pytest.raises(SessionRefused, match=r"logged out.*whether the session lives is asked"):
            it.client.place_order("trade", ORDER)
    it.clock.advance(1)
    assert it.client.order_book("trade") == ()
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.calls == [LOGIN, BOOK, PLACE, PLACE, BOOK, LOGIN, BOOK, PLACE]


def test_refused_order_after_a_refused_book_is_enough_for_the_login(tmp_path: Path) -> None:
    """Whichever comes first, both together are a dead session: no third question (behaviour 11.1)."""
    words = WORDS["logged-out"]
    it = desk(tmp_path, login_reply(), words, words, login_reply("second"), placed())
    it.client.connect()
    it.clock.advance(5)
    with pytest.raises(ReadRefused):
        it.client.order_book("trade")
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.calls == [LOGIN, BOOK, PLACE, LOGIN, PLACE]


def test_old_refusal_of_a_book_proves_nothing(tmp_path: Path) -> None:
    """The book is asked again before anybody logs in (behaviour 11.1)."""
    no = reply(error("e-orders-0009", "price out of range"), 400)
    it = desk(tmp_path, login_reply(), WORDS["nothing"], no, book())
    it.client.connect()
    it.clock.advance(5)
    with pytest.raises(ReadRefused):
        it.client.order_book("trade")
    it.clock.advance(600)
    with pytest.raises(BrokerRefused, match="price out of range"):
        it.client.place_order("trade", ORDER)
    assert it.calls == [LOGIN, BOOK, PLACE, BOOK]


def is_the_orders_own(it: Desk) -> bool:
    """Whether a placement is refused now, for its own sake: the level counts it (behaviour 8)."""
    with pytest.raises(BrokerRefused) as caught:
        it.client.place_order("trade", ORDER)
    return not isinstance(caught.value, SessionRefused)


def test_risk_systems_refusal_is_the_orders_own_and_asks_nothing(tmp_path: Path) -> None:
    """It speaks after the session was let in: a margin that is missing leads to no book and no login (11.1)."""
    no = reply(error("e-orders-0009", "OEMS:RMS : Margin Exceeds"), 400)
    it = desk(tmp_path, login_reply(), no, no)
    it.client.connect()
    assert is_the_orders_own(it)
    it.clock.advance(600)
    assert is_the_orders_own(it)
    assert it.calls == [LOGIN, PLACE, PLACE]


def test_refused_order_of_a_session_that_lives_is_refused(tmp_path: Path) -> None:
    """Other words cost one book where none was read within a second, and never a login (behaviour 8, 11.1)."""
    no = [reply(error("e-orders-0009", f"price {price} out of range"), 400) for price in range(4)]
    it = desk(tmp_path, login_reply(), no[0], book(), no[1], no[2], book(), no[3])
    it.client.connect()
    for pause in (5, 0, 60, 0):
        it.clock.advance(pause)
        assert is_the_orders_own(it)
    assert it.calls == [LOGIN, PLACE, BOOK, PLACE, PLACE, BOOK, PLACE]


def test_words_that_a_living_session_has_used_are_the_orders_own(tmp_path: Path) -> None:
    """The first refusal right after a good answer is left open; the next book, or order, decides it (behaviour 8)."""
    no = reply(error("e-orders-0009", "price out of range"), 400)
    it = desk(tmp_path, login_reply(), book(), no, book(), no, reply(error("", "other words"), 400), placed(), no)
    it.client.connect()
    it.clock.advance(5)
    it.client.order_book("trade")
    assert not is_the_orders_own(it)
    it.clock.advance(1)
    it.client.order_book("trade")
    assert is_the_orders_own(it)
    assert not is_the_orders_own(it)
    it.client.place_order("trade", ORDER)
    assert is_the_orders_own(it)
    assert it.calls.count(LOGIN) == 1


def test_words_of_an_order_that_come_from_a_dead_session_later_are_found_out(tmp_path: Path) -> None:
    """A server that calls both a bad request: the book is asked all the same (behaviour 11.1)."""
    words = WORDS["bad-request-bare"]
    it = desk(tmp_path, login_reply(), words, book(), words, words, login_reply("second"), placed())
    it.client.connect()
    it.clock.advance(5)
    assert is_the_orders_own(it)
    it.clock.advance(5)
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.calls == [LOGIN, PLACE, BOOK, PLACE, BOOK, LOGIN, PLACE]


def test_order_that_the_new_session_refuses_too_is_left_to_the_next_book(tmp_path: Path) -> None:
    """Somebody took the session at once, or it is the order: one login, and nobody is charged yet (11.1)."""
    words = WORDS["logged-out"]
    it = desk(tmp_path, login_reply(), words, words, login_reply("second"), words, words, login_reply("third"), book())
    it.client.connect()
    it.clock.advance(5)
    assert not is_the_orders_own(it)
    assert it.calls == [LOGIN, PLACE, BOOK, LOGIN, PLACE]
    it.clock.advance(4)
    it.client.order_book("trade")
    assert it.calls[5:] == [BOOK, LOGIN, BOOK]


def test_orders_that_a_dead_session_refuses_all_day_make_no_storm_of_logins(tmp_path: Path) -> None:
    """A login kills every other bot of the key: 2, 4, 8 … 60 s lie between two of them (behaviour 11.1)."""
    logins: list[float] = []
    it = desk(tmp_path)

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path.endswith("session"):
            logins.append(it.clock.monotonic())
            return login_reply(f"token-{len(logins)}")
        return WORDS["logged-out"]

    it.wires["trade"].script = [answer] * 9000
    it.client.connect()
    for _ in range(400):
        it.clock.advance(1)
        assert not is_the_orders_own(it)
    pauses = [later - earlier for earlier, later in pairwise(logins)]
    assert all(pause >= due for pause, due in zip(pauses, [2, 4, 8, 16, 32, 60, 60], strict=False))
    assert 6 <= len(logins) <= 12


def test_silent_book_keeps_a_refused_order_no_longer_than_three_seconds(tmp_path: Path) -> None:
    """Behaviour 11.6: and after the second the account is left alone, so that other hedges are placed."""
    it = desk(tmp_path)
    asked: list[float] = []

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return login_reply() if request.path.endswith("session") else WORDS["expired"]
        asked.append(request.within_secs or 0.0)
        it.clock.advance(3)
        raise NoAnswer("timed out")

    it.wires["trade"].script = [answer] * 99
    it.client.connect()
    it.clock.advance(5)
    for _ in range(4):
        assert is_the_orders_own(it)
        it.clock.advance(1)
    assert asked == [3.0, 3.0]


def test_refused_order_adopts_the_session_that_another_bot_has_made(tmp_path: Path) -> None:
    """The file holds a newer one: no login, no book (behaviour 11.1)."""
    it = desk(tmp_path, login_reply(), WORDS["expired"], placed())
    it.client.connect()
    other = desk(tmp_path, DEAD_TOKEN, login_reply("of-the-other"), book())
    other.clock.advance(600)
    other.client.connect()
    it.clock.advance(700)
    assert it.client.place_order("trade", ORDER) == "1210049745"
    assert it.wires["trade"].requests[-1].headers["Authorization"] == "of-the-other"


@pytest.mark.parametrize("trouble", [NoAnswer("timed out"), reply("<html>", 502)], ids=["silence", "page"])
def test_refused_order_stays_refused_when_nothing_is_known_of_the_session(
    tmp_path: Path, trouble: HttpResponse | Exception
) -> None:
    """Its own words are what the level counts (behaviour 8)."""
    it = desk(tmp_path, login_reply(), WORDS["expired"], trouble)
    it.client.connect()
    it.clock.advance(61)
    with pytest.raises(BrokerRefused, match="Session expired"):
        it.client.place_order("trade", ORDER)
    assert it.calls == [LOGIN, PLACE, BOOK]


def test_refused_order_waits_for_no_login_that_backs_off(tmp_path: Path) -> None:
    """It is the session's fault, which nobody is charged with; the next try meets the next session (11.1)."""
    it = desk(tmp_path, login_reply())
    it.client.connect()
    another = desk(tmp_path, WORDS["expired"], WORDS["expired"])
    another.clock.advance(1)
    another.client.trade_session._connection.adopt_newer()
    with pytest.raises(SessionRefused, match=r"Session expired.*book.*the next login may be tried in 1 s"):
        another.client.place_order("trade", ORDER)
    assert another.calls == [PLACE, BOOK]


def test_refused_books_adopt_the_session_that_another_bot_has_made(tmp_path: Path) -> None:
    """Ten bots that meet a dead session make one login between them (behaviour 11.1)."""
    words = WORDS["expired"]
    it = desk(tmp_path, login_reply(), *[words] * 5, book())
    it.client.connect()
    other = desk(tmp_path, DEAD_TOKEN, login_reply("of-the-other"), book())
    other.clock.advance(600)
    other.client.connect()
    it.clock.advance(700)
    for _ in range(4):
        with pytest.raises(ReadRefused):
            it.client.order_book("trade")
    it.client.order_book("trade")
    assert it.calls.count(LOGIN) == 1
    assert it.wires["trade"].requests[-1].headers["Authorization"] == "of-the-other"


@pytest.mark.parametrize(("emergency", "patience_secs"), [(False, 30.0), (True, 5.0)], ids=["start", "cancel-all"])
def test_login_of_another_process_is_waited_for_with_a_bound(
    tmp_path: Path, *, emergency: bool, patience_secs: float
) -> None:
    """30 s, and 5 s for an emergency stop: a process that hangs in a login blocks nobody (behaviour 11.1)."""
    it = desk(tmp_path)
    folder = tmp_path / "sessions"
    lock = OsSharedFolder(folder).file(f"{it.store.path_of(CREDENTIALS, ROOT).stem}.lock")
    assert lock.try_lock()
    began = it.clock.monotonic()
    if emergency:
        assert isinstance(it.client.connect_all()["trade"], BrokerUnavailable)
    else:
        with pytest.raises(BrokerUnavailable, match="trade account: another process has been logging in for 30 s"):
            it.client.connect()
    assert it.clock.monotonic() - began == pytest.approx(patience_secs, abs=0.1)
    assert it.calls == []


def test_book_that_another_bot_of_the_key_has_just_read_is_not_asked_for_again(tmp_path: Path) -> None:
    """One reader serves all bots of an app key (behaviour 11.3)."""
    first = desk(tmp_path, login_reply(), book(row(CumulativeQuantity=40)))
    second = desk(tmp_path, placed())
    began = first.clock.monotonic()
    first.client.connect()
    orders = first.client.order_book("trade")
    assert second.client.order_book("trade", since=began - 1.0) == orders
    assert second.calls == []
    second.client.place_order("trade", ORDER)
    assert second.calls == [PLACE], "and with the same session"


def test_orders_of_all_bots_of_a_key_share_its_limit(tmp_path: Path) -> None:
    """Eight a second for the key, not for each process (behaviour 11.3)."""
    first = desk(tmp_path, login_reply(), *[placed()] * 5)
    second = desk(tmp_path, *[placed()] * 4)
    second.clock.mono = began = first.clock.monotonic()
    for _ in range(5):
        first.client.place_order("trade", ORDER)
    for _ in range(4):
        second.client.place_order("trade", ORDER)
    assert first.clock.monotonic() == began
    assert second.clock.monotonic() - began == 1.0


def test_files_that_bots_share_hold_no_secret_and_name_no_key(tmp_path: Path) -> None:
    """A server may echo token and key anywhere; only the session file holds the token, all are private (11.3, 16)."""
    echo = f"{TOKEN} {CREDENTIALS.key.upper()} {CREDENTIALS.secret}"
    it = desk(tmp_path, login_reply(), book(row(CancelRejectReason=echo, TradingSymbol=echo, LoginID=echo)), placed())
    it.client.order_book("trade")
    it.client.place_order("trade", ORDER)
    files = [path for path in (tmp_path / "sessions").iterdir() if path.suffix != ".json"]
    assert {path.suffix for path in files} == {".lock", ".book", ".calls"}
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        written = f"{path.name} {path.read_text()}"
        for secret in (TOKEN, CREDENTIALS.key, CREDENTIALS.key.upper(), CREDENTIALS.secret):
            assert secret not in written


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
