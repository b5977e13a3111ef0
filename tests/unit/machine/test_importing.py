"""The collector rests while modules are imported, and is at work again afterwards."""

from __future__ import annotations

import gc
import sys
from types import ModuleType

import pytest

from tg1.machine.importing import at_rest


def test_collector_rests_inside_and_works_afterwards() -> None:
    """Also one in another, and after an import that failed."""
    with at_rest():
        with at_rest():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), at_rest():
        raise ImportError
    assert gc.isenabled()


def test_collector_that_was_off_stays_off() -> None:
    """Who switched it off has his reasons."""
    gc.disable()
    try:
        with at_rest():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_was_loaded_is_looked_at_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays as long as the process; where nothing was loaded, nothing is kept from the collector."""
    kept: list[str] = []
    monkeypatch.setattr(gc, "freeze", lambda: kept.append("all"))
    with at_rest():
        pass
    assert kept == []
    with at_rest():
        monkeypatch.setitem(sys.modules, "a_new_module", ModuleType("a_new_module"))
    assert kept == ["all"]
