"""On a Dask cluster: the numbers of one process, also when a worker is killed; or a clear error."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import cloudpickle
import numpy as np
import pytest

from cas_audit import cli, steps
from cas_audit.demo import prepare
from cas_audit.errors import InputError
from cas_audit.files import digest, read_yaml, tree, write_yaml
from cas_audit.forecast.features import FEATURES
from cas_audit.forecast.models import cas_ensemble
from cas_audit.forecast.panels import MemoryPanel
from cas_audit.forecast.sampling import BLOCK_CELLS
from cas_audit.forecast.scoring import Subject, sample_panel, score_panel, scoring_of, spread
from cas_audit.forecast.work import Work, ask_scheduler, open_work
from tests.lean import make_lean

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed", reason="Dask is not installed")
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test
NOBODY = "tcp://127.0.0.1:1"


class Slow:
    """A model that takes its time, so that a worker can be killed before it has ended."""

    def __init__(self, model: Any) -> None:
        """Take the model that gives the chances."""
        self.model = model

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Wait, then ask the model."""
        time.sleep(0.2)
        found: np.ndarray = self.model.predict_proba(rows)
        return found


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """Return a cluster of two processes on this machine."""
    how = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=2, **how) as cluster:
        yield cluster


def city() -> MemoryPanel:
    """Return a small city of twelve tiles."""
    rng = np.random.default_rng(1)
    intensity = rng.gamma(0.5, 0.1, (4 * BLOCK_CELLS - 9, 3 * BLOCK_CELLS - 5))
    counts = rng.poisson(intensity, (80, *intensity.shape)).astype(np.float32)
    mondays = (np.datetime64("2024-01-01") + 7 * np.arange(81)).astype("M8[ns]")
    kept = rng.random(intensity.shape) < 0.9
    return MemoryPanel({"theme": counts}, kept, 3, {}, mondays, BLOCK_CELLS)


def forecast(work: Work) -> np.ndarray:
    """Sample, fit and score two weeks, the last of which is still to come."""
    panel = work.reach(city())
    subject = Subject(panel, "theme", FEATURES)
    sample = sample_panel(subject, slice(52, 79), [1], work)
    model = Slow(cas_ensemble(1).fit(sample.features, sample.hit))
    scoring = scoring_of(subject, model, np.array([79, 80]), work.folder, "model")
    return spread(score_panel(scoring, work), panel)


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    """Return the numbers of threads in one process, from arrays in memory."""
    with open_work() as work:
        return forecast(work)


def test_two_processes_give_the_numbers_of_one(
    scheduler: Any, expected: np.ndarray, tmp_path: Path
) -> None:
    """To the last bit: the stored panel is cut like the one in memory."""
    with open_work(scheduler.scheduler_address, tmp_path) as work:
        found = forecast(work)

    assert len(list(tmp_path.rglob("*.npy"))) == 12
    assert np.array_equal(expected, found)
    assert (found > 0).sum() == 2 * city().kept.sum()


def test_a_killed_worker_costs_time_not_results(
    scheduler: Any, expected: np.ndarray, tmp_path: Path
) -> None:
    """Killed with a tile in hand, after the first tile was put down; the numbers are the same."""
    with distributed.Client(scheduler, set_as_default=False) as client:
        before = client.run(os.getpid)
    killed = []

    def kill() -> None:
        while not list(tmp_path.rglob("*.npy")):
            time.sleep(0.01)
        killed.append(len(list(tmp_path.rglob("*.npy"))))
        os.kill(next(iter(before.values())), signal.SIGKILL)

    thread = Thread(target=kill)
    thread.start()
    with open_work(scheduler.scheduler_address, tmp_path) as work:
        found = forecast(work)
    thread.join()

    assert killed[0] < 10
    assert np.array_equal(expected, found)


@pytest.mark.parametrize("model", ["cas_ensemble", "self_exciting"])
def test_the_command_gives_the_same_audit(
    scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Forecasts, flags and trials of a city do not say who worked, and no tile is left behind."""
    prepare(tmp_path, seed=5, side=36)
    make_lean(tmp_path)
    content = read_yaml(tmp_path / "configs/v1.yaml")
    content["forecast"] |= {"refits": 1, "model": model}
    write_yaml(tmp_path / "configs/here.yaml", content)
    content["forecast"]["scheduler"] = "${CAS_AUDIT_TEST_SCHEDULER}"
    write_yaml(tmp_path / "configs/there.yaml", content)
    monkeypatch.setenv("CAS_AUDIT_TEST_SCHEDULER", scheduler.scheduler_address)
    for name in ("here", "there"):
        steps.ingest(tmp_path / f"configs/{name}.yaml", tmp_path / name)
        steps.forecast(tmp_path / f"configs/{name}.yaml", tmp_path / name)
    here, there = tmp_path / "here/dossier", tmp_path / "there/dossier"
    parts = [name for name in tree(here) if name.startswith(("forecasts", "next", "trials/"))]

    assert {"forecasts.parquet", "next.parquet", "trials/refits.parquet"} <= set(parts)
    assert [] == [name for name in parts if digest(here / name) != digest(there / name)]
    assert digest(here / "model/parameters.json") == digest(there / "model/parameters.json")
    assert not (tmp_path / ".there.tiles").exists()
    address = scheduler.scheduler_address.encode()
    assert not [n for n in tree(there) if address in (there / n).read_bytes()]


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3 within seconds, before anything is read, with one sentence."""
    prepare(tmp_path, seed=5, side=24)
    path = tmp_path / "configs/v1.yaml"
    content = read_yaml(path)
    content["forecast"]["scheduler"] = NOBODY
    write_yaml(path, content)
    start = time.monotonic()
    with pytest.raises(SystemExit) as stop:
        cli.main(["ingest", str(path), "--out", str(tmp_path / "v1")])

    assert stop.value.code == 3
    assert time.monotonic() - start < 20
    assert "forecast.scheduler: nobody answered within 5 seconds" in capsys.readouterr().err
    assert not (tmp_path / "v1").exists()


def test_nobody_works(tmp_path: Path) -> None:
    """A scheduler without workers would be waited for without end."""
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        pytest.raises(InputError, match="has no workers"),
        open_work(empty.scheduler_address, tmp_path),
    ):
        pass


def test_what_is_no_address_is_refused() -> None:
    """As is one whose protocol nobody speaks."""
    with pytest.raises(InputError, match="nobody answered"):
        ask_scheduler("gopher://127.0.0.1:1")
