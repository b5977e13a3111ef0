"""Addresses are secrets, and what is sent to them arrives (behaviour 16)."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.alerts import NOON, alert
from tests.support.notified import TOPIC, NtfyServer, ntfy_server
from tg1.errors import ConfigError
from tg1.machine.redact import Redactor
from tg1.watch.message import Message, Tone, message_of
from tg1.watch.targets import TAKEN, Answer, collect, targets_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.watch.targets import Target


MESSAGE = Message(title="t", body="b", tone=Tone.BAD)


@pytest.fixture
def ntfy() -> Iterator[NtfyServer]:
    """A service on loopback."""
    yield from ntfy_server()


@pytest.fixture
def target(ntfy: NtfyServer) -> Target:
    """That service as the watch has it."""
    return targets_of(collect(None, {"TG1_ALERT_URLS": ntfy.address}), Redactor())[0]


def private(path: Path, text: str) -> Path:
    """A file that nobody else can read."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_an_alert_arrives_through_apprise(ntfy: NtfyServer, target: Target) -> None:
    """Title and body, with a bot's name taken as text and not as mark-up."""
    message = message_of([alert(bot="<b>Grid & Co</b> *x* {y}")], 0, NOON, "prod-1")
    assert target.send(message) == TAKEN
    [(title, body)] = ntfy.posted
    assert "<b>Grid & Co</b> *x* {y} hangs" in title + body
    assert "12:00:00 <b>Grid & Co</b> *x* {y}: no cycle for 12 s" in body
    assert target.name == "target 1 (ntfy)"


def test_a_refusal_is_told_in_our_own_words(
    ntfy: NtfyServer, target: Target, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that the library says of it is repeated anywhere: it names the address."""
    caplog.set_level(logging.DEBUG)
    ntfy.status = 500
    assert target.send(MESSAGE) == Answer(why_not="it answered 500")
    ntfy.shutdown()
    ntfy.server_close()
    again = targets_of(collect(None, {"TG1_ALERT_URLS": ntfy.address}), Redactor())[0]
    assert again.send(MESSAGE) == Answer(why_not="it can't be reached")
    said = capsys.readouterr()
    assert TOPIC not in caplog.text + said.out + said.err + repr(target)


@pytest.mark.parametrize(
    ("status", "is_final"), [(400, True), (413, True), (422, True), (401, False), (404, False), (429, False)]
)
def test_a_refusal_is_final_only_where_the_message_is_at_fault(
    ntfy: NtfyServer, status: int, *, is_final: bool
) -> None:
    """An address that is wrong today, or a service that wants fewer, may take the same message tomorrow."""
    [target] = targets_of(collect(None, {"TG1_ALERT_URLS": ntfy.hurried_address}), Redactor())
    ntfy.status = status
    assert target.send(MESSAGE) == Answer(why_not=f"it answered {status}", is_final=is_final)


@pytest.mark.parametrize(
    ("url", "room"),
    [
        ("ntfys://ntfy.sh/topic", 3000),
        ("discord://123456789012345678/abcdefghijklmnop", 1700),
        ("pover://user@token", 724),
    ],
)
def test_a_message_is_made_for_what_its_service_takes(url: str, room: int) -> None:
    """With 300 characters left for what stands around the alerts; never more than a phone shows."""
    [target] = targets_of(collect(None, {"TG1_ALERT_URLS": url}), Redactor())
    assert target.room == room


def test_what_is_longer_than_a_service_takes_arrives_in_parts(
    ntfy: NtfyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord takes 2,000 characters and Pushover 1,024, and each refuses what is longer; the address may say other."""
    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.body_maxlen", 400)
    many = [alert(number, text=f"sentence {number} of some length, as a broker writes them") for number in range(20)]
    message = message_of(many, 0, NOON, "prod-1")
    addresses = f"{ntfy.hurried_address} {ntfy.hurried_address}?overflow=truncate"
    split, cut = targets_of(collect(None, {"TG1_ALERT_URLS": addresses}), Redactor())
    assert split.send(message) == TAKEN
    bodies = [body for _, body in ntfy.posted]
    assert max(map(len, bodies)) <= 400
    assert [line for body in bodies for line in body.splitlines()] == message.body.splitlines()
    ntfy.posted.clear()
    assert cut.send(message) == TAKEN
    assert len(ntfy.posted) == 1


def test_addresses_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    """The flag's file first, then the variable, then the file that the other variable names."""
    listed = private(tmp_path / "listed", "# phone\n\n ntfy://one \nntfy://two\n")
    other = private(tmp_path / "other", "ntfy://three")
    environ = {"TG1_ALERT_URLS": "ntfy://four\nntfy://five", "TG1_ALERT_URLS_FILE": str(other)}
    assert [url for _, url in collect(listed, environ).urls] == ["ntfy://one", "ntfy://two"]
    assert [url for _, url in collect(None, environ).urls] == ["ntfy://four", "ntfy://five"]
    del environ["TG1_ALERT_URLS"]
    assert [url for _, url in collect(None, environ).urls] == ["ntfy://three"]
    assert collect(None, {}).urls == ()


def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    """As every file with a credential is."""
    path = private(tmp_path / "urls", "ntfy://one")
    assert collect(path, {}).warnings == ()
    path.chmod(0o644)
    assert collect(path, {}).warnings == (f"{path} (--alert-urls) can be read by other users: chmod 600 it.",)


def test_a_file_that_can_not_be_used_is_refused(tmp_path: Path) -> None:
    """In a sentence with its name, and nothing that it holds."""
    with pytest.raises(ConfigError, match=r"missing, which can't be read: No such file"):
        collect(tmp_path / "missing", {})
    with pytest.raises(ConfigError, match="a folder, where a regular file is needed"):
        collect(tmp_path, {})
    with pytest.raises(ConfigError, match="holds no address"):
        collect(private(tmp_path / "empty", "# none yet\n"), {})
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="holds no UTF-8 text"):
        collect(tmp_path / "binary", {})


@pytest.mark.parametrize(
    "wrong", ["telegramm://123/secret-token-of-mine", "secret-token-of-mine", "tgram://secret-token-of-mine"]
)
def test_an_address_that_nobody_knows_is_refused_without_quoting_it(
    wrong: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which line; the library's own complaint, which quotes it, is not heard."""
    caplog.set_level(logging.DEBUG)
    path = private(tmp_path / "urls", f"ntfy://one\n{wrong}\n")
    with pytest.raises(ConfigError, match=r"line 2 of .*urls is no address that Apprise knows") as refusal:
        targets_of(collect(path, {}), Redactor())
    said = capsys.readouterr()
    assert "secret-token" not in str(refusal.value) + caplog.text + said.out + said.err


def test_the_parts_of_an_address_are_masked_wherever_they_appear() -> None:
    """A token is as secret as the address that it is in."""
    redactor = Redactor()
    targets_of(collect(None, {"TG1_ALERT_URLS": "tgram://123456789:ABCdefGHI_jkl-XYZ/987654321"}), redactor)
    assert redactor.scrub("POST /bot123456789:ABCdefGHI_jkl-XYZ/send") == "POST /bot[redacted]:[redacted]/send"


def test_the_key_of_a_target_shows_nothing_of_its_address() -> None:
    """The spool holds it: the same for the same address, and for no other."""
    one, two, again = (
        targets_of(collect(None, {"TG1_ALERT_URLS": url}), Redactor())[0].key
        for url in ("ntfy://one-topic", "ntfy://two-topic", "ntfy://one-topic")
    )
    assert one == again != two
    assert "topic" not in one


def test_without_apprise_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, and exit 2; a watch without addresses does without it."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert targets_of(collect(None, {}), Redactor()) == ()
    with pytest.raises(ConfigError, match=r"pip install 'tg1\[watch\]'") as refusal:
        targets_of(collect(None, {"TG1_ALERT_URLS": "ntfy://one"}), Redactor())
    assert refusal.value.exit_code == 2
