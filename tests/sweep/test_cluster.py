"""`--dask`: the same sweep on a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import joblib
from distributed import LocalCluster

from tests.sweep.small import GRID, line, prices, told
from tg1.sweep import keys, workers
from tg1.sweep.program import main
from tg1.sweep.work import carried_out

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


TWO = [*GRID, "--spread", "0.3,0.4"]


def on_dask(tmp_path: Path, address: str, *args: str) -> list[str]:
    """A line for the cluster, with results of its own."""
    given = ["--prices", str(tmp_path / "prices.csv"), "--results", str(tmp_path / "dask.sqlite")]
    return [*given, *TWO, "--dask", address, *args]


def test_cluster_computes_what_this_machine_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker of two threads, equal to the paisa, the prices scattered once; another edition of TG1 is refused."""
    alone = told(capsys, line(tmp_path, *TWO))
    scattered: list[int] = []
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        real = joblib.parallel_config

        def watched(**config: object) -> object:
            scattered.append(len(config["scatter"]))  # type: ignore[arg-type]  # a list of days
            return real(**config)

        monkeypatch.setattr(joblib, "parallel_config", watched)
        found = told(capsys, on_dask(tmp_path, cluster.scheduler_address))
        assert found["combinations"] == alone["combinations"]
        assert found["counts"] == alone["counts"]
        assert scattered == [1]
        monkeypatch.setattr(workers, "carried_out", sys.exit)
        assert main(on_dask(tmp_path, cluster.scheduler_address, "--fill", "touch")) == 1
        assert f"--dask {cluster.scheduler_address} did not carry it out (" in capsys.readouterr().err
        monkeypatch.setattr(workers, "carried_out", carried_out)
        monkeypatch.setattr("tg1.sweep.run.edition", lambda: "another")
        assert main(on_dask(tmp_path, cluster.scheduler_address, "--fill", "touch")) == 1
        assert "a worker runs another edition of TG1 than the sweep" in capsys.readouterr().err
    assert keys.edition() != "another"


def test_cluster_that_nobody_answers_for_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, as for every server that can't be reached (behaviour 14)."""
    monkeypatch.setattr(workers, "CLUSTER_PATIENCE_SECS", 0.2)
    prices(tmp_path)
    assert main(on_dask(tmp_path, "tcp://127.0.0.1:9")) == 4
    assert capsys.readouterr().err.startswith("tg1 sweep: --dask tcp://127.0.0.1:9 can't be reached: ")


def test_missing_dask_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an extra of its own."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    prices(tmp_path)
    assert main(on_dask(tmp_path, "tcp://127.0.0.1:9")) == 2
    assert "pip install 'tg1[insight,dask]'" in capsys.readouterr().err
