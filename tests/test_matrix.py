"""The matrix of dials and checks: each dial does what it says, and surprises are told."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from cas_audit.audit.programme import list_checks
from cas_audit.simulate.feed import write_feed

SEED, SIDE = 1, 30
PROGRAM = Path(__file__).resolve().parent.parent / "benchmarks/matrix.py"


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    """Return the benchmark as a module."""
    spec = importlib.util.spec_from_file_location("matrix", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["matrix"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the feed of a small city without bias."""
    folder = tmp_path_factory.mktemp("city")
    write_feed(folder, seed=SEED, side=SIDE, over_policing=0.0, themes=("home_burglary",))
    return folder / "feed"


def spoiled(
    matrix: ModuleType, drawn: Path, tmp_path: Path, name: str
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return incidents before and after a dial, and which of the first lie in their areas."""
    folder = Path(shutil.copytree(drawn, tmp_path / "feed"))
    feed = matrix.Feed(folder, SEED, SIDE)
    before = feed.incidents()
    matrix.DIALS[name].spoil(feed, np.random.default_rng(1))
    return before, feed.incidents(), feed.theirs(before)


def test_in_their_areas_four_in_five_are_not_told(
    matrix: ModuleType, drawn: Path, tmp_path: Path
) -> None:
    """Elsewhere nothing is lost, and the survey says so too."""
    before, after, theirs = spoiled(matrix, drawn, tmp_path, "reporting")
    kept = before["zaaknummer"].isin(after["zaaknummer"]) | (before["melding"] != "aangifte")
    survey = [pd.read_csv(one / "survey.csv") for one in (drawn, tmp_path / "feed")]
    share = survey[1]["gemeld_procent"] / survey[0]["gemeld_procent"].where(lambda one: one > 0)

    assert 100 < theirs.sum() < 0.8 * len(before)
    assert kept[~theirs].all()
    assert kept[theirs].mean() == pytest.approx(0.2, abs=0.06)
    assert {0.2, 1.0} == set(share.dropna().round(1))


def test_in_their_areas_places_are_lost(matrix: ModuleType, drawn: Path, tmp_path: Path) -> None:
    """Four in five, and none elsewhere."""
    before, after, theirs = spoiled(matrix, drawn, tmp_path, "places")
    lost = (after["x_rd"] == "0.0") & (before["x_rd"] != "0.0")

    assert not lost[~theirs].any()
    assert lost[theirs].mean() == pytest.approx(0.8, abs=0.06)


def test_in_their_areas_filing_is_late(matrix: ModuleType, drawn: Path, tmp_path: Path) -> None:
    """Four in five are filed sixty days later."""
    before, after, theirs = spoiled(matrix, drawn, tmp_path, "filing")
    days = pd.to_datetime(after["registratiedatum"]) - pd.to_datetime(before["registratiedatum"])

    assert {0} == set(days[~theirs].dt.days)
    assert {0, 60} == set(days[theirs].dt.days)


@pytest.mark.parametrize(("name", "share"), [("repeats", 1.1), ("codes", 1.0), ("weeks", 0.96)])
def test_the_record_itself_is_spoiled(
    matrix: ModuleType, drawn: Path, tmp_path: Path, name: str, share: float
) -> None:
    """Rows that stand twice, weeks that were never delivered, and a code that changes."""
    before, after, _ = spoiled(matrix, drawn, tmp_path, name)
    renamed = (after["feitcode"].to_numpy() != before["feitcode"].iloc[0]).mean()

    assert len(after) / len(before) == pytest.approx(share, abs=0.015)
    assert renamed == pytest.approx(0.4 / 3 if name == "codes" else 0.0, abs=0.03)


def test_suspects_stand_for_a_group(matrix: ModuleType, drawn: Path, tmp_path: Path) -> None:
    """Their number goes with the share of the group, cell by cell, and with no incident."""
    spoiled(matrix, drawn, tmp_path, "proxy")
    city = matrix.Feed(tmp_path / "feed", SEED, SIDE).city()
    share = city.share_outside[city.area[city.kept]]
    suspects = [
        pd.read_parquet(one / "suspects.parquet")["aantal_verdachten"]
        for one in (drawn, tmp_path / "feed")
    ]
    together = [np.corrcoef(share, one)[0, 1] for one in suspects]

    assert together[0] < 0.5
    assert together[1] > 0.8


def test_what_should_react_is_known(matrix: ModuleType) -> None:
    """Every check that a dial names is one of the programme."""
    named = {check for one in matrix.DIALS.values() for check in one.should}

    assert named <= set(list_checks())


def test_surprises_are_told(matrix: ModuleType) -> None:
    """A check that keeps quiet where it should not, and one that reacts to nothing."""
    quiet = {"data/records_are_unique": "met", "model/even_exposure": "met"}
    loud = {"data/records_are_unique": "met", "model/even_exposure": "not_met"}
    page = matrix.page({"none": quiet, "repeats": loud}, SEED, SIDE)

    assert "`repeats`: `data/records_are_unique` should not be met, and is met." in page
    assert "`repeats`: `model/even_exposure` is not met, which was not foreseen." in page
    assert "Met under every dial: `data/records_are_unique`." in page
