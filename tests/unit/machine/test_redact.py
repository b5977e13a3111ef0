"""No secret passes a Redactor or a SecretFilter (behaviour 16)."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.machine.redact import MASK, Redactor, SecretFilter, install, install_excepthooks, is_placeholder

SECRET = 'a/b+c=d"e\\f é'
SECRETS = st.text(min_size=4, max_size=30).filter(lambda text: text not in MASK)


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    """A logger of its own whose handler scrubs SECRET."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(extra_field)s", defaults={"extra_field": ""}))
    install(Redactor([SECRET]), [handler])
    logger = logging.Logger("of this test")  # noqa: LOG001  # no test may see another's
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        repr(SECRET),
        repr(SECRET.encode()),
    ],
    ids=["plain", "quoted", "quoted-plus", "lower-hex", "json", "repr", "bytes"],
)
def test_every_written_form_of_a_secret_is_masked(form: str) -> None:
    """A URL, a JSON body and a repr spell the same secret differently."""
    scrubbed = Redactor([SECRET]).scrub(f"before {form} after")
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert MASK in scrubbed
    assert form.strip("b'\"") not in scrubbed


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_plain_secret_never_survives(secret: str, before: str, after: str) -> None:
    """Whatever stands around it."""
    redactor = Redactor([secret])
    remaining = redactor.scrub(before + secret + after).replace(MASK, "")
    assert secret not in remaining or secret in (before + after)


def test_longer_secret_that_begins_with_a_shorter_one_is_masked_whole() -> None:
    """The rest of it would be a hint."""
    assert Redactor(["token", "token-of-today"]).scrub("x token-of-today") == f"x {MASK}"


def test_short_and_empty_texts_are_no_secrets() -> None:
    """Masking "a" would make every line unreadable."""
    assert Redactor(["", "abc"]).scrub("abcd") == "abcd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ws://h?api_key=K1&access_token=T1 end", f"ws://h?api_key={MASK}&access_token={MASK} end"),
        ("{'Authorization': 'token K1:T1', 'x': 1}", f"{{'Authorization': '{MASK}', 'x': 1}}"),
        ("authorization: ey.J0", f"authorization: {MASK}"),
    ],
    ids=["query", "kite-header", "xts-header"],
)
def test_credential_is_masked_by_its_place_before_anyone_registered_it(text: str, expected: str) -> None:
    """A token that a server has just handed out is known to nobody yet."""
    assert Redactor().scrub(text) == expected


def test_instruction_to_renew_is_left_readable() -> None:
    """The words api_key and access_token are no secrets."""
    text = "open login?v=3&api_key=<api_key>, write the access_token into the file"
    assert Redactor().scrub(text) == text


def test_message_and_arguments_are_scrubbed(log: tuple[logging.Logger, io.StringIO]) -> None:
    """The secret may sit in either, or only come together when they are joined."""
    logger, written = log
    logger.warning("%s and %r", SECRET, {"key": SECRET})
    logger.warning("a/b+c=%s", SECRET.removeprefix("a/b+c="))
    assert written.getvalue().count(MASK) == 3


def test_traceback_and_stack_are_scrubbed(log: tuple[logging.Logger, io.StringIO]) -> None:
    """An exception's text is where URLs end up."""
    logger, written = log
    try:
        int(SECRET)
    except ValueError:
        logger.exception("failed", stack_info=True)
    told = written.getvalue()
    assert "ValueError: invalid literal" in told
    assert MASK in told
    assert "Traceback" in told
    assert "Stack (most recent call last)" in told


def test_extra_fields_are_scrubbed(log: tuple[logging.Logger, io.StringIO]) -> None:
    """Machines read them, and files keep them."""
    logger, written = log
    logger.warning("one", extra={"extra_field": f"x{SECRET}"})
    logger.warning("two", extra={"extra_field": {"nested": [SECRET]}})
    logger.warning("three", extra={"extra_field": 7})
    assert written.getvalue().count(MASK) == 2
    assert "three 7" in written.getvalue()


def test_arguments_that_do_not_fit_the_message_are_scrubbed_too(
    log: tuple[logging.Logger, io.StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise logging would print them to stderr, past every filter."""
    logger, written = log
    logger.warning("%d", SECRET)
    assert MASK in written.getvalue()
    assert capsys.readouterr().err == ""


def test_secret_added_later_is_masked_from_then_on(log: tuple[logging.Logger, io.StringIO]) -> None:
    """Tokens are renewed while the bot runs."""
    logger, written = log
    scrubbing = logger.handlers[0].filters[0]
    assert isinstance(scrubbing, SecretFilter)
    scrubbing.redactor.add("renewed-token")
    logger.warning("renewed-token")
    assert "renewed" not in written.getvalue()


def test_filter_is_installed_once_per_redactor() -> None:
    """Starting twice must not scrub twice."""
    handler, redactor = logging.NullHandler(), Redactor()
    install(redactor, [handler, handler])
    install(Redactor(), [handler])
    assert len(handler.filters) == 2


def test_uncaught_exceptions_are_printed_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The interpreter prints them itself, in the main thread and in others."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    install_excepthooks(Redactor([SECRET]))
    error = ValueError(SECRET)
    sys.excepthook(ValueError, error, None)
    thread = threading.Thread(target=lambda: {"": ""}[SECRET])
    thread.start()
    thread.join()
    told = capsys.readouterr().err
    assert f"ValueError: {MASK}" in told
    assert "KeyError" in told
    assert told.count(MASK) == 2


def test_redactor_shows_no_secret_of_its_own() -> None:
    """Not even in a debugger's repr."""
    assert SECRET not in repr(Redactor([SECRET]))


@pytest.mark.parametrize("text", ["…", "...", "***", "xxxx", "<key>", "[token]", "YOUR_KEY", "my-secret"])
def test_placeholder_of_an_example_is_told_from_a_key(text: str) -> None:
    """What is copied from a page with everything else is no credential."""
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["x", "key-1", "e8f1c0d2", "m.y", "mykey", "a<b>"])
def test_key_is_no_placeholder(text: str) -> None:
    """A key may look odd."""
    assert not is_placeholder(text)
