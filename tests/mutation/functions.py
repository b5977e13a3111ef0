"""Faults inside functions, planted by mutmut: all variants of a module in one copy, tried by forking a warm pytest."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.mutation.faults import Fate, Fault, change_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.mutation.workspace import Workspace

SETTINGS = """
[tool.mutmut]
source_paths = ["tg1"]
only_mutate = [{module}]
also_copy = {everything}
pytest_add_cli_args = ["-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
do_not_mutate_patterns = ['^\\s*(log|logging)\\.']
timeout_multiplier = 4.0
timeout_constant = 8.0
use_git_change_detection = false
"""
"""Calls of the log are left alone: the tests of this house don't judge its words. Refusals are sentences that somebody
acts on, so they count.

The patience is for a machine that is busy; what hangs takes it all: half a minute.
"""
DECORATORS = ((), ("staticmethod",), ("classmethod",))
"""Of the functions that mutmut looks into."""
KILLED = {1, 3}
HUNG = {24, -24, 36, 152, 255, -9}
UNTRIED = {None, 2}


def plant(workspace: Workspace, names: Iterable[str], *, workers: int, secs: float | None) -> None:
    """Try the faults of these names, or all that have not been tried. After so many seconds it keeps what it has."""
    settings = SETTINGS.format(
        module=json.dumps(workspace.module),
        everything=json.dumps(workspace.top_level()),
        tests=json.dumps(workspace.tests),
    )
    workspace.append("pyproject.toml", settings)
    (workspace.tree / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    workspace.run([sys.executable, "-m", "mutmut", "run", "--max-children", str(workers), *names], secs)


def found(workspace: Workspace, fates: Mapping[str, Fate]) -> dict[str, Fault]:
    """Each fault by mutmut's name for it; only those that lived say what they changed."""
    shown = _shown(workspace, [name for name, fate in fates.items() if fate is Fate.LIVED])
    return {name: _fault(name, fate, shown.get(name, "")) for name, fate in fates.items()}


def fates_in(workspace: Workspace) -> dict[str, Fate]:
    """What became of each fault, by mutmut's names, which are the same while the module stays as it is."""
    meta = workspace.tree / "mutants" / f"{workspace.module}.meta"
    codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"] if meta.exists() else {}
    return {name: _fate(code) for name, code in codes.items()}


def _fate(code: int | None) -> Fate:
    if code in KILLED:
        return Fate.CAUGHT
    if code in HUNG:
        return Fate.HUNG
    return Fate.UNTRIED if code in UNTRIED else Fate.LIVED


def _fault(name: str, fate: Fate, diff: str) -> Fault:
    was, becomes = change_of(diff)
    return Fault(where=_function(name), was=was, becomes=becomes, fate=fate)


def _function(name: str) -> str:
    """`tg1.rules.decide.xǁBracketǁplan__mutmut_3` is of `Bracket.plan`."""
    return name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")


def _shown(workspace: Workspace, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    command = [sys.executable, "-m", "tests.mutation.shown", workspace.module, *names]
    shown = subprocess.run(command, cwd=workspace.tree, capture_output=True, text=True, check=True)  # noqa: S603
    diffs: dict[str, str] = json.loads(shown.stdout)
    return diffs


def lines_looked_into(source: str) -> set[int]:
    """The lines of the functions that mutmut looks into."""
    return {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and tuple(ast.unparse(decorator) for decorator in node.decorator_list) in DECORATORS
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
