"""Who owns what: positions from executions, holdings, and the risk checks that read them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tg1.paper.orders import ZERO, PaperOrder, PaperSide, Position

_DELIVERY = ("CNC", "NRML")
_MIS_MARGIN = Decimal("0.2")
"""Intraday leverage of five, a usual figure; nothing measured depends on it."""
_EMPTY = Position()

Key = tuple[str, str, str]
"""(account, symbol, product)."""


class Ledger:
    """Positions for the truth (`total`, never reset) and for the wire (`today`, the trading day's)."""

    def __init__(self, prices: Mapping[str, Decimal]) -> None:
        self._prices = prices
        self.total: dict[Key, Position] = {}
        self.today: dict[Key, Position] = {}
        self.holdings: dict[tuple[str, str], int] = {}

    def book(self, order: PaperOrder, quantity: int, price: Decimal) -> None:
        """Enter one trade: shares and rupees per share."""
        key = (order.account, order.symbol, order.terms.product)
        for positions in (self.total, self.today):
            positions[key] = positions.get(key, _EMPTY).with_trade(order.side, quantity, price)

    def close_day(self) -> None:
        """Delivery positions become holdings; intraday ones end with the day (xts.md 6.2)."""
        for (account, symbol, product), position in self.today.items():
            if product in _DELIVERY and position.net:
                self.holdings[account, symbol] = self.holdings.get((account, symbol), 0) + position.net
        self.today.clear()

    def today_of(self, account: str) -> Mapping[Key, Position]:
        """Return the day's positions of one account."""
        return {key: position for key, position in self.today.items() if key[0] == account}

    def mark_to_market(self, account: str) -> tuple[Decimal, Decimal]:
        """Return what the account's day has realised and what is open at the last prices, in rupees."""
        held = [(position, self._prices.get(key[1], ZERO)) for key, position in self.today_of(account).items()]
        realized = sum((position.realized for position, _ in held), ZERO)
        return realized, sum((position.unrealized(last) for position, last in held), ZERO)

    def margin_used(self, account: str, working: Iterable[PaperOrder]) -> Decimal:
        """Rupees that the account's positions and working orders take."""
        return self._used(account) + sum(map(self._cost, working), ZERO)

    def sellable(self, account: str, symbol: str) -> int:
        """Shares that a delivery SELL may take: holdings and what was bought today, less what was sold."""
        bought = sum(self.today.get((account, symbol, product), _EMPTY).net for product in _DELIVERY)
        return self.holdings.get((account, symbol), 0) + bought

    def holding_fault(self, order: PaperOrder, working: Iterable[PaperOrder]) -> str:
        """Return why a delivery SELL without shares is rejected (xts.md 7.4), or an empty text."""
        if order.side is not PaperSide.SELL or order.terms.product not in _DELIVERY:
            return ""
        pending = sum(
            each.leaves
            for each in working
            if each.symbol == order.symbol and each.side is PaperSide.SELL and each.terms.product in _DELIVERY
        )
        total = self.sellable(order.account, order.symbol)
        if pending + order.quantity <= total:
            return ""
        return (
            f"OEMS:RMS : Holding Exceeds :  - Required Holding:[{order.quantity}] Used Holding:[{pending}] "
            f"Total Holding:[{total}] for entity [Client]-[{order.account}]"
        )

    def margin_fault(self, order: PaperOrder, working: Iterable[PaperOrder], limit: Decimal | None) -> str:
        """Return Findoc's margin text (xts.md 3) when the order costs more than is left, or an empty text."""
        if limit is None:
            return ""
        required = self._cost(order)
        available = max(limit - self.margin_used(order.account, working), ZERO)
        if required <= available:
            return ""
        return (
            f"OEMS:RMS : Margin Exceeds :  - Set Limit:[{_plain(limit)}] Total Required Margin:[{_plain(required)}] "
            f"Available Margin[{_plain(available)}] Margin Shortfall[{_plain(required - available)}] "
            f"for entity [Client]-[{order.account}] across [ALL|ALL|ALL]"
        )

    def _cost(self, order: PaperOrder) -> Decimal:
        net = self.today.get((order.account, order.symbol, order.terms.product), _EMPTY).net
        closing = net if order.side is PaperSide.SELL else -net
        price = order.terms.limit_price or order.terms.stop_price or self._prices.get(order.symbol, ZERO)
        return max(order.leaves - max(closing, 0), 0) * price * _rate(order.terms.product)

    def _used(self, account: str) -> Decimal:
        return sum(
            (
                abs(position.buy_value - position.sell_value) * _rate(key[2])
                for key, position in self.today.items()
                if key[0] == account and position.net
            ),
            ZERO,
        )


def _rate(product: str) -> Decimal:
    return _MIS_MARGIN if product == "MIS" else Decimal(1)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
