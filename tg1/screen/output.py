"""What commands show on a terminal beside the ladder: their result on stdout, a bar on stderr while they work."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tg1.errors import OutputLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO


def show(text: str) -> bool:
    """Print a result; False once its reader has gone. Raises `OutputLost` as `bring`."""
    return bring(lambda: print(text), "the result")  # noqa: T201  # what was asked for


def bring(print_it: Callable[[], None], what: str) -> bool:
    """Bring to stdout what is printed; a reader that has had enough (`| head`) or never was is no failure: False.

    Raises `OutputLost` when it can't be printed for another reason, such as a full disk.
    """
    if sys.stdout is None:  # Python has None for one that was closed before the start
        return False
    try:
        print_it()
        sys.stdout.flush()
    except OSError as exc:
        # What is left in the buffer would fail once more, and loudly, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(exc, BrokenPipeError):
            raise OutputLost(f"{what} can't be printed: {exc.strerror or exc}") from exc
        return False
    return True


def spell_out() -> None:
    """Let stdout spell out what its encoding lacks: a "…" on an ASCII terminal must not cost the answer."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO | None) -> bool:
    """True when a person looks at it; a stream that was closed before the start is None."""
    return stream is not None and stream.isatty()


def takes_colours(stream: TextIO | None) -> bool:
    """True for a terminal whose user has not said otherwise (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[str], None]]:
    """A bar on stderr over `total` pieces of work, where that is a terminal; what is printed meanwhile goes above it.

    None where nobody knows how much there is: the bar moves to and fro, and counts what is done.
    Yields a function that is called after each piece, with what was done or "".
    """
    from rich.console import Console  # noqa: PLC0415  # a bot without a terminal never loads rich
    from rich.progress import (  # noqa: PLC0415  # as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)

        def step(doing: str) -> None:
            bar.update(task, advance=1, description=doing or title)

        yield step
