"""`tg1 completion`: a shell that knows every command and its flags."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tg1.commands import COMMANDS
from tg1.completion import PARSERS, main


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_script_knows_commands_and_their_flags(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And the shell itself finds nothing wrong with it."""
    assert main([shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in PARSERS)
    assert all(flag in script for flag in ("--oco-spread", "--quiet-hours", "--latency-ms", "--evidence", "--config"))
    program = shutil.which(shell)
    if program is not None:
        ran = subprocess.run([program, "-n"], input=script, text=True, capture_output=True, check=False)  # noqa: S603
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_a_command_and_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """`tg1 doc<TAB>` and `tg1 run --oco-sp<TAB>`."""
    assert main(["bash"]) == 0
    script = capsys.readouterr().out
    ask = """
    complete_it() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _shtab_tg1; echo "${COMPREPLY[@]}"; }
    complete_it tg1 doc
    complete_it tg1 run --oco-sp
    """
    ran = subprocess.run(["bash"], input=script + ask, text=True, capture_output=True, check=False)  # noqa: S607
    assert ran.stdout.split() == ["doctor", "--oco-spread"], ran.stderr


def test_every_command_has_its_parser() -> None:
    """Or the shell would not know it."""
    assert set(PARSERS) == set(COMMANDS)


def test_other_shells_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence, with exit 2."""
    assert main(["fish"]) == 2
    assert "invalid choice: 'fish'" in capsys.readouterr().err
