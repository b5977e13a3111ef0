"""What an emergency stop can reach: the given accounts, for closing orders alone, and no feed (behaviour 13)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.emergencies import EmergencyBroker
from tg1.errors import BrokerUnavailable, InvariantBroken
from tg1.models import OrderRequest, OrderType, Role, Side, TradeSide
from tg1.rules.client_ids import bot_tag
from tg1.trading.emergency_ports import GivenAccounts, NoFeed

if TYPE_CHECKING:
    from tg1.models import BrokerOrder

TAG = bot_tag("IRFC-SBIN Grid")
UP, DOWN = TradeSide.UPSIDE, TradeSide.DOWNSIDE


def accounts_of(broker: EmergencyBroker) -> GivenAccounts:
    """The accounts as the emergency stop has them."""
    client: Any = broker
    return GivenAccounts(client)


def a_request(client_id: str) -> OrderRequest:
    """A SELL of 7 IRFC under that client id."""
    return OrderRequest(
        client_id=client_id,
        symbol="IRFC",
        side=Side.SELL,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(49),
    )


@pytest.mark.parametrize("client_id", [f"{TAG}AAAD01E0001", f"{TAG}AAAD01T0002", f"{TAG}AAAD01O0003", "MANUAL", ""])
def test_stop_opens_nothing(client_id: str) -> None:
    """Behaviour 13: it may place closing orders alone, whatever it is asked for."""
    broker = EmergencyBroker()
    with pytest.raises(InvariantBroken, match=f"asked to place {client_id} on trade"):
        accounts_of(broker).place_order("trade", a_request(client_id))
    assert broker.placed == []


def test_closing_order_is_placed_where_it_belongs() -> None:
    """Behaviour 13: role X, in the account that holds the shares."""
    broker = EmergencyBroker()
    request = a_request(f"{TAG}AAAU00X0001")
    number = accounts_of(broker).place_order("downside_oco", request)
    (order,) = broker.working("downside_oco")
    assert (order.order_id, order.request) == (number, request)


def test_legs_of_accounts_that_were_not_given_have_a_name() -> None:
    """Behaviour 13: what the state knows of them is said by it, and nothing is sent there."""
    broker = EmergencyBroker(missing={"upside_oco", "downside_oco"})
    given = accounts_of(broker)
    assert given.accounts == ("trade",)
    assert [given.account_of(Role.OCO, side) for side in (UP, DOWN)] == ["upside_oco", "downside_oco"]
    assert given.account_of(Role.TARGET, DOWN) == "trade"
    with pytest.raises(BrokerUnavailable, match="no credentials were given for account upside_oco"):
        given.cancel_order("upside_oco", "1210000001", "id")
    assert broker.cancelled == []


def test_given_accounts_are_reached_by_their_own_names() -> None:
    """Behaviour 13: one key for both hedges is one account, whatever a leg is called; its order is cancelled there."""
    broker = EmergencyBroker(account_names=("trade", "oco"))
    assert accounts_of(broker).account_of(Role.OCO, DOWN) == "oco"
    given = accounts_of(EmergencyBroker())
    assert [given.account_of(Role.OCO, side) for side in (UP, DOWN)] == ["upside_oco", "downside_oco"]
    order = broker.add("oco", a_request(f"{TAG}AAAU01O0009"))
    accounts_of(broker).cancel_order("oco", order.order_id, order.request.client_id)
    assert broker.cancelled == [order.order_id]
    assert broker.working() == []


def test_everything_else_is_asked_of_the_account_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behaviour 11.3, 13: its book as fresh as wanted, its history, positions, trades and instruments."""
    broker = EmergencyBroker()
    given = accounts_of(broker)
    order = broker.add("upside_oco", a_request(f"{TAG}AAAU01O0009"))
    row = given.order_history("upside_oco", order.order_id)
    assert row is not None
    assert row.order_id == order.order_id
    broker.fill(order.order_id)
    assert [(each.symbol, each.quantity) for each in given.positions("upside_oco")] == [("IRFC", -7)]
    assert [each.order_id for each in given.trades("upside_oco")] == [order.order_id]
    assert given.positions("trade") == ()
    assert given.trades("trade") == ()
    assert given.instrument("IRFC").symbol == "IRFC"
    asked: list[tuple[str, float | None]] = []

    def book(account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        asked.append((account, since))
        return ()

    monkeypatch.setattr(broker, "order_book", book)
    given.order_book("trade", since=12.5)
    given.order_book("upside_oco")
    assert asked == [("trade", 12.5), ("upside_oco", None)]


def test_logging_in_asks_every_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behaviour 13: an account that refuses is no error of the others."""
    broker, refusals = EmergencyBroker(locked={"trade"}), []
    ask = broker.connect_all
    monkeypatch.setattr(broker, "connect_all", lambda: refusals.append(ask()))
    accounts_of(broker).connect()
    assert [list(each) for each in refusals] == [["trade"]]


def test_no_feed_never_has_a_price_or_a_fault() -> None:
    """Behaviour 13: the stop works without prices, and that is nothing to complain of."""
    feed = NoFeed()
    feed.start({1: "IRFC"})
    assert feed.quote("IRFC") is None
    assert feed.fault() == ""
    feed.stop()
