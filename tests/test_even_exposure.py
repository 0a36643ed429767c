"""The cases of model/even_exposure, and fairlearn as oracle for its point value."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.audit.finding import Finding
from cas_audit.audit.groups import exposure, group_weights, weekly_exposure
from cas_audit.audit.programme import list_checks, run_check
from cas_audit.files import write_json

CASES = yaml.safe_load((Path(__file__).parent / "cases/model/even_exposure.yaml").read_text())
GROUPS = {"groups": [{"name": "a", "reference": "others"}]}
WEEKS_A_STRETCH = 13


def forecasts(per_stretch: list[list[int]]) -> pd.DataFrame:
    """Flag each cell in the first so many weeks of each stretch."""
    rows = [
        {"cell": cell, "week": number * WEEKS_A_STRETCH + week, "flagged": week < count}
        for number, counts in enumerate(per_stretch)
        for cell, count in enumerate(counts)
        for week in range(WEEKS_A_STRETCH)
    ]
    table = pd.DataFrame(rows)
    table["period"] = pd.Timestamp("2025-01-06") + pd.to_timedelta(table.pop("week") * 7, unit="D")
    return table.assign(theme="home_burglary", score=0.5)


def residents() -> pd.DataFrame:
    """Return four cells of one hundred residents; `a` lives in the first two."""
    people = [100.0] * 4
    return pd.DataFrame({"cell": range(4), "residents": people, "a": [100.0, 100.0, 0.0, 0.0]})


def run(folder: Path, manifest: Manifest, case: dict[str, Any], flags: pd.DataFrame) -> Finding:
    """Seal a dossier from a case and run the check on it."""
    (folder / "data").mkdir(parents=True)
    flags.to_parquet(folder / "forecasts.parquet", index=False)
    residents().to_parquet(folder / "data/residents.parquet", index=False)
    periods = pd.DataFrame({"period": sorted(flags["period"].unique())})
    periods["stretch"] = np.arange(len(periods)) // WEEKS_A_STRETCH
    periods.to_parquet(folder / "partition.parquet", index=False)
    write_json(folder / "data/groups.json", GROUPS)
    seal_dossier(folder, manifest)
    check = list_checks()["model/even_exposure"]
    return run_check(check, Dossier(folder), case.get("thresholds", {}))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(tmp_path: Path, manifest: Manifest, case: dict[str, Any]) -> None:
    """The case has the outcome it states."""
    found = run(tmp_path / "dossier", manifest, case, forecasts(case["flags"]))

    assert case["outcome"] == found.outcome
    assert case.get("message", case["outcome"]) == found.message
    if "estimate" in case:
        assert pytest.approx(case["estimate"]) == found.estimate


def test_shuffled_rows_leave_the_finding_as_it_was(tmp_path: Path, manifest: Manifest) -> None:
    """The order of the forecasts does not matter; only the digest of the file differs."""
    flags = forecasts(CASES[3]["flags"])
    one = run(tmp_path / "one", manifest, {}, flags)
    other = run(tmp_path / "other", manifest, {}, flags.sample(frac=1, random_state=1))

    assert one.model_copy(update={"inputs": {}}) == other.model_copy(update={"inputs": {}})


def test_without_forecasts_the_outcome_is_unavailable(tmp_path: Path, manifest: Manifest) -> None:
    """A dossier that lacks the input is never a success."""
    seal_dossier(tmp_path, manifest)
    found = run_check(list_checks()["model/even_exposure"], Dossier(tmp_path), {})

    assert found.outcome == "unavailable"


def test_fairlearn_agrees_with_the_point_value() -> None:
    """Exposure by sums over weeks is fairlearn's weighted selection rate."""
    rng = np.random.default_rng(1)
    people = pd.DataFrame({"cell": range(50), "a": rng.integers(0, 90, 50).astype(float)})
    people["residents"] = people["a"] + rng.integers(1, 90, 50)
    weights = group_weights(people, "a", "others")
    flags = pd.DataFrame([(c, p) for c in range(50) for p in range(20)], columns=["cell", "period"])
    flags["flagged"] = rng.random(1000) < 0.2
    share = flags.groupby("cell")["flagged"].mean().to_numpy()
    ours = weekly_exposure(flags, weights).mean().to_dict()

    assert pytest.approx(exposure(share, weights)) == ours
