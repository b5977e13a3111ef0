"""The house read as source: who imports whom, what calls itself pure, how long a module is.

A house is a mapping from a module's name below the package ("rules.decide"; "rules" is that folder's `__init__`) to its
source. Each law takes one and returns what breaks it, a line per offence; an empty set means that the law is kept.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LINES = (
    {"__main__", "completion"},
    {"commands"},
    {"pair"},
    {"sweep", "data"},
    {
        "config_command",
        "doctor",
        "history",
        "login",
        "orders",
        "pause",
        "replay",
        "resume",
        "run",
        "status",
        "watch",
    },
    {"stop"},
    {"wiring", "record"},
    {"cli", "grid_engine", "paper_process"},
    {"trading"},
    {"told"},
    {"findoc_client", "zerodha_feed", "state", "config"},
    {"xts", "kite", "store", "settings", "report"},
    {"rules", "screen", "ports", "paper"},
    {"machine"},
    {"models"},
    {"errors"},
)
"""Every room of the house. Each line imports only from lines below it, so nothing points up or sideways."""
ONLY_FROM = {"rules": {"models", "errors"}, "paper": {"machine.files"}}
"""Rooms that may use less than what stands below them."""
ONLY_BY = {"paper": {"paper_process", "replay"}}
"""The exchange is a program of its own; a replay takes its matching core into its own process."""
LONGEST = 300
"""Lines of a module; the models may be longer."""
PURE_ROOMS = {"rules", "models", "errors"}
MARK = re.compile(r"\bPURE\b|\bPure[.:]")
PLAIN = {
    *("__future__", "abc", "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "difflib"),
    *(
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "ipaddress",
        "itertools",
        "json",
        "logging",
        "math",
    ),
    *("operator", "pathlib", "re", "statistics", "string", "textwrap", "tomllib", "types", "typing", "unicodedata"),
    "urllib.parse",
    "numpy",
}
"""What is only computation and values, of the standard library and beside it; a pure module imports no other."""
FILE_CALLS = set(dir(Path)) - set(dir(PurePath)) - {"replace", "resolve"}
"""What a path can do beyond being a name, but for two words that text and rules use as well."""
TOUCHES = FILE_CALLS | {
    *("utcnow", "today", "monotonic", "perf_counter", "process_time", "time_ns", "sleep", "localtime", "now"),
    *("open", "print", "input", "exec", "eval", "__import__", "getLogger"),
}
"""Called by name, on whatever object: a clock, a file, a log or a terminal."""
CLOCK_READER = "machine.clock"
LOOPS = {"watch.site", "watch.stream", "watch.server"}
"""What serves HTTP lives on asyncio's loop; it reads no clock of it."""
LOGGER = "log = logging.getLogger(__name__)"


def read_house(package: Path) -> dict[str, str]:
    """Every module of a package on disk."""
    sources = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        sources[".".join(part for part in parts if part != "__init__")] = path.read_text(encoding="utf-8")
    return sources


@cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def room(module: str) -> str:
    """The wing, or the module itself when it stands in no wing."""
    return module.partition(".")[0]


def imported(house: Mapping[str, str], module: str) -> set[str]:
    """The house's modules that one of them imports anywhere in its source, for its types or at run time."""
    return {ours for name, _ in _imports(house[module]) if (ours := _inside(house, name))} - {module}


def _inside(house: Mapping[str, str], name: str) -> str | None:
    """The module that `name` means: `tg1.rules.decide.plan` is a name in `rules.decide`; None for a stranger's."""
    head, _, inner = name.partition(".")
    if head != "tg1":
        return None
    while inner and inner not in house:
        inner = inner.rpartition(".")[0]
    return inner


def _imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every imported name in full, and whether only the type checker imports it."""
    tree = _tree(source)
    for_types = {id(node) for guard in ast.walk(tree) for each in _only_typed(guard) for node in ast.walk(each)}
    for node in ast.walk(tree):
        only_typed = id(node) in for_types
        if isinstance(node, ast.Import):
            yield from ((alias.name, only_typed) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = f"{'.' * node.level}{node.module or ''}"
            yield from ((f"{origin}.{alias.name}", only_typed) for alias in node.names)


def _only_typed(node: ast.AST) -> list[ast.stmt]:
    """What stands under `if TYPE_CHECKING:`."""
    return node.body if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") else []


def unknown_rooms(house: Mapping[str, str]) -> set[str]:
    """Rooms that the plan does not have, and plans for rooms that nobody built."""
    return ({room(module) for module in house} - {""}) ^ {name for line in LINES for name in line}


def wrong_arrows(house: Mapping[str, str]) -> set[str]:
    """Imports that point up, sideways, or out of a room that may use less."""
    height = {name: len(LINES) - number for number, line in enumerate(LINES) for name in line}
    arrows = [(one, other) for one in house for other in imported(house, one) if room(one) != room(other)]
    return {
        f"{one} -> {other}"
        for one, other in arrows
        if height[room(one)] <= height[room(other)]
        or other not in ONLY_FROM.get(room(one), {other})
        or room(one) not in ONLY_BY.get(room(other), {room(one)})
    }


def strange_imports(house: Mapping[str, str], *strangers: str) -> set[str]:
    """Modules that import anything of these packages."""
    return {module for module in house for name, _ in _imports(house[module]) if name.split(".")[0] in strangers}


def circles(house: Mapping[str, str]) -> set[str]:
    """Modules that import themselves by way of others."""
    arrows = {module: imported(house, module) for module in house}
    return {module for module in house if module in _reachable(arrows, module)}


def _reachable(arrows: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = set(arrows[start])
    while ahead:
        found |= ahead
        ahead = {further for module in ahead for further in arrows[module]} - found
    return found


def full_inits(house: Mapping[str, str]) -> set[str]:
    """Packages whose `__init__` holds more than a docstring: whoever imports a module would run it unasked."""
    packages = {module.rpartition(".")[0] for module in house if module}
    return {package for package in packages if len(_tree(house[package]).body) > 1}


def relative_imports(house: Mapping[str, str]) -> set[str]:
    """Imports with a dot in front, which the other laws can't follow."""
    return {module for module, source in house.items() for name, _ in _imports(source) if name.startswith(".")}


def long_modules(house: Mapping[str, str]) -> set[str]:
    """Modules above the limit."""
    return {module for module, source in house.items() if room(module) != "models" and _length(source) > LONGEST}


def _length(source: str) -> int:
    return len(source.splitlines())


def pure_modules(house: Mapping[str, str]) -> set[str]:
    """Modules in a pure room, and modules whose docstring says so."""
    return {module for module, source in house.items() if room(module) in PURE_ROOMS or _is_marked(source)}


def _is_marked(source: str) -> bool:
    return MARK.search(ast.get_docstring(_tree(source)) or "") is not None


def impurities(house: Mapping[str, str]) -> set[str]:
    """What pure modules reach for: a part of the machine, or a module of ours that is not pure itself."""
    pure = pure_modules(house)
    return {
        f"{module}: {fault}"
        for module in pure
        for fault in (*_reaches(house, module, pure), *_touches(house[module]) & TOUCHES)
    }


def _reaches(house: Mapping[str, str], module: str, pure: set[str]) -> Iterator[str]:
    for name, only_typed in _imports(house[module]):
        ours = _inside(house, name)
        if only_typed or ours in pure:
            continue
        if ours is not None:
            yield ours or "tg1"
        elif not {name, name.rpartition(".")[0]} & PLAIN:
            yield name


def _touches(source: str) -> set[str]:
    """Names that are called, and names that are taken from `datetime`, `date` or `time` without a call."""
    found = set()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Call):
            found.add(getattr(node.func, "attr", getattr(node.func, "id", "")))
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in ("datetime", "date", "time"):
            found.add(node.attr)
    return found


def clock_readers(house: Mapping[str, str]) -> set[str]:
    """Modules of the bot that ask the machine for the time; the paper exchange has a clock of its own."""
    return {
        module
        for module, source in house.items()
        if room(module) != "paper" and module != CLOCK_READER and _reads_a_clock(source, loop=module in LOOPS)
    }


def _reads_a_clock(source: str, *, loop: bool) -> bool:
    readers = {"time", "sched"} if loop else {"time", "sched", "asyncio"}
    if any(name.split(".")[0] in readers for name, _ in _imports(source)):
        return True
    return any(
        isinstance(node, ast.Attribute)
        and getattr(node.value, "id", "") in ("datetime", "date")
        and node.attr in ("now", "today", "utcnow")
        for node in ast.walk(_tree(source))
    )


def strange_loggers(house: Mapping[str, str]) -> set[str]:
    """Modules that spell their own logger in another way than `log = logging.getLogger(__name__)`."""
    return {
        module
        for module, source in house.items()
        for node in _tree(source).body
        if isinstance(node, ast.Assign) and "getLogger" in (spelt := ast.unparse(node)) and spelt != LOGGER
    }
