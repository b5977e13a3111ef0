"""What commands show on a terminal beside the ladder: their result on stdout, a bar on stderr while they work."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def show(text: str) -> None:
    """Print a result; a reader that has had enough (`| head`) is no failure."""
    try:
        print(text)  # noqa: T201  # what was asked for
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would fail once more, and loudly, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[str], None]]:
    """A bar on stderr over `total` pieces of work, where that is a terminal; what is printed meanwhile goes above it.

    None where nobody knows how much there is: the bar moves to and fro, and counts what is done.
    Yields a function that is called after each piece, with what was done or "".
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)

        def step(doing: str) -> None:
            bar.update(task, advance=1, description=doing or title)

        yield step
