"""Shuffled rows and renamed groups leave every verdict as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.audit.finding import Finding
from cas_audit.audit.programme import list_checks, run_check
from cas_audit.files import write_json
from cas_audit.inference.partition import stretches

CELLS, WEEKS, REFITS = 32, 52, 6
THEMES = ["home_burglary", "drugs"]
PAIRS = [
    {"name": "a", "reference": "others"},
    {"name": "b", "reference": "c"},
    {"name": "a_highest_fifth", "reference": "a_lowest_fifth", "fifths_of": "a"},
]
GROUPED = {name: one for name, one in list_checks().items() if "open_pairs" in one.path.read_text()}
EXAMPLES = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a seed is as small as any other
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ASK_MORE = {  # tables or trials that this city has not got, or more incidents in a cell
    "data/locations_are_complete",
    "data/places_are_represented",
    "data/records_are_brought_not_found",  # shows groups, and judges the whole record
    "data/registration_is_timely",
    "data/reporting_is_even",
    "model/calibrated_in_every_group",
    "model/even_false_flags",
    "model/even_misses",
    "model/exposure_follows_need",
    "model/fairness_without_proxies",
    "model/no_worse_in_any_group",
    "model/robust_to_thresholds",
    "model/stable_choice",
    "model/the_loop_does_not_run_away",
}
NEW = {"a": "q3", "b": "q2", "c": "q1"}  # found nowhere else in a finding
Tables = dict[str, pd.DataFrame]


def draw(seed: int, *, refits: bool) -> Tables:
    """Draw a small city with three groups; the figures of some areas are lacking."""
    rng = np.random.default_rng(seed)
    cells, area = np.arange(CELLS), np.arange(CELLS) // 2
    people = rng.integers(50, 200, CELLS).astype(float)
    parts = rng.dirichlet([2.0, 2.0, 4.0], CELLS // 2)[area] * people[:, None]
    residents = pd.DataFrame(parts, columns=["a", "b", "c"])
    residents.loc[area == 3, "a"] = np.nan
    weeks = pd.date_range("2025-01-06", periods=WEEKS, freq="7D")
    chance = rng.beta(2, 8, (len(THEMES), 1, CELLS)) * 3
    flagged = rng.random((len(THEMES), WEEKS, CELLS)) < chance
    theme, week, cell = np.nonzero(flagged)
    rows = {"theme": np.array(THEMES)[theme], "cell": cell}
    counts = rng.integers(1, 4, (2, len(cell)))
    both = [
        pd.DataFrame({**rows, "week": weeks[week], "channel": channel, "count": count})
        for channel, count in zip(("brought", "found"), counts, strict=True)
    ]
    found = {
        "data/residents": residents.assign(cell=cells, residents=people),
        "data/cells": pd.DataFrame({"cell": cells, "area": area.astype(str)}),
        "data/weeks": pd.DataFrame({"week": weeks}),
        "data/incidents": pd.concat(both).sample(frac=0.4, random_state=seed),
        "forecasts": pd.DataFrame({**rows, "period": weeks[week], "flagged": True}),
        "partition": pd.DataFrame({"cell": cells, "wide": cells // 4, "fine": cells}),
        "stretches": pd.DataFrame({"period": weeks, "stretch": stretches(WEEKS)}),
        "model/feature_means": pd.DataFrame(
            {"theme": np.repeat(THEMES, CELLS), "cell": np.tile(cells, len(THEMES))}
        ).assign(one=rng.random(2 * CELLS), two=rng.random(2 * CELLS)),
        "model/counting": pd.DataFrame({**rows, "period": weeks[week]}).sample(
            frac=0.5, random_state=seed
        ),
        "model/weekly": pd.DataFrame(
            {"theme": np.repeat(THEMES, 2), "forecaster": ["model", "counting"] * 2}
        ).assign(incidents=200, hits=90, near_hits=30),
    }
    if refits:
        drawn = np.abs(rng.normal(1, 0.1, (len(THEMES), REFITS, CELLS))) * chance
        theme, refit, cell = np.nonzero(drawn)
        names = np.array(THEMES)[theme]
        found["trials/refits"] = pd.DataFrame(
            {"theme": names, "refit": refit, "cell": cell, "share": drawn.ravel()}
        )
    return found


def ask(name: str, manifest: Manifest, tables: Tables, pairs: list[dict[str, str]]) -> Finding:
    """Run a check on a dossier of these tables."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        for path, table in tables.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            table.to_parquet(folder / f"{path}.parquet", index=False)
        write_json(folder / "data/groups.json", {"groups": pairs})
        write_json(folder / "data/grid.json", {"rows": 4, "columns": CELLS // 4})
        write_json(folder / "model/parameters.json", {"model": "blend"})
        seal_dossier(folder, manifest)
        return run_check(GROUPED[name], Dossier(folder), {})


def plain(found: Finding, names: dict[str, str] | None = None) -> Any:
    """Return what a finding says, with rows in one order and groups by their old names."""
    text = found.model_dump_json(exclude={"inputs"})
    for new, old in (names or {}).items():
        text = text.replace(new, old)
    said = Finding.model_validate_json(text).model_dump()
    for rows in said["tables"].values():
        rows.sort(key=lambda row: [str(one) for one in row.values() if isinstance(one, str)])
    return said


def same(one: Any, other: Any) -> None:
    """Assert that both say the same, but for the last digits of sums in another order."""
    numbers = {"estimate", "interval", "smallest_gap", "values", "tables"}

    assert {k: v for k, v in one.items() if k not in numbers} == (
        {k: v for k, v in other.items() if k not in numbers}
    )
    shown = ("estimate", "tables")  # of alike ones, either may be the one that is shown

    assert alike({key: one[key] for key in shown}, {key: other[key] for key in shown})


def alike(mine: Any, yours: Any) -> bool:
    """Say whether two records hold the same, but for the last digits of numbers."""
    if isinstance(mine, dict):
        return mine.keys() == yours.keys() and all(alike(mine[key], yours[key]) for key in mine)
    if isinstance(mine, list | tuple):
        return len(mine) == len(yours) and all(map(alike, mine, yours))
    if isinstance(mine, float) and yours is not None:
        return bool(yours == pytest.approx(mine, rel=1e-6, abs=1e-8))
    return bool(mine == yours)


def both_channels(manifest: Manifest) -> Manifest:
    """Return a manifest of two themes, with records of both channels."""
    return manifest.model_copy(update={"themes": THEMES, "channels": ["brought", "found"]})


def rename(tables: Tables) -> tuple[Tables, list[dict[str, str]]]:
    """Call every group something else, and put their columns in another order."""
    residents = tables["data/residents"].rename(columns=NEW)
    residents = residents[sorted(map(str, residents))]
    pairs = [
        {key: "".join(NEW.get(part, part) for part in _parts(value)) for key, value in one.items()}
        for one in PAIRS
    ]
    return {**tables, "data/residents": residents}, pairs


def _parts(name: str) -> list[str]:
    head, mark, tail = name.partition("_")
    return [head, mark, tail]


@pytest.mark.parametrize("refits", [False, True], ids=["weeks", "refits"])
@pytest.mark.parametrize("name", GROUPED)
@EXAMPLES
@given(seed=st.integers(0, 10_000))
def test_shuffled_rows_leave_the_verdict(
    manifest: Manifest, name: str, refits: bool, seed: int
) -> None:
    """Rows of every table in another order say the same."""
    tables, manifest = draw(seed, refits=refits), both_channels(manifest)
    mixed = {
        path: table.sample(frac=1, random_state=seed + number)  # each in an order of its own
        for number, (path, table) in enumerate(tables.items())
    }

    same(plain(ask(name, manifest, tables, PAIRS)), plain(ask(name, manifest, mixed, PAIRS)))


@pytest.mark.parametrize("refits", [False, True], ids=["weeks", "refits"])
@pytest.mark.parametrize("name", GROUPED)
@EXAMPLES
@given(seed=st.integers(0, 10_000))
def test_renamed_groups_leave_the_verdict(
    manifest: Manifest, name: str, refits: bool, seed: int
) -> None:
    """Groups by other names, their columns in another order, say the same."""
    tables, manifest = draw(seed, refits=refits), both_channels(manifest)
    renamed, pairs = rename(tables)
    back = {new: old for old, new in NEW.items()}

    same(
        plain(ask(name, manifest, tables, PAIRS)),
        plain(ask(name, manifest, renamed, pairs), back),
    )


@pytest.mark.parametrize("name", sorted(GROUPED.keys() - ASK_MORE))
def test_the_properties_are_not_held_against_nothing(manifest: Manifest, name: str) -> None:
    """In these cities every check measures most of the comparisons, and sees what it does not."""
    found = ask(name, both_channels(manifest), draw(1, refits=True), PAIRS)

    assert len(GROUPED) >= 3
    assert 2 * found.n["undefined"] < found.n["comparisons"] == len(THEMES) * len(PAIRS)
    assert 2 == found.n["cells_without_figures"]
