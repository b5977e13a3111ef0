"""The ports of an emergency stop: the accounts that were given, and no feed (behaviour 13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, InvariantBroken
from tg1.models import Role
from tg1.rules.client_ids import parse_client_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.models import BrokerOrder, BrokerPosition, BrokerTrade, Instrument, OrderRequest, Quote, TradeSide
    from tg1.ports import Accounts


class NoFeed:
    """No prices: nothing here depends on one."""

    def start(self, symbols: Mapping[int, str]) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def quote(self, symbol: str) -> Quote | None:  # noqa: ARG002 - part of the PriceFeed protocol
        """Never a price."""
        return None

    def fault(self) -> str:
        """Nothing to say."""
        return ""


@dataclass(frozen=True, slots=True)
class GivenAccounts:
    """The client, tolerant of accounts that the state knows but the command line gave no credentials for."""

    client: Accounts

    @property
    def accounts(self) -> tuple[str, ...]:
        """Those that credentials were given for."""
        return self.client.accounts

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        """The account of a leg, given or not."""
        try:
            return self.client.account_of(role, trade_side)
        except InvariantBroken:
            return f"{trade_side}_oco"

    def connect(self) -> None:
        """Log in to all of them."""
        self.client.connect_all()

    def instrument(self, symbol: str) -> Instrument:
        """As the day's dump has it."""
        return self.client.instrument(symbol)

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Place a closing order. Raises `InvariantBroken` for any other: a stop opens nothing."""
        named = parse_client_id(request.client_id)
        if named is None or named.role is not Role.CLOSE:
            raise InvariantBroken(f"the emergency stop was asked to place {request.client_id} on {account}")
        return self.client.place_order(account, request)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        """Cancel an order. Raises `BrokerUnavailable` where no credentials were given."""
        if account not in self.client.accounts:
            raise BrokerUnavailable(f"no credentials were given for account {account}")
        self.client.cancel_order(account, order_id, client_id)

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        """The account's book."""
        return self.client.order_book(account, since=since)

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        """What the account knows of one order."""
        return self.client.order_history(account, order_id)

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        """The account's net positions."""
        return self.client.positions(account)

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        """The account's executions of the day."""
        return self.client.trades(account)
