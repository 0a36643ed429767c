"""Clusters nobody named: against scikit-learn and pandas; why they are tested on another half."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from cas_audit.audit.alike import Alike, halves, open_alike
from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.inference.clusters import halve, standing_out
from cas_audit.inference.scores import ratio

CELLS, STRETCHES = 160, 4


def test_cells_are_halved_across_what_varies_most() -> None:
    """The first principal component of scikit-learn, cut at its median; then within each half."""
    rows = np.random.default_rng(1).normal(size=(101, 4)) @ np.diag([1.0, 3.0, 0.5, 2.0])
    clusters = halve(rows, 2, 5)
    along = PCA(1).fit_transform(rows).ravel()
    lower = along <= np.median(along)
    within = PCA(1).fit_transform(rows[lower]).ravel()
    quarter = np.zeros(101, dtype=bool)
    quarter[np.flatnonzero(lower)[within <= np.median(within)]] = True

    assert 6 == len(clusters)
    assert any((one == lower).all() or (one == ~lower).all() for one in clusters[:2])
    assert any((one == quarter).all() or (one == (lower & ~quarter)).all() for one in clusters[2:])


def test_rows_in_another_order_are_in_the_same_clusters() -> None:
    """Equal rows stay together, and a part that cannot be cut stays whole."""
    rng = np.random.default_rng(2)
    rows = rng.poisson(0.4, (90, 3)).astype(float)
    order = rng.permutation(90)
    found, mixed = halve(rows, 3, 8), halve(rows[order], 3, 8)

    assert {one[order].tobytes() for one in found} == {one.tobytes() for one in mixed}
    assert all(8 <= one.sum() for one in found)
    assert 0 == len(halve(np.ones((20, 2)), 3, 5))


def test_what_stands_out_is_named_with_its_side() -> None:
    """In standard deviations of all rows; a column that never varies does not stand out."""
    rows = np.array([[0.0, 9, 1], [0, 9, 2], [0, 5, 1], [0, 5, 2]])

    column, apart = standing_out(rows, np.array([False, False, True, True]))

    assert 1 == column
    assert pytest.approx(-2) == apart


def lay_out(folder: Path, manifest: Manifest) -> pd.DataFrame:
    """Write forecasts and records of two stretches; return them a row a cell and period."""
    rng = np.random.default_rng(3)
    periods = pd.date_range("2025-01-06", periods=8, freq="7D")
    rows = pd.MultiIndex.from_product([range(12), periods], names=["cell", "period"])
    table = rows.to_frame(index=False).assign(theme="home_burglary")
    table["score"] = rng.integers(0, 3, len(table)) / 3
    table["flagged"] = rng.random(len(table)) < 0.4
    table["count"] = rng.poisson(1.0, len(table))
    table["stretch"] = table["period"].map(dict(zip(periods, np.arange(8) // 4, strict=True)))
    record = table[table["count"] > 0].rename(columns={"period": "week"})
    tables = {
        "forecasts": table[["cell", "period", "theme", "score", "flagged"]],
        "data/incidents": record[["cell", "week", "theme", "count"]].assign(channel="brought"),
        "partition": pd.DataFrame({"cell": range(12), "wide": np.arange(12) // 4, "fine": 0}),
        "stretches": pd.DataFrame({"period": periods, "stretch": np.arange(8) // 4}),
    }
    for path, one in tables.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        one.to_parquet(folder / f"{path}.parquet", index=False)
    seal_dossier(folder, manifest)
    return table


def test_what_is_expected_is_the_mean_of_cells_scored_and_flagged_alike(
    tmp_path: Path, manifest: Manifest
) -> None:
    """By pandas, within each half of the stretches; and the ratio of a cluster to the rest."""
    table = lay_out(tmp_path, manifest)
    alike = ["score", "flagged", "stretch"]
    table["due"] = table.groupby(alike)["count"].transform("mean")
    cells, found = open_alike(Dossier(tmp_path))
    members = np.arange(12) % 3 == 0
    inside = table["cell"].mod(3) == 0
    for one in found["home_burglary"]:
        part = table[table["flagged"] == one.flagged]
        sums = part.pivot_table(index="cell", columns="stretch", values="due", aggfunc="sum")
        tested = part[part["stretch"] == 1].groupby(inside)[["count", "due"]].sum()
        rate = tested["count"] / tested["due"]
        by_hand = rate[True] / rate[False] if one.flagged else rate[False] / rate[True]

        assert pytest.approx(sums.reindex(cells).fillna(0).to_numpy()) == one.expected
        assert pytest.approx(by_hand) == one.tested(members).estimate


def drawn(rng: np.random.Generator, planted: float = 1.0) -> tuple[Alike, NDArray[np.bool_]]:
    """Draw what followed the same score everywhere, but in a planted cluster; and the clusters."""
    rows = rng.normal(size=(CELLS, 3))
    clusters = halve(rows, 3, 10)
    due = np.full((CELLS, STRETCHES), 2.0)
    rate = np.where(clusters[0], planted, 1.0)[:, None]
    recorded: Any = rng.poisson(due * rate).astype(float)
    return Alike(True, recorded, due, np.arange(CELLS) // 10), clusters


def test_a_cluster_that_is_worse_off_is_found_on_one_half_and_shown_on_the_other() -> None:
    """The planted one; and its ratio is that of the plan, not what the search made of it."""
    alike, clusters = drawn(np.random.default_rng(4), 0.5)
    worst = max(clusters, key=alike.badness)
    found = ratio(alike.tested(worst))

    assert (worst == clusters[0]).all()
    assert found is not None
    assert found.low < 0.5 < found.high < 0.8


def test_where_nothing_is_planted_the_other_half_says_so() -> None:
    """The worst of fourteen looks worse where it was found; tested there, many would be alarms."""
    alarms, same, trials = 0, 0, 150
    for seed in range(trials):
        alike, clusters = drawn(np.random.default_rng([5, seed]))
        worst = max(clusters, key=alike.badness)
        search, _ = halves(STRETCHES)
        again = Alike(
            True,
            np.roll(alike.recorded, 1, axis=1),  # so that what was searched in is tested on
            alike.expected,
            alike.wide,
        )
        for one, counted in ((alike, "other"), (again, "same")):
            found = ratio(one.tested(worst))
            assert found is not None
            alarms += counted == "other" and found.inner_high < 1
            same += counted == "same" and found.inner_high < 1

    assert search.tolist() == [True, False, True, False]
    assert alarms / trials < 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / trials)
    assert same / trials > 0.15
