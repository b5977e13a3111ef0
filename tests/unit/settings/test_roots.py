"""Where keys and orders may be sent: a host, or a URL that does not carry them in the clear (behaviour 11.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.machine.hosts import is_loopback
from tg1.settings.values import to_root


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("xts.myfindoc.com", "https://xts.myfindoc.com"),
        ("https://xts.myfindoc.com", "https://xts.myfindoc.com"),
        ("https://xts.myfindoc.com/", "https://xts.myfindoc.com"),
        ("HTTPS://Xts.Myfindoc.com:3000", "https://xts.myfindoc.com:3000"),
        ("xts.myfindoc.com:3000", "https://xts.myfindoc.com:3000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://10.0.0.7", "https://10.0.0.7"),
    ],
)
def test_root_is_a_host_or_a_url(text: str, root: str) -> None:
    """A bare host means https; http is for loopback (behaviour 11.4)."""
    assert to_root("--xts-root", text, "https") == root
    assert to_root("--xts-root", root, "https") == root


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "https://", "http://xts.myfindoc.com", "http://10.0.0.7", "http://127.0.0.1.nip.io", "http://127.1",
        "http://localhost.evil.example", "http://0.0.0.0", "http://[::2]", "ftp://host", "ws://127.0.0.1",
        "https://host/path", "https://host?x=1", "https://host#f", "https://user:pass@host", "https://host:0",
        "https://host:99999", "https://host:x", "https://a b", "https://-host",
        "https://h\u00f6st", "https://https://host", "//host", "https://[::1", "http://127.0.0.1@evil.example",
    ],
    ids=repr,
)  # fmt: skip
def test_root_of_another_form_is_refused(text: str) -> None:
    """Whatever is no host, or would carry credentials in the clear, ends with exit 2 (behaviour 11.4)."""
    with pytest.raises(ConfigError) as caught:
        to_root("--xts-root", text, "https")
    assert "pass" not in str(caught.value)


def test_root_of_a_ticker_has_its_own_schemes() -> None:
    """Kite's socket roots follow the same rule (behaviour 11.4)."""
    assert to_root("--kite-ws-root", "ws.kite.trade", "wss") == "wss://ws.kite.trade"
    assert to_root("--kite-ws-root", "ws://127.0.0.1:9", "wss") == "ws://127.0.0.1:9"
    for text in ("ws://ws.kite.trade", "https://ws.kite.trade"):
        with pytest.raises(ConfigError):
            to_root("--kite-ws-root", text, "wss")


@given(text=st.text(max_size=40) | st.text(alphabet="https:/.[]@12780lo?#", max_size=25))
def test_root_is_parsed_or_refused(text: str) -> None:
    """No text raises anything but `ConfigError`, and what is accepted in the clear is loopback."""
    try:
        root = to_root("--xts-root", text, "https")
    except ConfigError:
        return
    assert root.startswith("https://") or is_loopback(root.removeprefix("http://").rsplit(":", 1)[0].strip("[]"))
