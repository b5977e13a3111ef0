"""The paper exchange is for this machine alone (behaviour 17)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.paper_server import serving_in_thread
from tg1.paper.__main__ import make_parser
from tg1.paper.build import PaperSettings, build
from tg1.paper.errors import PaperUsageError
from tg1.paper.server import PaperServer

if TYPE_CHECKING:
    from collections.abc import Iterator


def _own_addresses() -> Iterator[tuple[socket.AddressFamily, str]]:
    """This machine's addresses towards other machines; connecting a datagram socket sends nothing."""
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                address = str(probe.getsockname()[0])
        except OSError:
            continue  # the machine has no such network
        if not address.startswith("127.") and address != "::1":
            yield family, address


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "::1", "192.0.2.1", "localhost", "127.0.0.2"])  # noqa: S104  # what must be refused
def test_exchange_refuses_every_other_host(host: str) -> None:
    """One address, and no name that a resolver could point elsewhere."""
    with pytest.raises(PaperUsageError, match=r"127\.0\.0\.1 only"):
        PaperServer(build(PaperSettings()), host=host)


def test_command_has_no_flag_for_a_host(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody can open it to a network by mistake."""
    with pytest.raises(SystemExit) as end:
        make_parser().parse_args(["--host", "0.0.0.0"])  # noqa: S104  # what must be refused
    assert end.value.code == 2
    assert "--host" in capsys.readouterr().err


def test_exchange_can_not_be_reached_at_an_address_of_the_network() -> None:
    """Its port answers on loopback and is closed on every address that another machine could use."""
    addresses = list(_own_addresses())
    if not addresses:
        pytest.skip("this machine has loopback addresses only")
    with serving_in_thread(build(PaperSettings(manual_prices=True))) as roots:
        port = urlsplit(roots.xts_root).port
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        for family, address in addresses:
            with socket.socket(family) as probe:
                probe.settimeout(5)
                with pytest.raises(OSError, match="refused"):
                    probe.connect((address, port))
