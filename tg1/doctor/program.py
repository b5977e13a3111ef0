"""`tg1 doctor`: is all well for a bot that trades real money while nobody watches? It orders and changes nothing."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tg1.cli import parse_command
from tg1.doctor import judge, machine, prices
from tg1.doctor.accounts import AccountChecks, CautiousStore, Ours, Recorder
from tg1.doctor.evidence import Exchanged, evidence_of
from tg1.doctor.finding import Finding, exit_of, green, lines_of, red, summary, yellow
from tg1.errors import ConfigError, LoginNeeded, StateError
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.redact import Redactor
from tg1.machine.shared_files import OsSharedFolder
from tg1.models import Role, TradeSide
from tg1.paper_process import paper_exchange
from tg1.rules import positions
from tg1.rules.hours import SessionPhase, phase_of
from tg1.screen.command import CommandParser, run_command
from tg1.screen.output import is_terminal, show, takes_colours
from tg1.settings.delivery import to_be_held
from tg1.settings.flags import CREDENTIALS
from tg1.settings.nse_holidays import calendar_of
from tg1.state import StateManager
from tg1.wiring import client_of, feed_of, kite_of, on_paper

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from tg1.cli import ParsedCommand
    from tg1.config import GridOcoConfig
    from tg1.findoc_client import FindocMultiClient
    from tg1.models import BotState, Instrument, Quote
    from tg1.xts.http import Transport

T = TypeVar("T")


def build_parser() -> argparse.ArgumentParser:
    """The doctor's own flags; what it does not know goes to the bot's parser."""
    parser = CommandParser(
        prog="tg1 doctor",
        description="Look over machine, brokers and accounts before a bot is started. Takes --config FILE and all "
        "flags of tg1 run. Nothing is ordered or changed, and nobody's session is ended unless you say so.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", dest="as_json", action="store_true", help="print one object instead of lines")
    parser.add_argument(
        "--yes", action="store_true", help="log in where no session lives, which ends the key's session elsewhere"
    )
    parser.add_argument(
        "--evidence",
        metavar="FILE",
        type=Path,
        help="write the brokers' raw answers, without secrets and account numbers, to show them to somebody",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Look, tell and return 0, 1 (something to mend) or 4 (a server is out of reach)."""
    return run_command("doctor", lambda: _answer(*build_parser().parse_known_args(argv)), interrupted="interrupted.")


def _answer(given: argparse.Namespace, flags: Sequence[str]) -> int:
    command = parse_command([*flags, "--dry-run"], os.environ)
    findings: list[Finding] = []
    doctor = Doctor(command=command, may_log_in=given.yes, asks=not given.as_json and is_terminal(sys.stdin))
    for each in doctor.look():
        findings.append(each)
        if not given.as_json:
            show(lines_of(each, colours=takes_colours(sys.stdout)))
    if given.evidence is not None:
        doctor.write_evidence(given.evidence)
    if given.as_json:
        found = {"findings": [each.as_json() for each in findings], "exit_code": exit_of(findings)}
        show(json.dumps(found, indent=2))
    else:
        show(summary(findings))
    return int(exit_of(findings))


@dataclass(kw_only=True)
class Doctor:
    """One look at everything, in the order in which a morning needs it."""

    command: ParsedCommand
    may_log_in: bool
    asks: bool
    """A person sits at the terminal and can be asked before a session is ended."""
    redactor: Redactor = field(default_factory=Redactor)
    clock: SystemClock = field(default_factory=SystemClock)
    record: list[Exchanged] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    has_credentials: bool = field(default=False, init=False)
    saved: BotState | None = field(default=None, init=False)
    """What the bot holds by its own books; None without a state, or where the broker has squared it off since."""

    def look(self) -> Iterator[Finding]:
        """Every finding as it is made. Raises what only a wrong command line raises."""
        config = self.command.config
        self.secrets += [value for name in CREDENTIALS if (value := getattr(config, name))]
        yield from machine.python()
        yield from machine.disk(config, self.clock)
        yield machine.process(config, self.clock)
        yield machine.unit()
        if not config.paper:
            yield from self._state(config)
        yield from self._settings(config)
        with ExitStack() as stack:
            if config.paper:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tg1-doctor-")))
                config = on_paper(config, stack.enter_context(paper_exchange(config)).roots, folder)
            yield machine.clock(config, lambda: self.clock.now().timestamp())
            yield from self._brokers(config)

    def _state(self, config: GridOcoConfig) -> Iterator[Finding]:
        try:
            saved = StateManager(OsFileSystem(), config.state_dir, config.bot_name).load()
        except StateError as exc:
            yield red("state", str(exc).rstrip("."), "A start would end with exit code 5 until that is seen to.")
            return
        if saved is None:
            yield green("state", "the bot begins anew")
            return
        yield green("state", f"it can be read, of {saved.trading_day}: {saved.bot_status}")
        # An intraday position of an earlier day was the broker's to close (behaviour 9.5).
        if saved.grid.product_type != "MIS" or saved.trading_day == self.clock.now().date():
            self.saved = saved

    def _settings(self, config: GridOcoConfig) -> Iterator[Finding]:
        for warning in self.command.warnings:
            yield yellow("settings", warning.rstrip("."))
        try:
            config.validate_credentials()
        except ConfigError as exc:
            yield red("credentials", str(exc).rstrip("."), "README, Credentials.")
        else:
            self.has_credentials = True
            yield green("credentials", "none are needed on paper" if config.paper else "every key and secret is there")
        now = self.clock.now()
        calendar, doubts = calendar_of(config, now.date())
        for doubt in doubts:
            yield yellow("calendar", doubt.rstrip("."))
        closed = calendar.why_closed(now.date())
        yield (
            yellow("calendar", closed, "A bot started today ends at once.")
            if closed
            else green("calendar", f"NSE trades today, {now:%A %d %B}")
        )

    def _brokers(self, config: GridOcoConfig) -> Iterator[Finding]:
        try:
            kite = kite_of(config)
            way_in = kite.credentials()
        except ConfigError as exc:
            yield red("kite token", str(exc).rstrip("."), "README, Credentials.")
            return
        self.secrets += way_in.secrets
        for warning in way_in.warnings:
            yield yellow("kite file", warning.rstrip("."))
        yield prices.token(config, kite, self.clock)
        if not self.has_credentials:
            return
        store = CautiousStore(
            fs=OsFileSystem(),
            folder=config.state_dir / "sessions",
            shared=OsSharedFolder(config.state_dir / "sessions"),
        )
        store.may_log_in = self.may_log_in or config.paper
        client = client_of(config, self.clock, self.redactor, kite, store=store, wrapped=self._recorded)
        found, told = prices.instruments(config, client)
        yield from told
        feed = feed_of(config, self.clock, self.redactor, kite)
        quotes: dict[str, Quote] = {}
        yield from prices.ticks(feed, found, self.clock, quotes, is_open=config.paper or self._is_open(config))
        checks = AccountChecks(client, self.record, self._ours(config, client, found, quotes))
        for account in client.accounts:
            yield from self._account(checks, account, store)

    def _recorded(self, account: str, transport: Transport) -> Transport:
        return Recorder(account, transport, self.clock, self.record)

    def _is_open(self, config: GridOcoConfig) -> bool:
        now = self.clock.now()
        calendar, _ = calendar_of(config, now.date())
        return phase_of(now, config.stop_at or config.default_stop_at, calendar) is SessionPhase.OPEN

    def _ours(
        self, config: GridOcoConfig, client: FindocMultiClient, found: list[Instrument], quotes: Mapping[str, Quote]
    ) -> Ours:
        """What the bot's state says that it holds, and what its grid may need."""
        numbers = {each.symbol: each.exchange_token for each in found}
        known = positions.positions(self.saved, client.account_of) if self.saved else ()
        held = {(each.account, numbers[each.symbol]): each.quantity for each in known if each.symbol in numbers}
        prices_now = {symbol: quote.price for symbol, quote in quotes.items()}
        centre = config.entry_price or prices_now.get(config.token_a_symbol)
        needed = judge.need(config.identity(centre), prices_now.get(config.token_b_symbol)) if centre else {}
        return Ours(
            symbols={number: symbol for symbol, number in numbers.items()},
            held=held,
            needed={
                account: sum(rupees, Decimal(0)) for account, rupees in _by_account(needed, config, client).items()
            },
            sold=_by_account(to_be_held(config.identity()), config, client),
        )

    def _account(self, checks: AccountChecks, account: str, store: CautiousStore) -> Iterator[Finding]:
        try:
            yield from checks.of(account)
        except LoginNeeded as exc:
            if not self._allows(f"{account}: {exc}."):
                told = f"{exc}, so nothing of this account was looked at"
                yield yellow(f"session {account}", told, "A start logs in; to look before it: tg1 doctor --yes")
                return
            store.may_log_in = True
            yield from checks.of(account)
            store.may_log_in = self.may_log_in

    def _allows(self, question: str) -> bool:
        if not self.asks:
            return False
        try:
            return input(f"{question} Log in? [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            return False

    def write_evidence(self, path: Path) -> None:
        """Write what the brokers answered, cleaned. Raises `ConfigError`."""
        cleaned = evidence_of(self.record, [*self.secrets, self.command.config.bot_name])
        text = self.redactor.scrub(json.dumps(cleaned, indent=1))
        beside = path.with_name(f".{path.name}.new")
        try:
            OsFileSystem().write_synced(beside, text.encode())
            beside.replace(path)
        except OSError as exc:
            raise ConfigError(f"--evidence {path} can't be written: {exc.strerror or exc}") from exc


def _by_account(asked: Mapping[str, T], config: GridOcoConfig, client: FindocMultiClient) -> dict[str, tuple[T, ...]]:
    """Roles that trade in one account ask of it together."""
    accounts = {"trade": client.account_of(Role.ENTRY, TradeSide.DOWNSIDE)}
    if config.has_oco:
        accounts |= {f"{side.lower()}_oco": client.account_of(Role.OCO, side) for side in TradeSide}
    found: dict[str, tuple[T, ...]] = {}
    for role, each in asked.items():
        found[accounts[role]] = (*found.get(accounts[role], ()), each)
    return found
