"""A bot whose process is gone, and the emergency stop that another process makes (behaviour 13)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.engine.conftest import EXAMPLE
from tests.support.fakes import HandBroker, HandClock
from tests.support.simdisk import SimDisk
from tg1.config import GridOcoConfig
from tg1.errors import BrokerError, InvariantBroken, SessionRefused
from tg1.models import OrderRequest, Role, Side, TradeSide
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten, cancel_all

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder


@dataclass
class EmergencyBroker(HandBroker):
    """Accounts of which some can't be logged in to, or were not given."""

    locked: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    login_at: dict[str, float] = field(default_factory=dict)
    """When the login of an account may be tried again; seconds of `clock`."""
    clock: HandClock = field(default_factory=HandClock)

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(name for name in self.account_names if name not in self.missing)

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        account = super().account_of(role, trade_side)
        if account in self.missing:
            raise InvariantBroken(f"there is no account {account}")
        return account

    def connect_all(self) -> dict[str, BrokerError]:
        failures: dict[str, BrokerError] = {}
        for name in self.accounts:
            try:
                self._check_login(name)
            except SessionRefused as exc:
                failures[name] = exc
        return failures

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        self._check_login(account)
        return super().order_book(account, since=since)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        self._check_login(account)
        super().cancel_order(account, order_id, client_id)

    def _check_login(self, account: str) -> None:
        if account in self.locked:
            raise SessionRefused("Invalid credentials")
        wait_secs = self.login_at.get(account, 0.0) - self.clock.monotonic()
        if wait_secs > 0:
            words = f"the session is dead and the next login may be tried in {math.ceil(wait_secs)} s"
            raise SessionRefused(f"{account} account: {words}", code="login-backoff", wait_secs=wait_secs)


def in_memory(make_bench: Callable[..., Bench]) -> Callable[..., Bench]:
    """Benches whose disk is memory: a stop of minutes saves every second."""

    def make(**changes: Any) -> Bench:
        bench = make_bench(**changes)
        bench.fs = SimDisk()
        return bench

    return make


def opened(make_bench: Callable[..., Bench], **changes: Any) -> Bench:
    """Entries, a target and a hedge at work, then the process is gone."""
    bench = make_bench(**changes)
    bench.broker = EmergencyBroker()
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    assert len(bench.broker.working()) == 5
    return bench


def stop_everything(bench: Bench, *, is_known: bool = True, flatten: Flatten | None = None, **changes: Any) -> int:
    """Run the emergency stop as a new process would."""
    engine = bench._engine()
    config = GridOcoConfig(**{**EXAMPLE, **changes})
    client: Any = bench.broker
    return cancel_all(config, client, engine.store, bench.clock, is_known=is_known, flatten=flatten)


def fills_closing_orders(bench: Bench) -> None:
    """A market that takes every closing order at its last price."""

    def fill(request: OrderRequest) -> None:
        if request.client_id[11] == "X":
            (order,) = [each for each in bench.broker.orders.values() if each.request.client_id == request.client_id]
            bench.broker.fill(order.order_id, price=bench.feed.prices[request.symbol])

    bench.broker.after_place = fill


def flatten(bench: Bench, answer: Callable[[str], bool] = lambda _question: True) -> Flatten:
    """A square-off with the bench's feed."""
    client: Any = bench.broker
    return Flatten(confirm=answer, prices=ClosingPrices(client=client, feed=bench.feed, clock=bench.clock))


def refusing(asked: list[str]) -> Callable[[str], bool]:
    """An operator who says no; what he was asked is noted."""

    def no(question: str) -> bool:
        asked.append(question)
        return False

    return no


def hedged(make_bench: Callable[..., Bench], **changes: Any) -> Bench:
    """100 IRFC bought and closed by a hedge of 50 SBIN sold, 100 IRFC sold short and waiting for their target."""
    bench = opened(make_bench, **changes)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "118.50", "downside_oco").order_id, price="118.45")
    bench.broker.fill(bench.broker.working_at(Side.SELL, "51.00").order_id)
    bench.cycle(2)
    return bench


def long_and_short(make_bench: Callable[..., Bench]) -> Bench:
    """100 IRFC held in the trade account and 50 SBIN sold short in the downside OCO account."""
    bench = hedged(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(2)
    assert net(bench) == {("trade", "IRFC"): 100, ("downside_oco", "SBIN"): -50}
    return bench


def net(bench: Bench) -> dict[tuple[str, str], int]:
    """Signed shares of every account and symbol, as the broker has them."""
    return {
        (account, row.symbol): row.quantity or 0
        for account in bench.broker.account_names
        for row in bench.broker.positions(account)
        if row.quantity
    }


def told(caplog: pytest.LogCaptureFixture, beginning: str) -> list[str]:
    """What was said after these words."""
    said = (record.getMessage() for record in caplog.records)
    return [text.removeprefix(beginning) for text in said if text.startswith(beginning)]
