"""What a command says whose extra is not installed, without a process of its own."""

from __future__ import annotations

import runpy
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection


def run_without(monkeypatch: pytest.MonkeyPatch, word: str, missing: str, importers: Collection[str]) -> object:
    """The exit code of `python -m tg1.WORD` where the package `missing` is not there.

    `importers` are the modules of the command, from its program down to the one that imports the package: they are
    imported anew, and fail before they are there.
    """
    for name in importers:
        monkeypatch.delitem(sys.modules, f"tg1.{name}", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, f"tg1.{word}.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"tg1.{word}", run_name="__main__")
    return ended.value.code
