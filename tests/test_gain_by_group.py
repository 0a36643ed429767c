"""The gain over counting where a group lives, against the recall of fairlearn."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame  # noqa: TID251 - the oracle
from sklearn.metrics import recall_score

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.audit.programme import list_checks, run_check
from cas_audit.files import write_json
from cas_audit.inference.partition import stretches

CELLS, WEEKS = 24, 52
PAIRS = [{"name": "a", "reference": "b"}, {"name": "c", "reference": "b"}]
NAMES = ["a", "b", "c"]


def lay_out(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write a dossier of two maps; return cells by week with both flags, and residents."""
    rng = np.random.default_rng(4)
    week, cell = np.divmod(np.arange(CELLS * WEEKS), CELLS)
    days = pd.date_range("2025-01-06", periods=WEEKS, freq="7D")
    rows = pd.DataFrame({"cell": cell, "period": days[week], "theme": "home_burglary"})
    for name in ("flagged", "counting"):
        rows[name] = rng.random(len(rows)) < 0.3
    rows["count"] = rng.poisson(0.8, len(rows)) * (rng.random(len(rows)) < 0.5)
    people = pd.DataFrame(rng.integers(1, 90, (CELLS, 3)), columns=NAMES).rename_axis("cell")
    record = rows[rows["count"] > 0].rename(columns={"period": "week"})
    named = [
        {"theme": "home_burglary", "forecaster": one, "incidents": 300, "hits": 90, "near_hits": 9}
        for one in ("model", "counting")
    ]
    tables = {
        "forecasts": rows[["cell", "period", "theme", "flagged"]].assign(score=0.5),
        "model/counting": rows.loc[rows["counting"], ["theme", "cell", "period"]],
        "model/weekly": pd.DataFrame(named),
        "data/incidents": record[["cell", "week", "theme", "count"]].assign(channel="brought"),
        "data/residents": people.assign(residents=people.sum(axis=1)).reset_index(),
        "partition": pd.DataFrame({"cell": range(CELLS), "wide": np.arange(CELLS) // 4, "fine": 0}),
        "stretches": pd.DataFrame({"period": days, "stretch": stretches(WEEKS)}),
    }
    for path, table in tables.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(folder / f"{path}.parquet", index=False)
    write_json(folder / "data/groups.json", {"groups": PAIRS})
    write_json(folder / "model/parameters.json", {"model": "blend"})
    return rows, people


def recall(rows: pd.DataFrame, flags: str, people: pd.DataFrame) -> dict[str, float]:
    """Return fairlearn's recall by group, each incident weighted by who lives where it happened."""
    hit = rows[rows["count"] > 0]
    share = people.div(people.sum(axis=1), axis=0).loc[hit["cell"]]
    weight: Any = share.to_numpy() * hit[["count"]].to_numpy()
    frame = MetricFrame(
        metrics=recall_score,
        y_true=np.ones(3 * len(hit), dtype=int),
        y_pred=np.repeat(hit[flags].to_numpy(int), 3),
        sensitive_features=np.tile(NAMES, len(hit)),
        sample_params={"sample_weight": weight.ravel()},
    )
    return {str(name): float(value) for name, value in frame.by_group.items()}


def test_the_gain_of_each_group_is_the_difference_of_two_recalls(
    tmp_path: Path, manifest: Manifest
) -> None:
    """A group that two others are compared with stands there once."""
    rows, people = lay_out(tmp_path)
    seal_dossier(tmp_path, manifest)
    found = run_check(list_checks()["model/no_worse_in_any_group"], Dossier(tmp_path), {})
    model, counting = (recall(rows, name, people) for name in ("flagged", "counting"))
    shown = {str(row["group"]): row["value"] for row in found.tables["groups"]}

    assert {name: model[name] - counting[name] for name in NAMES} == pytest.approx(shown, abs=1e-8)
    assert 3 == found.n["comparisons"] == len(found.tables["groups"])
