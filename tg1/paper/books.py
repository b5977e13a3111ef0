"""The read routes of the XTS API: order book, history, trades, positions, holdings, status (xts.md 2.6 to 2.12)."""

from collections.abc import Sequence

from tg1.paper.accounts import Account
from tg1.paper.envelope import Call, no_rows, success
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultKind
from tg1.paper.orders import PaperOrder
from tg1.paper.rows import holdings_result, order_row, position_row, trade_row
from tg1.paper.validation import read_day_or_net, read_order_id
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

    def dealer_orders(self, call: Call) -> WireReply:
        """GET /orders/dealerorderbook: rows without GeneratedBy (xts.md 2.6)."""
        orders = self._exchange.book(call.account.name, call.now)
        rows = [order_row(order, call.account, self._exchange.quirks) for order in orders]
        for row in rows:
            row.pop("GeneratedBy", None)
        return success("s-user-0001", "Success order book", rows) if rows else self._nothing()

    def trades(self, call: Call) -> WireReply:
        """GET /orders/trades: one row for each execution of the day."""
        quirks = self._exchange.quirks
        rows = [
            trade_row(order, execution, call.account, quirks)
            for order in self._exchange.book(call.account.name, call.now)
            for execution in order.executions
        ]
        if not rows or _is_blank(call):
            return no_rows(quirks.empty_book, "e-tradebook-0005", "s-orders-0001", "Success trade book")
        return success("s-orders-0001", "Success trade book", rows)

    def positions(self, call: Call) -> WireReply:
        """GET /portfolio/positions: the day's, `dayOrNet` being mandatory (xts.md 1.4)."""
        read_day_or_net(call.request.query)
        exchange, quirks = self._exchange, self._exchange.quirks
        rows = [
            position_row(
                product,
                position,
                call.account,
                exchange.instruments[key],
                last=exchange.prices.get(key),
                comma=quirks.thousands_comma,
            )
            for (_, key, product), position in exchange.ledger.today_of(call.account.name).items()
            if not _is_blank(call)
        ]
        if not rows and quirks.empty_book != "list":
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
        return success("s-portfolio-0013", "Success holding", holdings_result(call.account.client_code, shares))

    def status(self, _call: Call) -> WireReply:
        """GET /status/exchange: the normal session, whatever the hour."""
        market = {"exchangeSegment": "NSECM", "exchangeMarketType": "Normal", "exchangeTradingSession": 2}
        return success("s-status-0001", "Success", {"marketStatus": [market]})

    def _history(self, call: Call) -> WireReply:
        number = read_order_id(call.request.query["appOrderID"])
        orders = self._exchange.order_history(call.account.name, number, call.now)
        rows = [order_row(order, call.account, self._exchange.quirks) for order in orders]
        return success("s-orders-0001", "Success order history", rows)

    def _book(self, call: Call) -> WireReply:
        self._forget_other_quirks()
        account, exchange = call.account, self._exchange
        missing = self._missing_order(call)
        # an order that is still hidden shows up by the passing of time alone, so such a body is never kept
        may_keep = exchange.visibility.is_complete and not missing
        kept = self._bodies.get(account.name)
        if may_keep and kept is not None and kept[0] == account.version and not _is_blank(call):
            return WireReply(body=kept[1])
        orders = [order for order in exchange.book(account.name, call.now) if order.app_order_id != missing]
        if exchange.quirks.book_form == "blank" or _is_blank(call):
            return WireReply(body=_BOOK_HEAD + b"]}")
        rows = self._rendered(orders, account)
        if not rows:
            return self._nothing()
        body = _BOOK_HEAD + b",".join(rows) + b"]}"
        if may_keep:
            self._bodies[account.name] = (account.version, body)
        return WireReply(body=body)

    def _missing_order(self, call: Call) -> int:
        fault = next((each for each in call.faults if each.kind is FaultKind.PARTIAL_BOOK), None)
        if fault is None and self._exchange.quirks.book_form != "partial":
            return 0
        working = self._exchange.working_orders(call.account.name)
        named = fault.text if fault is not None else ""
        if named:
            day = [self._exchange.orders[each] for each in call.account.day_orders]
            working = [order for order in day if named in (order.client_id, str(order.app_order_id))]
        return working[0].app_order_id if working else 0

    def _rendered(self, orders: Sequence[PaperOrder], account: Account) -> list[bytes]:
        quirks = self._exchange.quirks
        rows = [b'"junk"'] * quirks.junk_rows + [self._row(order, account) for order in orders]
        if quirks.newest_first:
            rows.reverse()
        return rows

    def _row(self, order: PaperOrder, account: Account) -> bytes:
        kept = self._rows.get(order.app_order_id)
        if kept is not None and kept[0] is order:
            return kept[1]
        rendered = dumps(order_row(order, account, self._exchange.quirks))
        self._rows[order.app_order_id] = (order, rendered)
        return rendered

    def _forget_other_quirks(self) -> None:
        if self._exchange.quirks is not self._rendered_for:
            self._rows.clear()
            self._bodies.clear()
            self._rendered_for = self._exchange.quirks

    def _nothing(self) -> WireReply:
        return no_rows(self._exchange.quirks.empty_book, "e-orders-0005", "s-user-0001", "Success order book")


def _is_blank(call: Call) -> bool:
    return any(fault.kind is FaultKind.BLANK_BOOK for fault in call.faults)
