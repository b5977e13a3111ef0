"""Faults outside of functions, planted by cosmic-ray: constants, tables, defaults of fields, and properties.

mutmut leaves them alone. They are few; each is tried by a pytest of its own, on the module's own tests first.
"""

from __future__ import annotations

import ast
import json
import shlex
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

from tests.mutation.faults import Fate, Fault, change_of
from tests.mutation.functions import lines_looked_into

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cosmic_ray.work_item import MutationSpec, WorkItem

    from tests.mutation.workspace import Workspace

SETTINGS = """
[cosmic-ray]
module-path = {module}
timeout = 120.0
excluded-modules = []
test-command = {command}

[cosmic-ray.distributor]
name = "local"
"""
POINTLESS = ("core/ReplaceBinaryOperator_BitOr", "core/RemoveDecorator", "core/Variable")
"""A `|` outside of functions stands in annotations; without its decorator hardly a module can be imported."""


def plant(workspace: Workspace, further: Sequence[str], *, secs: float | None, again: bool) -> None:
    """Try what has not been tried; with `again` also what has lived.

    `further` tests are asked when the module's own see nothing.
    """
    config, session = workspace.folder / "rest.toml", workspace.folder / "rest.sqlite"
    asked = " && ".join(_pytest(tests) for tests in (workspace.tests, further) if tests)
    command = json.dumps(shlex.join(["sh", "-c", asked]))
    config.write_text(SETTINGS.format(module=json.dumps(workspace.module), command=command), encoding="utf-8")
    cosmic_ray = [sys.executable, "-m", "cosmic_ray.cli"]
    if not session.exists():
        workspace.run([*cosmic_ray, "init", "--force", str(config), str(session)], None)
    if again:
        _forget_what_lived(session)
    with use_db(session, WorkDB.Mode.open) as db:
        _leave_functions_alone(db, (workspace.tree / workspace.module).read_text(encoding="utf-8"))
    workspace.run([*cosmic_ray, "exec", str(config), str(session)], secs)


def _pytest(tests: Sequence[str]) -> str:
    return shlex.join([sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests])


def _forget_what_lived(session: Path) -> None:
    with closing(sqlite3.connect(session)) as db, db:
        db.execute("DELETE FROM work_results WHERE test_outcome = ?", (TestOutcome.SURVIVED.name,))


def found(workspace: Workspace) -> list[Fault]:
    """What became of each fault."""
    session = workspace.folder / "rest.sqlite"
    if not session.exists():
        return []
    with use_db(session, WorkDB.Mode.open) as db:
        results = dict(db.results)
        faults = [_fault(item, results.get(item.job_id)) for item in db.work_items]
    return [fault for fault in faults if fault is not None]


def _leave_functions_alone(db: WorkDB, source: str) -> None:
    elsewhere = lines_looked_into(source) | lines_without_meaning(source)
    for item in list(db.pending_work_items):
        (spec,) = item.mutations
        if spec.start_pos[0] in elsewhere or spec.operator_name.startswith(POINTLESS):
            db.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))


def lines_without_meaning(source: str) -> set[int]:
    """The lines of decorators, and of imports for the type checker: no test looks at `slots=True`."""
    nodes = list(ast.walk(ast.parse(source)))
    decorators = [each for node in nodes for each in getattr(node, "decorator_list", ())]
    guards = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {each.lineno for each in [*decorators, *guards]}


def _fault(item: WorkItem, result: WorkResult | None) -> Fault | None:
    if result is None:
        return Fault(where="", was="", becomes="", fate=Fate.UNTRIED)
    if result.worker_outcome is WorkerOutcome.SKIPPED:
        return None
    was, becomes = change_of(result.diff or "")
    fate = Fate.LIVED if result.test_outcome is TestOutcome.SURVIVED else Fate.CAUGHT
    return Fault(where=_definition(item.mutations[0]), was=was, becomes=becomes, fate=fate)


def _definition(spec: MutationSpec) -> str:
    return spec.definition_name or ""
