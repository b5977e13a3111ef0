"""The control API under `/paper/`: tests set prices, quirks and faults, act as the market, and read the truth.

| request | body | effect or answer |
|---|---|---|
| GET /paper/truth | | prices, accounts, orders, positions, holdings, counters |
| POST /paper/price | symbol, price | sets the last price and matches |
| GET, POST /paper/quirks | fields to change | the quirks |
| GET, POST, DELETE /paper/faults | one fault or a list | what is armed, with counts |
| POST /paper/account | name, app_key, secret (, clients) | opens an account, or a dealer's login with client codes |
| POST /paper/foreign_order | account, symbol, side, quantity, price (, product, client_id) | an order by another hand |
| POST /paper/broker_cancel | app_order_id (, reason) | the broker cancels |
| POST /paper/fill | app_order_id, quantity, price | a fill whatever the market says |
| POST /paper/square_off | account | the broker's MIS cut-off |
| POST /paper/kill_token | account | the session dies |
| POST /paper/reject_next | account, reason | RMS rejects the next order |
| POST /paper/holdings | account, symbol, quantity | shares in the demat account |
| POST /paper/halt | secs, reason | every new order and modification is rejected for so many seconds |
| POST /paper/margin | account, rupees or null | the margin limit |
| POST /paper/kite_login | api_key, api_secret | a request token, as after a login in the browser |
| POST /paper/kite_token | api_key, access_token | the key's token of the day: every other one is refused with 403 |
| POST /paper/expire_day, /paper/cancel_stops | | what the exchange does at the close |
| POST /paper/ticker | action | drop, reset, close, malformed, or text (with `text`) on every websocket |

An account is given by its name or, with `app_key`, by the key that opened it. Prices and rupees in answers are text.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tg1.paper.errors import PaperError, PaperUsageError
from tg1.paper.faults import Fault, FaultPlan
from tg1.paper.kite_sessions import KiteSessions
from tg1.paper.orders import PaperOrder, PaperSide
from tg1.paper.tape import Tape
from tg1.paper.wire import BAD_REQUEST, WireReply, WireRequest, json_reply, loads
from tg1.paper.xts_app import XtsApp

TickerAction = Callable[[str, str], None]
"""Does (action, text) to every open websocket; raises PaperUsageError for an unknown action."""
TICKER_ACTIONS = ("drop", "reset", "close", "malformed", "text")


def order_truth(order: PaperOrder) -> dict[str, Any]:
    """Return everything about an order as JSON values."""
    average = order.average_price
    return {
        "app_order_id": order.app_order_id,
        "account": order.account,
        "client_id": order.client_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.terms.order_type.value,
        "product": order.terms.product,
        "quantity": order.quantity,
        "limit_price": f"{order.terms.limit_price:f}",
        "stop_price": f"{order.terms.stop_price:f}",
        "status": order.status.value,
        "cumulative": order.cumulative,
        "average_price": None if average is None else f"{average:f}",
        "executions": [{"quantity": each.quantity, "price": f"{each.price:f}"} for each in order.executions],
        "reason": order.reason,
        "generated_by": order.generated_by,
        "triggered": order.triggered,
        "placed_at": order.placed_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


class ControlApp:
    """Carries out control requests; a wrong one is answered with 400 and a sentence."""

    def __init__(self, xts: XtsApp, kite: KiteSessions, faults: FaultPlan, tape: Tape) -> None:
        self._xts = xts
        self._kite = kite
        self._tape = tape
        self._exchange = xts.exchange
        self._faults = faults
        self.ticker: TickerAction | None = None
        self._gets: Mapping[str, Callable[[], Any]] = {
            "truth": self._truth,
            "quirks": lambda: self._exchange.quirks.to_json(),  # noqa: PLW0108 - the quirks are replaced
            "faults": faults.state,
        }
        self._posts = self._deeds()

    def handle(self, request: WireRequest, now: datetime) -> WireReply:
        """Answer one control request."""
        what = request.path.removeprefix("/paper/")
        try:
            return json_reply({"ok": True, "result": self._act(request, what, now)})
        except PaperError as exc:
            return json_reply({"ok": False, "error": str(exc)}, BAD_REQUEST)
        except KeyError as exc:
            return json_reply({"ok": False, "error": f"missing or unknown: {exc}"}, BAD_REQUEST)

    def _deeds(self) -> Mapping[str, Callable[[dict[str, Any], datetime], Any]]:
        return {
            "price": self._price,
            "quirks": self._quirks,
            "account": self._account,
            "foreign_order": self._foreign_order,
            "broker_cancel": self._broker_cancel,
            "fill": self._fill,
            "square_off": lambda body, now: self._exchange.square_off(self._name(body), now),
            "kill_token": lambda body, _: self._exchange.accounts.kill(self._name(body)),
            "reject_next": lambda body, _: self._exchange.reject_next(self._name(body), str(body["reason"])),
            "holdings": self._holdings,
            "margin": self._margin,
            "halt": self._halt,
            "kite_login": lambda body, now: self._kite.allow_login(
                str(body["api_key"]), str(body["api_secret"]), now=now
            ),
            "kite_token": lambda body, now: self._kite.declare(str(body["api_key"]), str(body["access_token"]), now),
            "expire_day": lambda _, now: self._exchange.expire_day(now),
            "cancel_stops": lambda _, now: self._exchange.cancel_stops(now),
            "ticker": self._ticker,
        }

    def _act(self, request: WireRequest, what: str, now: datetime) -> Any:
        self._exchange.step(now)
        if request.method == "GET":
            return self._gets[what]()
        if what == "faults":
            return self._set_faults(request)
        body = loads(request.body or b"{}")
        if not isinstance(body, dict):
            raise PaperUsageError("the body is no JSON object")
        return self._posts[what](body, now)

    def _truth(self) -> dict[str, Any]:
        exchange = self._exchange
        return {
            "prices": {symbol: f"{price:f}" for symbol, price in exchange.prices.items()},
            "accounts": list(exchange.accounts.by_name),
            "orders": [order_truth(order) for order in exchange.orders.values()],
            "positions": [
                {"account": account, "symbol": symbol, "product": product, "net": position.net}
                | {"bought": position.buy_quantity, "sold": position.sell_quantity}
                | {"buy_value": f"{position.buy_value:f}", "sell_value": f"{position.sell_value:f}"}
                for (account, symbol, product), position in exchange.ledger.total.items()
            ],
            "holdings": [
                {"account": account, "symbol": symbol, "quantity": quantity}
                for (account, symbol), quantity in exchange.ledger.holdings.items()
            ],
            "counters": [
                {"account": account, "method": method, "path": path, "count": count}
                for (account, method, path), count in self._xts.counters.items()
            ],
        }

    def _set_faults(self, request: WireRequest) -> Any:
        if request.method == "DELETE":
            self._faults.clear()
        else:
            body = loads(request.body)
            given = body if isinstance(body, list) else [body]
            if not all(isinstance(each, dict) for each in given):
                raise PaperUsageError("a fault is a JSON object")
            self._faults.add(*[Fault.from_json(each) for each in given])
        return self._faults.state()

    def _price(self, body: dict[str, Any], now: datetime) -> int:
        symbol, price = self._symbol(body), _decimal(body["price"])
        self._tape.record(symbol, price, now)
        return len(self._exchange.on_price(symbol, price, now))

    def _quirks(self, body: dict[str, Any], _now: datetime) -> dict[str, Any]:
        plain = {name: float(value) if isinstance(value, Decimal) else value for name, value in body.items()}
        self._exchange.quirks = self._exchange.quirks.updated(plain)
        return self._exchange.quirks.to_json()

    def _account(self, body: dict[str, Any], _now: datetime) -> str:
        accounts = self._exchange.accounts
        clients = [str(each) for each in body.get("clients", [])]
        return accounts.declare(str(body["name"]), str(body["app_key"]), str(body["secret"]), clients).name

    def _foreign_order(self, body: dict[str, Any], now: datetime) -> int:
        return self._exchange.foreign_order(
            self._name(body),
            symbol=self._symbol(body),
            side=PaperSide(str(body["side"])),
            quantity=int(body["quantity"]),
            price=_decimal(body["price"]),
            now=now,
            product=str(body.get("product", "MIS")),
            client_id=str(body.get("client_id", "")),
        )

    def _broker_cancel(self, body: dict[str, Any], now: datetime) -> None:
        reason = str(body.get("reason", "OEMS:RMS : Cancelled by admin"))
        self._exchange.broker_cancel(int(body["app_order_id"]), now, reason)

    def _fill(self, body: dict[str, Any], now: datetime) -> None:
        self._exchange.fill(int(body["app_order_id"]), int(body["quantity"]), _decimal(body["price"]), now)

    def _holdings(self, body: dict[str, Any], _now: datetime) -> None:
        self._exchange.set_holdings(self._name(body), self._symbol(body), int(body["quantity"]))

    def _margin(self, body: dict[str, Any], _now: datetime) -> None:
        rupees = body["rupees"]
        self._exchange.set_margin(self._name(body), None if rupees is None else _decimal(rupees))

    def _halt(self, body: dict[str, Any], now: datetime) -> None:
        secs = _decimal(body["secs"])
        self._exchange.halt(str(body["reason"]), now + timedelta(seconds=float(secs)))

    def _ticker(self, body: dict[str, Any], _now: datetime) -> None:
        if self.ticker is None or body["action"] not in TICKER_ACTIONS:
            raise PaperUsageError(f"the ticker knows only {', '.join(TICKER_ACTIONS)}, and only over a real websocket")
        self.ticker(str(body["action"]), str(body.get("text", "")))

    def _name(self, body: dict[str, Any]) -> str:
        if "app_key" in body:
            return self._exchange.accounts.name_of_key(str(body["app_key"]))
        return self._exchange.accounts.by_name[str(body["account"])].name

    def _symbol(self, body: dict[str, Any]) -> str:
        return self._exchange.instruments[str(body["symbol"])].symbol


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as exc:
        raise PaperUsageError("a price must be a number") from exc
    if not number.is_finite() or number <= 0:
        raise PaperUsageError("a price must be above zero")
    return number
