"""`--cancel-all` on hand-driven accounts (behaviour 13; failures.md VII)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.emergencies import EmergencyBroker, hedged, in_memory, opened, stop_everything
from tests.support.simdisk import SimDisk
from tg1.config import GridOcoConfig
from tg1.errors import ExitCode
from tg1.models import OrderRequest, OrderStatus, OrderType, Side, Status, StatusKind
from tg1.rules.client_ids import bot_tag
from tg1.trading.emergency import cancel_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

TAG = bot_tag("IRFC-SBIN Grid")


def a_request(client_id: str) -> OrderRequest:
    """A BUY of 7 IRFC under that client id."""
    return OrderRequest(
        client_id=client_id,
        symbol="IRFC",
        side=Side.BUY,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(45),
    )


def test_everything_of_this_bot_is_cancelled_and_nothing_else(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13, failures.md VII.67: by state and by tag, on every account; a second run is harmless."""
    bench = opened(make_bench)
    orphan = bench.broker.add("upside_oco", a_request(f"{TAG}AAAU01O0009"))
    others = [
        bench.broker.add("trade", a_request(client_id), foreign=True)
        for client_id in ("", "MANUAL", f"{bot_tag('another')}AAAD01E0001")
    ]
    assert stop_everything(bench) == ExitCode.OK
    assert bench.broker.working() == []
    assert orphan.status is OrderStatus.CANCELLED
    assert all(order.is_working for order in others)
    assert str(bench.state.bot_status) == "Stopped: cancel all"
    cancels = len(bench.broker.cancelled)
    assert stop_everything(bench) == ExitCode.OK
    assert len(bench.broker.cancelled) == cancels


@pytest.mark.parametrize("damage", [None, b"", b"\0" * 4096, b"{"])
def test_no_state_or_a_broken_one_does_not_keep_an_order_alive(
    make_bench: Callable[..., Bench], damage: bytes | None
) -> None:
    """Behaviour 13, reference.md 16: the tag alone finds the orders, and the damaged file is left as it is."""
    bench = opened(make_bench)
    paths = bench.store.paths
    for path in (paths.bak, paths.tmp):
        path.unlink(missing_ok=True)
    if damage is None:
        paths.state.unlink()
    else:
        paths.state.write_bytes(damage)
    assert stop_everything(bench) == ExitCode.OK
    assert bench.broker.working() == []
    assert (paths.state.read_bytes() if paths.state.exists() else None) == damage


def test_name_and_credentials_are_enough(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 18: trade type and symbols come from the state, not from the flags."""
    bench = opened(make_bench)
    engine = bench._engine()
    bare = GridOcoConfig(bot_name="IRFC-SBIN Grid", token_a_symbol="")
    assert cancel_all(bare, bench.broker, engine.store, bench.clock) == ExitCode.OK  # type: ignore[arg-type]
    assert bench.broker.working() == []
    assert bench.begin().state.grid.token_b_symbol == "SBIN"


def test_account_that_can_not_be_reached_does_not_keep_the_others(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: the others are cleared, and exit 1 lists what is not confirmed."""
    bench = opened(make_bench)
    bench.broker.locked.add("upside_oco")  # type: ignore[attr-defined]
    assert stop_everything(bench) == ExitCode.FAILED
    assert bench.broker.working() == []


@pytest.mark.parametrize("has_state", [True, False], ids=["state", "no-state"])
@pytest.mark.parametrize("wait_secs", [29.0, 60.0])
def test_login_that_backs_off_is_waited_for_and_then_its_account_is_cleared(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, wait_secs: float, *, has_state: bool
) -> None:
    """Behaviour 11.1, 13: somebody fought for the key until a moment ago; the others are cleared at once."""
    bench = opened(make_bench)
    broker = bench.broker
    assert isinstance(broker, EmergencyBroker)
    if not has_state:
        for path in (bench.store.paths.state, bench.store.paths.bak):
            path.unlink()
    began = bench.clock.monotonic()
    broker.clock, broker.login_at = bench.clock, {"trade": began + wait_secs}
    caplog.clear()
    assert stop_everything(bench) == ExitCode.OK
    assert broker.working() == []
    assert bench.clock.monotonic() - began >= wait_secs
    said = [record.getMessage() for record in caplog.records if "waited for" in record.getMessage()]
    (waits,) = said
    assert waits.startswith("Account trade is waited for, the others are cleared meanwhile: trade account: ")
    assert waits.endswith(f"the next login may be tried in {wait_secs:.0f} s")


def test_login_that_never_works_is_given_up(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: 75 s after the last order that ended: the longest back-off, and the tries after it."""
    bench = opened(make_bench)
    broker = bench.broker
    assert isinstance(broker, EmergencyBroker)
    began = bench.clock.monotonic()
    broker.clock, broker.login_at = bench.clock, {"trade": began + 900}
    assert stop_everything(bench) == ExitCode.FAILED
    assert {order.account for order in broker.working()} == {"trade"}
    assert 75 <= bench.clock.monotonic() - began <= 80


def test_account_without_credentials_is_no_confirmation(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: exit 0 only when every account that the saved grid trades on was looked at."""
    bench = opened(make_bench)
    bench.broker.missing.add("downside_oco")  # type: ignore[attr-defined]
    assert stop_everything(bench) == ExitCode.FAILED
    assert [order.account for order in bench.broker.working()] == ["downside_oco"]


def test_accounts_are_cleared_in_turn(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 11.3, 13: each account's limit is its own, so no account's cancels wait for those of another."""
    bench = opened(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "51.00").order_id)
    bench.begin().cycle(2)
    per_account = Counter(order.account for order in bench.broker.working())
    assert stop_everything(bench) == ExitCode.OK
    accounts = [bench.broker.orders[number].account for number in bench.broker.cancelled]
    assert Counter(accounts) == per_account
    assert set(accounts[:3]) == {"trade", "upside_oco", "downside_oco"}


def test_order_that_does_not_end_is_listed_and_fails(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13, reference.md 16: never "success" while something works."""
    bench = opened(in_memory(make_bench))
    bench.broker.cancels.extend(["sent"] * 500)
    caplog.set_level("INFO")
    assert stop_everything(bench) == ExitCode.FAILED
    listed = [r.getMessage() for r in caplog.records if "STILL WORKING" in r.getMessage()]
    assert len(listed) == 5
    assert "No order of" not in caplog.text


def test_confirmed_stop_says_on_which_accounts_nothing_works(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: the sentence that the operator goes home on."""
    caplog.set_level("INFO")
    assert stop_everything(opened(make_bench)) == ExitCode.OK
    assert "No order of IRFC-SBIN Grid is working on trade, upside_oco, downside_oco" in caplog.text


def test_stop_ends_with_what_is_held(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 13, 15: per account, symbol and signed shares, both tokens, with rupees at the last known price."""
    bench = hedged(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle()
    caplog.set_level("INFO")
    assert stop_everything(bench) == ExitCode.OK
    said = [record.getMessage() for record in caplog.records]
    confirmed = next(index for index, line in enumerate(said) if line.startswith("No order of IRFC-SBIN Grid"))
    end = "\n".join(said[confirmed:])
    assert "Held, Trade account: +100 IRFC" in end
    assert "Held, Downside OCO account: -50 SBIN at 118.45, 6,025.00 at 120.50" in end
    assert said[confirmed + 1].startswith("Net ")


def test_account_without_given_credentials_is_said_once(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: the operator is told which account nobody looked at, in one line."""
    bench = opened(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle()
    bench.broker.missing.add("downside_oco")  # type: ignore[attr-defined]
    caplog.set_level("WARNING")
    assert stop_everything(bench) == ExitCode.FAILED
    said = [record.getMessage() for record in caplog.records]
    assert sum("no credentials were given" in line and "downside_oco" in line for line in said) == 1


def test_fill_that_wins_against_the_stop_is_booked_for_the_next_start(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 13: the next start goes on from the truth."""
    bench = opened(make_bench)
    entry = bench.broker.working_at(Side.BUY, "48.00")
    bench.broker.cancels.append("filled")
    assert stop_everything(bench) == ExitCode.OK
    assert entry.status is OrderStatus.FILLED
    assert bench.state.downside_net_quantity == 200
    bench.begin().cycle()
    assert bench.broker.working_at(Side.SELL, "48.50")


def test_full_disk_does_not_keep_an_order_alive(make_bench: Callable[..., Bench]) -> None:
    """Failures.md II.18: the kill path needs no disk."""
    bench = make_bench()
    bench.broker, bench.fs = EmergencyBroker(), SimDisk()
    bench.begin().cycle(2)

    def refuse(op: str, _path: object) -> None:
        if op != "read":
            raise OSError(28, "No space left on device")

    bench.fs.before_op = refuse
    assert stop_everything(bench) == ExitCode.OK
    assert bench.broker.working() == []


def test_state_of_yesterday_is_left_to_its_own_morning(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 13: gone orders are no obstacle, and the day's roll finds the state as it was."""
    bench = opened(make_bench)
    bench.broker.orders.clear()
    bench.clock.wall += timedelta(days=1)
    before = bench.store.paths.state.read_bytes()
    assert stop_everything(bench) == ExitCode.OK
    assert bench.store.paths.state.read_bytes() == before


def test_termination_under_way_stays_one(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: clearing the orders by hand does not let a terminating bot trade again."""
    bench = opened(make_bench)
    bench.state.bot_status = Status(kind=StatusKind.TERMINATING, reason="OCO imbalance")
    bench.engine._parts.save(bench.engine._parts.moment())
    assert stop_everything(bench) == ExitCode.OK
    bench.begin()
    assert str(bench.state.bot_status).startswith("Terminated: ")
    assert bench.broker.working() == []


def test_intent_in_doubt_is_waited_for(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 13: an order that may still arrive is not confirmed as gone until the books prove it."""
    bench = make_bench()
    bench.broker = EmergencyBroker()
    bench.begin()
    bench.broker.hide_new_for_reads = 2
    bench.broker.answers.extend(["unknown-accepted", "unknown-lost"])
    bench.cycle()
    assert stop_everything(bench) == ExitCode.OK
    assert bench.broker.working() == []
    assert len(bench.broker.cancelled) == 1
