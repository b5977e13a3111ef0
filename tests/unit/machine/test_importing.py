"""The collector rests while modules are imported, and is at work again afterwards."""

from __future__ import annotations

import gc

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
