"""A desk for tests: one account on an in-process paper exchange, with a clock that is moved by hand."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import Fault
from tg1.paper.instruments import built_in
from tg1.paper.orders import IST, PaperOrder, PaperSide
from tg1.paper.quirks import Quirks
from tg1.paper.register import Listener
from tg1.paper.tape import Tape
from tg1.paper.wire import WireReply, WireRequest, dumps
from tg1.paper.xts_app import RequestLog, XtsApp

START = datetime(2026, 11, 20, 10, 0, tzinfo=IST)
IRFC, SBIN = 2029, 3045
_SETTLED_SECS = 1.0
_DESK_SECRET = "desk-secret"


def place_body(side: str = "BUY", price: str = "49.00", quantity: int = 100, **changes: Any) -> dict[str, Any]:
    """Return a valid place body (xts.md 1.5): a MIS LIMIT order for IRFC; `stopPrice` above 0 makes it a STOPLIMIT."""
    body = {
        "exchangeSegment": "NSECM",
        "exchangeInstrumentID": IRFC,
        "productType": "MIS",
        "orderType": "STOPLIMIT" if Decimal(changes.get("stopPrice", "0")) else "LIMIT",
        "orderSide": side,
        "timeInForce": "DAY",
        "disclosedQuantity": 0,
        "orderQuantity": quantity,
        "limitPrice": Decimal(price),
        "stopPrice": Decimal(0),
        "orderUniqueIdentifier": "T1L1E1",
    }
    return body | changes


class Desk:
    """A logged-in account; requests go through `XtsApp.handle`, prices and seconds come from the test."""

    def __init__(
        self, *, quirks: Quirks | None = None, listener: Listener | None = None, journal: RequestLog | None = None
    ) -> None:
        self.now = START
        self.exchange = PaperExchange(built_in(), quirks=quirks, listener=listener)
        self.app = XtsApp(self.exchange, journal=journal)
        self.tape = Tape()
        self.price("IRFC", "50.00")
        self.price("SBIN", "120.50")
        self.token = ""
        self.account = self.login()

    def login(self, app_key: str = "desk-key", secret: str = _DESK_SECRET) -> str:
        """Log in over the wire, keep the token and return the account's name."""
        reply = self.send("POST", "user/session", body={"appKey": app_key, "secretKey": secret, "source": "WEBAPI"})
        result = json.loads(reply.body)["result"]
        self.token = result["token"]
        return str(result["userID"])

    def send(self, method: str, path: str, *, body: Any = None, **query: str) -> WireReply:
        """Return the raw reply to one request under `/interactive/`."""
        request = WireRequest(
            method=method,
            path=f"/interactive/{path}",
            query=query,
            raw_query=urlencode(query),
            headers={"authorization": self.token, "content-type": "application/json"},
            body=b"" if body is None else dumps(body),
        )
        return self.app.handle(request, self.now)

    def ask(self, method: str, path: str, *, body: Any = None, **query: str) -> Any:
        """Return the decoded JSON of one request's answer."""
        return json.loads(self.send(method, path, body=body, **query).body)

    def place(self, *args: Any, **changes: Any) -> int:
        """Place an order over the wire and return its AppOrderID."""
        return int(self.ask("POST", "orders", body=place_body(*args, **changes))["result"]["AppOrderID"])

    def placed(self, *args: Any, **changes: Any) -> PaperOrder:
        """Place an order, let the exchange answer, and return it as it then is."""
        app_order_id = self.place(*args, **changes)
        self.wait()
        return self.exchange.orders[app_order_id]

    def cancel(self, app_order_id: int) -> WireReply:
        """Ask for a cancel."""
        return self.send("DELETE", "orders", appOrderID=str(app_order_id))

    def by_hand(self, side: PaperSide = PaperSide.BUY, price: str = "49.00", quantity: int = 1, **more: Any) -> int:
        """Place an order for IRFC as a person at a terminal would, and return its AppOrderID."""
        return self.exchange.foreign_order(
            self.account, symbol="IRFC", side=side, quantity=quantity, price=Decimal(price), now=self.now, **more
        )

    def book(self) -> Any:
        """Return the rows of the order book."""
        return self.ask("GET", "orders")["result"]

    def price(self, symbol: str, rupees: str) -> None:
        """Set a last price."""
        self.tape.record(symbol, Decimal(rupees), self.now)
        self.exchange.on_price(symbol, Decimal(rupees), self.now)

    def wait(self, secs: float = _SETTLED_SECS) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=secs)
        self.exchange.step(self.now)

    def fault(self, **fields: Any) -> None:
        """Arm a fault given by its fields."""
        self.app.faults.add(Fault.from_json(fields))

    def quirk(self, **changes: Any) -> None:
        """Change standing quirks."""
        self.exchange.quirks = self.exchange.quirks.updated(changes)
