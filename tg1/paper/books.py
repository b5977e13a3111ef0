"""The read routes of the XTS API: order book, history, trades, positions, holdings, status (xts.md 2.6 to 2.12)."""

from collections.abc import Sequence

from tg1.paper.accounts import Account
from tg1.paper.envelope import Call, failure, no_rows, success
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultKind
from tg1.paper.orders import PaperOrder
from tg1.paper.rows import holdings_result, order_row, position_row, trade_row
from tg1.paper.validation import read_order_id
from tg1.paper.wire import WireReply, dumps

_BOOK_HEAD = b'{"type":"success","code":"s-user-0001","description":"Success order book","result":['


class Books:
    """Answers what the exchange knows; keeps every row rendered until its order changes."""

    def __init__(self, exchange: PaperExchange) -> None:
        self._exchange = exchange
        self._rows: dict[int, tuple[PaperOrder, bytes]] = {}
        self._bodies: dict[str, tuple[int, bytes]] = {}
        self._served: dict[str, WireReply] = {}
        self._rendered_for = exchange.quirks

    def orders(self, call: Call) -> WireReply:
        """GET /orders: the day's book, or the history of one order."""
        if "appOrderID" in call.request.query:
            return self._history(call)
        kinds = {fault.kind for fault in call.faults}
        if FaultKind.STALE_BOOK in kinds and call.account.name in self._served:
            return self._served[call.account.name]
        reply = self._nothing() if FaultKind.EMPTY_BOOK in kinds else self._book(call)
        self._served[call.account.name] = reply
        return reply

    def trades(self, call: Call) -> WireReply:
        """GET /orders/trades: one row for each execution of the day."""
        quirks = self._exchange.quirks
        rows = [
            trade_row(order, execution, quirks)
            for order in self._exchange.book(call.account.name, call.now)
            for execution in order.executions
        ]
        if not rows:
            return no_rows(quirks.empty_book, "e-tradebook-0005", "s-orders-0001", "Success trade book")
        return success("s-orders-0001", "Success trade book", rows)

    def positions(self, call: Call) -> WireReply:
        """GET /portfolio/positions: the day's, `dayOrNet` being mandatory (xts.md 1.4)."""
        if call.request.query.get("dayOrNet") not in ("NetWise", "DayWise"):
            return failure("e-property-validation-failed", "Bad Request")
        exchange = self._exchange
        rows = [
            position_row(key, position, exchange.instruments[key[1]].exchange_token, exchange.prices.get(key[1]))
            for key, position in exchange.ledger.today_of(call.account.name).items()
        ]
        quirks = exchange.quirks
        if not rows:
            return no_rows(quirks.empty_book, "e-portfolio-0005", "s-portfolio-0001", "Success position")
        bare = quirks.positions_shape == "list"
        return success("s-portfolio-0001", "Success position", rows if bare else {"positionList": rows})

    def holdings(self, call: Call) -> WireReply:
        """GET /portfolio/holdings, keyed by ISIN."""
        exchange = self._exchange
        shares = {
            symbol: (exchange.instruments[symbol].exchange_token, quantity)
            for (owner, symbol), quantity in exchange.ledger.holdings.items()
            if owner == call.account.name and quantity
        }
        if not shares:
            return no_rows(exchange.quirks.empty_book, "e-holdings-0005", "s-portfolio-0013", "Success holding")
        return success("s-portfolio-0013", "Success holding", holdings_result(call.account.name, shares))

    def status(self, _call: Call) -> WireReply:
        """GET /status/exchange: the normal session, whatever the hour."""
        market = {"exchangeSegment": "NSECM", "exchangeMarketType": "Normal", "exchangeTradingSession": 2}
        return success("s-status-0001", "Success", {"marketStatus": [market]})

    def _history(self, call: Call) -> WireReply:
        number = read_order_id(call.request.query["appOrderID"])
        orders = self._exchange.order_history(call.account.name, number, call.now)
        return success("s-orders-0001", "Success order history", [order_row(o, self._exchange.quirks) for o in orders])

    def _book(self, call: Call) -> WireReply:
        self._forget_other_quirks()
        account, exchange = call.account, self._exchange
        # an order that is still hidden shows up by the passing of time alone, so such a body is never kept
        may_keep = exchange.visibility.is_complete
        kept = self._bodies.get(account.name)
        if may_keep and kept is not None and kept[0] == account.version:
            return WireReply(body=kept[1])
        rows = self._rendered(exchange.book(account.name, call.now))
        if not rows:
            return self._nothing()
        body = _BOOK_HEAD + b",".join(rows) + b"]}"
        if may_keep:
            self._bodies[account.name] = (account.version, body)
        return WireReply(body=body)

    def _rendered(self, orders: Sequence[PaperOrder]) -> list[bytes]:
        quirks = self._exchange.quirks
        rows = [b'"junk"'] * quirks.junk_rows + [self._row(order) for order in orders]
        if quirks.newest_first:
            rows.reverse()
        return rows

    def _row(self, order: PaperOrder) -> bytes:
        kept = self._rows.get(order.app_order_id)
        if kept is not None and kept[0] is order:
            return kept[1]
        rendered = dumps(order_row(order, self._exchange.quirks))
        self._rows[order.app_order_id] = (order, rendered)
        return rendered

    def _forget_other_quirks(self) -> None:
        if self._exchange.quirks is not self._rendered_for:
            self._rows.clear()
            self._bodies.clear()
            self._rendered_for = self._exchange.quirks

    def _nothing(self) -> WireReply:
        return no_rows(self._exchange.quirks.empty_book, "e-orders-0005", "s-user-0001", "Success order book")


def margin_text(account: Account) -> str:
    """Return the account's margin as the balance prints it: "NaN" without a limit (xts.md 2.11)."""
    return "NaN" if account.margin is None else f"{account.margin:f}"
