"""The real client over real HTTP against the paper exchange: what it says of an order is what became of it."""

from __future__ import annotations

import csv
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.paper_server import serving_in_thread
from tests.support.patience import PATIENCE_SECS
from tests.support.xts_doubles import CREDENTIALS, ORDER
from tg1.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    ClientNotNamed,
    RateLimited,
    SessionRefused,
)
from tg1.findoc_client import FindocMultiClient
from tg1.kite.instruments import parse_rows
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.paper.build import Paper, PaperSettings, build
from tg1.paper.faults import Fault, FaultKind
from tg1.paper.quirks import Quirks
from tg1.xts.sessions import SessionStore
from tg1.xts.transport import RequestsTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.models import Instrument
    from tg1.xts.http import HttpRequest, HttpResponse

DUMP = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,"
    "segment,exchange\n519425,2029,IRFC,IRFC,0,,0,0.01,1,EQ,NSE,NSE\n"
)


class _Dump:
    def load(self) -> None:
        self.known = parse_rows(csv.DictReader(DUMP.splitlines()), "NSE")

    def find(self, symbol: str) -> Instrument:
        return self.known[symbol]


class _Via:
    """The way to the exchange that is taken at the time."""

    def __init__(self, setup: _Setup) -> None:
        self._setup = setup

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._setup.transport.send(request)

    def close(self) -> None:
        self._setup.transport.close()


class _Setup:
    """A paper exchange on a port, and a client of it."""

    def __init__(self, paper: Paper, root: str, folder: Path) -> None:
        self.paper, self.root, self.folder = paper, root, folder
        self.transport = self.transport_within(PATIENCE_SECS)
        self.client = self.another()

    def transport_within(self, secs: float) -> RequestsTransport:
        """A way to the exchange that waits so long for an answer."""
        return RequestsTransport(self.root, clock=SystemClock(), read_timeout_secs=secs, total_timeout_secs=secs)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """The client gives up what it sends meanwhile within a moment: an answer is not to be expected."""
        patient, self.transport = self.transport, self.transport_within(0.3)
        try:
            yield
        finally:
            self.transport.close()
            self.transport = patient

    def another(self, client: str = "") -> FindocMultiClient:
        """A client as a bot's next process has it, for one of a dealer's clients."""
        return FindocMultiClient(
            trade=replace(CREDENTIALS, client=client),
            root=self.root,
            product_type="MIS",
            instruments=_Dump(),
            transport_factory=lambda _account: _Via(self),
            store=SessionStore(fs=OsFileSystem(), folder=self.folder, shared=OsSharedFolder(self.folder)),
            clock=SystemClock(),
        )

    def trade_at(self, price: str) -> None:
        """Somebody trades IRFC at that price."""
        said = requests.post(f"{self.root}/paper/price", json={"symbol": "IRFC", "price": price}, timeout=PATIENCE_SECS)
        said.raise_for_status()

    @property
    def posts(self) -> int:
        """How many placements reached the server."""
        counters = self.paper.xts.counters.items()
        return sum(times for (_, *route), times in counters if route == ["POST", "/interactive/orders"])

    def exists(self) -> bool:
        """The exchange's own truth about the order."""
        return any(order.client_id == ORDER.client_id for order in self.client.order_book("trade"))


@pytest.fixture
def quirks(request: pytest.FixtureRequest) -> Quirks:
    """The server's habits; plain unless a test is given others."""
    return Quirks(**getattr(request, "param", {}))


@pytest.fixture
def setup(tmp_path: Path, quirks: Quirks) -> Iterator[_Setup]:
    """Everything up and logged in."""
    paper = build(PaperSettings(manual_prices=True, quirks=quirks))
    with serving_in_thread(paper) as roots:
        made = _Setup(paper, roots.xts_root, tmp_path / "sessions")
        made.client.connect()
        yield made
        made.transport.close()


FAULTS: list[tuple[Fault, type[BrokerError] | None]] = [
    (Fault(kind=FaultKind.TIMEOUT), BrokerUnknown),
    (Fault(kind=FaultKind.TIMEOUT, when="after"), BrokerUnknown),
    (Fault(kind=FaultKind.RESET), BrokerUnknown),
    (Fault(kind=FaultKind.RESET, when="after"), BrokerUnknown),
    (Fault(kind=FaultKind.HTML), BrokerUnknown),
    (Fault(kind=FaultKind.HTML, when="after"), BrokerUnknown),
    (Fault(kind=FaultKind.JSON_ERROR, status=500), BrokerUnknown),
    (Fault(kind=FaultKind.JSON_ERROR, status=500, when="after"), BrokerUnknown),
    # So soon after the login nobody knows yet whether the session or the order was meant (behaviour 11.1).
    (Fault(kind=FaultKind.JSON_ERROR, status=400), SessionRefused),
    (Fault(kind=FaultKind.GARBAGE, when="after"), BrokerUnknown),
    (Fault(kind=FaultKind.TRUNCATED), BrokerUnknown),
    (Fault(kind=FaultKind.CONTENT_TYPE), None),
    (Fault(kind=FaultKind.NO_ORDER_ID), BrokerUnknown),
    (Fault(kind=FaultKind.NO_IDENTIFIER), None),
    (Fault(kind=FaultKind.RATE_FLAT), None),
    (Fault(kind=FaultKind.RATE_NESTED), None),
    (Fault(kind=FaultKind.RATE_FLAT, times=2), RateLimited),
    (Fault(kind=FaultKind.DEAD_TOKEN), None),
    (Fault(kind=FaultKind.DEAD_TOKEN, status=200), None),
]


@pytest.mark.parametrize(
    ("fault", "kind"), FAULTS, ids=[f"{fault.kind}-{fault.when}-{fault.status}" for fault, _ in FAULTS]
)
def test_client_says_of_an_order_only_what_is_true(setup: _Setup, fault: Fault, kind: type[BrokerError] | None) -> None:
    """Refused means that there is no order, an id that there is one, and unknown is never repeated (behaviour 3.3)."""
    setup.paper.xts.faults.add(replace(fault, method="POST", path="/interactive/orders"))
    if fault.kind is FaultKind.DEAD_TOKEN:
        # A session this young is not replaced before its back-off of 2 s is over.
        with pytest.raises(BrokerRefused):
            setup.client.place_order("trade", ORDER)
        assert not setup.exists()
    elif kind is None:
        assert setup.client.place_order("trade", ORDER).isdigit()
        assert setup.exists()
    else:
        silent = setup.hurried() if fault.kind is FaultKind.TIMEOUT else nullcontext()
        with silent, pytest.raises(BrokerError) as caught:
            setup.client.place_order("trade", ORDER)
        assert type(caught.value) is kind
        assert not (issubclass(kind, BrokerRefused | BrokerUnavailable) and setup.exists())
    # What the limiter refused is tried once more (behaviour 11.3).
    assert setup.posts == 1 + (fault.kind in (FaultKind.RATE_FLAT, FaultKind.RATE_NESTED))


@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"numbers_as_strings": True, "order_id_as": "str", "side_case": "title"},
        {"fresh_numbers": "empty", "big_order_ids": True, "cancel_result": "dict"},
        {"fresh_numbers": "nan", "cancel_result": "null", "junk_rows": 3, "iso_times": True},
        {"reply_has_identifier": False, "cancel_result": "empty", "newest_first": True},
    ],
    indirect=True,
    ids=["plain", "strings", "blank", "nan", "sparse"],
)
def test_order_lives_and_is_cancelled_in_every_dialect(setup: _Setup) -> None:
    """Placed, found by id and identifier, cancelled, seen cancelled: whatever the server's habits (xts.md 10)."""
    order_id = setup.client.place_order("trade", ORDER)
    (order,) = setup.client.order_book("trade")
    assert (order.order_id, order.client_id) == (order_id, ORDER.client_id)
    assert not order.status.is_final
    setup.client.cancel_order("trade", order_id, ORDER.client_id)
    (order,) = setup.client.order_book("trade")
    assert (order.status, order.filled_quantity, order.quantity) == ("cancelled", 0, 100)
    with pytest.raises(BrokerRefused):
        setup.client.cancel_order("trade", order_id, ORDER.client_id)


@pytest.mark.parametrize(
    "quirks",
    [{"empty_book": shape} for shape in ("list", "null", "error")],
    indirect=True,
    ids=["list", "null", "error"],
)
def test_empty_book_is_read_in_every_dialect(setup: _Setup) -> None:
    """`[]`, null and e-orders-0005 (xts.md 4.5)."""
    assert setup.client.order_book("trade") == ()


@pytest.mark.parametrize(
    "quirks",
    [{}, {"positions_shape": "list", "empty_book": "error", "numbers_as_strings": True}, {"empty_book": "null"}],
    indirect=True,
    ids=["plain", "bare", "null"],
)
def test_fill_is_seen_in_history_trades_and_positions(setup: _Setup) -> None:
    """What an order became, at which price it traded and what is held now (behaviour 4.4, 13)."""
    client = setup.client
    assert (client.positions("trade"), client.trades("trade")) == ((), ())
    assert client.order_history("trade", "9") is None
    order_id = client.place_order("trade", ORDER)
    setup.trade_at("49.20")
    order = client.order_history("trade", order_id)
    assert order is not None
    assert (order.order_id, order.status, order.filled_quantity) == (order_id, "filled", 100)
    (trade,) = client.trades("trade")
    assert (trade.order_id, trade.segment, trade.instrument_id) == (order_id, "NSECM", 2029)
    assert (trade.quantity, trade.price) == (100, order.average_price)
    (position,) = client.positions("trade")
    assert (position.symbol, position.instrument_id, position.quantity) == ("IRFC", 2029, 100)
    assert (position.product_type, position.buy_average) == ("MIS", order.average_price)


@pytest.mark.parametrize(
    "quirks",
    [{"dealer_clients": ("AB12",)}, {"dealer_clients": ("*****",)}],
    indirect=True,
    ids=["dealer", "pro"],
)
def test_dealer_with_one_client_and_a_pro_login_need_no_flag(setup: _Setup) -> None:
    """The one code goes with every call, and ***** with none, which servers would refuse (behaviour 11.5)."""
    client = setup.client
    order_id = client.place_order("trade", ORDER)
    assert [order.order_id for order in client.order_book("trade")] == [order_id]
    assert client.order_history("trade", order_id) is not None
    assert (client.positions("trade"), client.trades("trade")) == ((), ())
    client.balance("trade")
    client.cancel_order("trade", order_id, ORDER.client_id)


@pytest.fixture
def dealers(tmp_path: Path) -> Iterator[_Setup]:
    """A dealer's login with two clients, used for one of them."""
    paper = build(PaperSettings(manual_prices=True, quirks=Quirks(dealer_clients=("AB12", "BX02"))))
    with serving_in_thread(paper) as roots:
        made = _Setup(paper, roots.xts_root, tmp_path / "sessions")
        yield made
        made.transport.close()


def test_dealer_with_two_clients_trades_for_the_one_that_is_named(dealers: _Setup) -> None:
    """Books and positions are the named client's (behaviour 11.5); without a name there is no order at all."""
    with pytest.raises(ClientNotNamed, match="AB12, BX02: say with --trade-client"):
        dealers.client.connect()
    first, second = dealers.another("BX02"), dealers.another("ab12")
    first.connect()
    order_id = first.place_order("trade", ORDER)
    second.connect()
    assert [order.order_id for order in first.order_book("trade")] == [order_id]
    assert second.order_book("trade") == ()
    assert [order.client_id for order in dealers.paper.exchange.working_orders("BX02")] == [ORDER.client_id]


@pytest.mark.parametrize(
    "quirks",
    [
        {"dead_session_text": "Session expired", "dead_session_code": "e-user-0401"},
        {
            "dead_session_text": "You have been logged out by another user.",
            "dead_session_code": "",
            "dead_session_status": 200,
        },
    ],
    indirect=True,
    ids=["expired", "logged-out"],
)
def test_next_start_replaces_a_session_that_died_in_words_of_its_own(setup: _Setup) -> None:
    """One login instead of a refused start (behaviour 11.1)."""
    requests.post(
        f"{setup.root}/paper/kill_token", json={"app_key": CREDENTIALS.key}, timeout=PATIENCE_SECS
    ).raise_for_status()
    again = setup.another()
    with pytest.raises(BrokerError):
        setup.client.order_book("trade")
    again.connect()
    assert again.order_book("trade") == ()


def test_balance_of_the_paper_account_is_read(setup: _Setup) -> None:
    """Without a margin limit the paper exchange prints "NaN", which is no number (xts.md 2.11)."""
    assert setup.client.balance("trade").margin_available is None
