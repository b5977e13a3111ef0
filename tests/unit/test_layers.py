"""The core decides without sockets, threads or clocks: `now` is an argument."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.support.places import REPO

PACKAGE = REPO / "tg1"
CORE = (
    *("rules.decide", "rules.reconcile", "rules.transitions", "rules.grid", "rules.client_ids", "rules.hours"),
    *("rules.day_roll", "models", "xts.pacing", "kite.feed_logic", "kite.last_prices", "store.codec", "screen.view"),
)
BLOCKED = (
    *("socket", "ssl", "http", "urllib", "select", "selectors", "asyncio", "threading", "time", "signal"),
    *("os", "subprocess", "random", "requests", "urllib3", "kiteconnect", "twisted", "aiohttp", "rich"),
)
CLOCKS = ("now", "today", "utcnow", "monotonic", "perf_counter", "process_time", "time_ns", "sleep", "localtime")

GUARD = """
import builtins, importlib, sys

real, blocked = builtins.__import__, set(sys.argv[2].split(","))

def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__") or ""
    if level == 0 and importer.startswith("tg1") and name.partition(".")[0] in blocked:
        raise ImportError(f"{importer} imports {name}")
    return real(name, globals, locals, fromlist, level)

builtins.__import__ = guarded
importlib.import_module(sys.argv[1])
"""
"""Standard modules may use each other (datetime imports time); what counts is what our code reaches for."""


def import_guarded(module: str) -> subprocess.CompletedProcess[str]:
    """Import one module in a fresh interpreter under the guard."""
    command = [sys.executable, "-c", GUARD, module, ",".join(BLOCKED)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this file's own command


@pytest.mark.parametrize("name", CORE)
def test_core_module_imports_when_sockets_threads_and_time_are_blocked(name: str) -> None:
    """A pure module, and everything of ours that it imports, needs no part of the machine."""
    done = import_guarded(f"tg1.{name}")
    assert done.returncode == 0, done.stderr


def test_guard_catches_a_module_that_reads_the_clock() -> None:
    """The guard can fail: `tg1.machine.clock` is refused by it."""
    assert "tg1.machine.clock imports" in import_guarded("tg1.machine.clock").stderr


@pytest.mark.parametrize("name", CORE)
def test_core_module_reads_no_clock_and_opens_no_file(name: str) -> None:
    """No call of a clock's name, of `open` or of `print` stands in a pure module."""
    tree = ast.parse((PACKAGE / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))
    called = {_called_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called.isdisjoint({*CLOCKS, "open", "print", "input"})


def _called_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
