"""A copy of the repository in which one module may be broken at will, kept between runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from tests.support.homes import tests_of, wider_tests_of
from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SPINNER = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
APART = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
"""Process numbers of its own, on Linux: mutmut signals numbers whose processes ended long ago (seen at 3.8)."""


class Workspace:
    """The copy for one module, such as "tg1/rules/decide.py", and the tests that are asked about it."""

    def __init__(self, home: Path, module: str, *, is_wide: bool = False) -> None:
        name = module.removeprefix("tg1/").removesuffix(".py").replace("/", ".")
        self.module = module
        self.folder = home / (f"{name}.wide" if is_wide else name)
        self.tree = self.folder / "tree"
        paths = wider_tests_of(name, REPO / "tests") if is_wide else tests_of(name, REPO / "tests")
        self.tests = [str(path.relative_to(REPO)) for path in paths]

    def refresh(self) -> None:
        """Bring the copy up to date; what was found out about another version of the module is forgotten."""
        ours, theirs = REPO / self.module, self.tree / self.module
        if not theirs.exists() or ours.read_bytes() != theirs.read_bytes():
            shutil.rmtree(self.folder, ignore_errors=True)
        for name in _files():
            target = self.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, target)

    def top_level(self) -> list[str]:
        """What stands in the copy's root beside what the tools make there."""
        return sorted({name.split("/")[0] for name in _files()} - {"tg1"})

    def append(self, name: str, text: str) -> None:
        """Add to a file of the copy."""
        with (self.tree / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def run(self, command: Sequence[str], secs: float | None) -> None:
        """Run a tool in the copy; after so many seconds it is interrupted as by Ctrl-C.

        Raises `RuntimeError` with the end of its output when it fails by itself.
        """
        environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutants", "PYTHONPATH": str(self.tree)}
        with (self.folder / "output").open("w+", encoding="utf-8", errors="replace") as output:
            process = subprocess.Popen(  # noqa: S603 - a tool of ours
                [*_apart(), *command],
                cwd=self.tree,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            if not _ended_by_itself(process, secs):
                return
            output.seek(0)
            told = [line for line in output.read().splitlines() if not line.startswith(SPINNER)]
        if process.returncode:
            raise RuntimeError("\n".join([f"{' '.join(command[:4])} ended with {process.returncode}:", *told[-40:]]))


def _ended_by_itself(process: subprocess.Popen[str], secs: float | None) -> bool:
    try:
        process.wait(secs)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        return False
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise
    return True


@cache
def _apart() -> tuple[str, ...]:
    if shutil.which(APART[0]) is None:
        return ()
    tried = subprocess.run([*APART, "true"], capture_output=True, check=False)  # noqa: S603 - see above
    return APART if tried.returncode == 0 else ()


def _files() -> list[str]:
    """Everything that belongs to the repository, committed or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is on the path
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (REPO / name).is_file()]
