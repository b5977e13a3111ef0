"""The names that the user's description gives stay where it puts them (architecture 14, 15, 16, 17 and 18)."""

from __future__ import annotations

import importlib

import pytest

CLASSES: dict[str, dict[str, list[str]]] = {
    "tg1.config": {"GridOcoConfig": ["validate", "print_grid_layout", "has_oco", "max_quantity", "same_oco_account"]},
    "tg1.models": {"OpenOrder": [], "OrderHistoryRecord": []},
    "tg1.state": {
        "StateManager": [
            *("save", "load", "update_quantity"),
            *("find_order_by_uuid", "find_order_by_entry_id", "find_order_by_oco_id"),
        ]
    },
    "tg1.findoc_client": {"_XTSSession": [], "FindocMultiClient": ["connect", "round_to_tick", "_get_oco_session"]},
    "tg1.zerodha_feed": {"ZerodhaFeed": []},
    "tg1.grid_engine": {
        "GridOcoEngine": [
            *("start", "cancel_all", "_create_grid_levels", "_reconcile_orders", "_run_loop", "_poll_cycle"),
            *("_check_termination", "_check_max_quantity", "_place_entry_orders", "_manage_oco_orders"),
            *("_poll_entry_orders", "_poll_target_orders", "_poll_oco_orders"),
            *("_handle_entry_fill", "_handle_target_fill", "_handle_oco_fill"),
        ]
    },
}
FIELDS: dict[str, list[str]] = {
    "GridOcoConfig": [
        *("bot_name", "trade_type", "token_a_symbol", "token_b_symbol", "entry_price", "steps", "spread"),
        *("target_spread", "oco_spread", "token_a_quantity", "token_b_quantity", "product_type", "exchange"),
        *("oco_stop_count", "trade_key", "trade_secret", "upside_oco_key", "upside_oco_secret"),
        *("downside_oco_key", "downside_oco_secret", "zerodha_user", "xts_root", "poll_interval", "auto_reenter"),
    ],
    "OpenOrder": [
        *("uuid", "bot_name", "entry_order_id", "oco_order_id", "entry_trade_direction", "entry_trade_price"),
        *("oco_trade_price", "token_b_price", "trade_side", "order_side", "oco_filled"),
        *("token_a_quantity", "token_b_quantity"),
    ],
}
SESSIONS = ["trade_session", "upside_oco_session", "downside_oco_session"]


@pytest.mark.parametrize(
    ("module", "name", "member"),
    [
        (module, name, member)
        for module, classes in CLASSES.items()
        for name, members in classes.items()
        for member in ["", *members, *FIELDS.get(name, [])]
    ],
)
def test_name_of_the_description_is_there(module: str, name: str, member: str) -> None:
    """Architecture 15: whoever reads the description finds each class, method and field in the code."""
    found = getattr(importlib.import_module(module), name)
    assert not member or hasattr(found, member)


@pytest.mark.parametrize("name", SESSIONS)
def test_client_has_the_three_sessions(name: str) -> None:
    """Architecture 15, session roles: given by the constructor."""
    made = importlib.import_module("tg1.findoc_client").FindocMultiClient.__init__
    assert name in made.__code__.co_names


def test_run_is_the_entry_point() -> None:
    """Architecture 14: `python -m tg1.run`."""
    assert callable(importlib.import_module("tg1.run").main)


PHASES = {
    "_poll_cycle": [
        *("_poll_entry_orders", "_poll_target_orders", "_poll_oco_orders"),
        *("_check_termination", "_check_max_quantity"),
    ],
    "_place": ["_place_entry_orders", "_manage_oco_orders"],
    "_poll_entry_orders": ["_handle_entry_fill"],
    "_poll_target_orders": ["_handle_target_fill"],
    "_poll_oco_orders": ["_handle_oco_fill"],
    "_begin": ["_create_grid_levels", "_reconcile_orders", "_run_loop"],
}


@pytest.mark.parametrize(("method", "phase"), [(method, phase) for method, row in PHASES.items() for phase in row])
def test_the_engine_reads_as_the_data_flow(method: str, phase: str) -> None:
    """Architecture 16, 18: each named phase is a step of the flow that the description draws it in."""
    engine = importlib.import_module("tg1.grid_engine").GridOcoEngine
    assert phase in getattr(engine, method).__code__.co_names
