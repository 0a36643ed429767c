"""Every check against its cases, and every finding said in both languages."""

import itertools
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.programme import list_checks, run_check
from cas_audit.files import write_json, write_yaml
from cas_audit.ingest.retention import EXPIRED
from cas_audit.ingest.scan import KINDS
from cas_audit.present.words import LANGUAGES, Words
from cas_audit.rooms import ENGINE

FOLDER = Path(__file__).parent / "cases"
DATES = {"week", "period"}
WEEKS_A_STRETCH = 13
LAID_OUT = {
    "flags",
    "right",
    "refits",
    "followed",
    "classes",
    "recorded",
    "field",
    "ranked",
    "noisy",
    "standing",
    "gained",
    "hidden",
    "explained",
}
CHECKS = list_checks()
CASES = {name: yaml.safe_load((FOLDER / f"{name}.yaml").read_text()) for name in CHECKS}
ALL = [(name, case) for name, cases in CASES.items() for case in cases]


def write_table(path: Path, columns: dict[str, list[Any]]) -> None:
    """Write a table; columns that hold days become dates."""
    table = pd.DataFrame(columns)
    for name in DATES & set(table):
        table[name] = pd.to_datetime(table[name])
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def days(number: int) -> list[str]:
    """Return so many Mondays."""
    return [f"{day:%Y-%m-%d}" for day in pd.date_range("2023-01-02", periods=number, freq="7D")]


def flags(counts: list[list[int]], *, always: bool) -> dict[str, dict[str, list[Any]]]:
    """Lay out cells, each flagged (or right) in the first so many weeks of each stretch."""
    periods = days(len(counts) * WEEKS_A_STRETCH)
    cells = range(len(counts[0]))
    rows: dict[str, list[Any]] = {"cell": [], "period": [], "flagged": []}
    right: dict[str, list[Any]] = {"cell": [], "week": [], "count": []}
    for (number, period), cell in itertools.product(enumerate(periods), cells):
        stretch, week = divmod(number, WEEKS_A_STRETCH)
        inside = week < counts[stretch][cell]
        for column, value in zip(rows, (cell, period, always or inside), strict=True):
            rows[column].append(value)
        if inside:
            for column, value in zip(right, (cell, period, 1), strict=True):
                right[column].append(value)
    size = len(rows["cell"])
    themes: dict[str, list[Any]] = {"theme": ["home_burglary"] * size, "score": [0.5] * size}
    partition = [number // WEEKS_A_STRETCH for number in range(len(periods))]
    named = {"theme": ["home_burglary"] * len(right["cell"])}
    return {
        "forecasts.parquet": {**rows, **themes},
        "stretches.parquet": {"period": periods, "stretch": partition},
        "data/incidents.parquet": {**right, **named, "channel": ["brought"] * len(right["cell"])},
    }


def followed(counts: list[list[list[int]]]) -> dict[str, dict[str, list[Any]]]:
    """Lay out cells by stretch: weeks flagged and hit, flagged in vain, and hit without a flag."""
    periods = days(len(counts) * WEEKS_A_STRETCH)
    rows = []
    for (stretch, part), cell in itertools.product(enumerate(counts), range(len(counts[0]))):
        both, vain, missed = part[cell]
        for week in range(WEEKS_A_STRETCH):
            flagged, hit = week < both + vain, week < both or 0 <= week - both - vain < missed
            rows.append((cell, periods[stretch * WEEKS_A_STRETCH + week], flagged, hit))
    columns: list[list[Any]] = [list(one) for one in zip(*rows, strict=True)]
    laid_out = dict(zip(("cell", "period", "flagged"), columns, strict=False))
    size, right = len(rows), [row for row in rows if row[3]]
    themes: dict[str, list[Any]] = {"theme": ["home_burglary"] * size, "score": [0.5] * size}
    named: dict[str, list[Any]] = {
        "theme": ["home_burglary"] * len(right),
        "channel": ["brought"] * len(right),
    }
    return {
        "forecasts.parquet": {**laid_out, **themes},
        "stretches.parquet": {
            "period": periods,
            "stretch": [number // WEEKS_A_STRETCH for number in range(len(periods))],
        },
        "data/incidents.parquet": {
            "cell": [row[0] for row in right],
            "week": [row[1] for row in right],
            "count": [1] * len(right),
            **named,
        },
    }


def classes(rows: list[list[float]], swing: float) -> dict[str, dict[str, list[Any]]]:
    """Lay out classes of twenty cells, half of them of `a`: incidents per cell, shares flagged.

    On histories drawn again the flags of `a` are more and less by `swing`, in turns.
    """
    table = pd.DataFrame(rows, columns=["need", "a", "others"]).loc[
        lambda one: one.index.repeat(20)
    ]
    table = table.reset_index(drop=True).rename_axis("cell").reset_index()
    table["of_a"] = table["cell"] % 2 == 0
    table["share"] = table["a"].where(table["of_a"], table["others"])
    by_period = table.merge(pd.DataFrame({"number": range(10), "period": days(10)}), how="cross")
    by_period["flagged"] = by_period["number"] < (10 * by_period["share"]).round()
    drawn = table.merge(pd.DataFrame({"refit": range(6)}), how="cross")
    more = 1 + swing * (-1) ** drawn["refit"] * drawn["of_a"]
    found = {
        "forecasts.parquet": by_period[["cell", "period", "flagged"]].assign(score=0.5),
        "trials/refits.parquet": drawn[["refit", "cell"]].assign(share=drawn["share"] * more),
        "data/incidents.parquet": table[["cell"]].assign(
            week=days(1)[0], channel="brought", count=table["need"]
        ),
    }
    laid_out = {name: one.assign(theme="home_burglary") for name, one in found.items()}
    people = table.assign(residents=100.0, a=100.0 * table["of_a"])
    laid_out["data/residents.parquet"] = people[["cell", "residents", "a"]]
    laid_out["data/cells.parquet"] = table[["cell"]].assign(area=table["of_a"].map(str))
    return {
        name: {str(key): values for key, values in one.to_dict("list").items()}
        for name, one in laid_out.items()
    }


def recorded(counts: list[list[int]], expected: list[float]) -> dict[str, dict[str, list[Any]]]:
    """Lay out cells, each with one incident in the first so many weeks of each stretch, a score."""
    laid_out = flags(counts, always=True)
    forecasts = laid_out["forecasts.parquet"]
    forecasts["score"] = [expected[cell] for cell in forecasts["cell"]]
    cells = list(range(len(expected)))
    laid_out["data/cells.parquet"] = {"cell": cells, "area": [str(cell) for cell in cells]}
    return laid_out


def field(side: int, right: int, corner: list[int]) -> dict[str, dict[str, list[Any]]]:
    """Lay out a square of cells, flagged always, right so many weeks; otherwise in a corner."""
    periods, cells = days(26), pd.DataFrame({"cell": range(side**2)})
    width, there = corner
    inside = (cells["cell"] // side < width) & (cells["cell"] % side < width)
    cells["right"] = (cells["cell"] % 3 - 1 + right).mask(inside, there)
    rows = cells.merge(pd.DataFrame({"number": range(26), "period": periods}), how="cross")
    hits = rows[rows["number"] < rows["right"]].rename(columns={"period": "week"})
    partition = {"period": periods, "stretch": [number // 13 for number in range(26)]}
    found = {
        "forecasts.parquet": rows[["cell", "period"]].assign(flagged=True, score=0.5),
        "data/incidents.parquet": hits[["cell", "week"]].assign(channel="brought", count=1),
    }
    named = {
        **{name: one.assign(theme="home_burglary") for name, one in found.items()},
        "stretches.parquet": pd.DataFrame(partition),
        "data/cells.parquet": cells[["cell"]].assign(area="one"),
        "data/residents.parquet": cells[["cell"]].assign(residents=100.0),
    }
    return {
        name: {str(key): values for key, values in one.to_dict("list").items()}
        for name, one in named.items()
    }


def ranked(top: str, cells: int = 200) -> dict[str, dict[str, list[Any]]]:
    """Lay out one map of cells by their score, the highest home to `a` or to `b` as they stand."""
    lives = list(top)
    while len(lives) < cells:
        lives.append("a" if lives.count("a") < lives.count("b") else "b")
    number = list(range(cells))
    return {
        "forecasts.parquet": {
            "cell": number,
            "theme": ["home_burglary"] * cells,
            "score": [1 - one / cells for one in number],
            "flagged": [one < 0.03 * cells for one in number],
        },
        "data/residents.parquet": {
            "cell": number,
            "residents": [100.0] * cells,
            "a": [100.0 * (one == "a") if one != "?" else None for one in lives],
        },
    }


def refits(shares: list[list[float]]) -> dict[str, list[Any]]:
    """Lay out histories drawn again: the share of the weeks in which cells 0 and 2 are flagged."""
    rows = [
        (number, cell, one)
        for number, pair in enumerate(shares)
        for cell, one in zip((0, 2), pair, strict=True)
    ]
    number, cell, share = (list(column) for column in zip(*rows, strict=True))
    theme = ["home_burglary"] * len(rows)
    return {"theme": theme, "refit": number, "cell": cell, "share": share}


def residents(cells: int) -> dict[str, list[Any]]:
    """Return cells of one hundred residents; `a` lives in the first half."""
    at_home = [100.0 if cell < cells // 2 else 0.0 for cell in range(cells)]
    return {"cell": list(range(cells)), "residents": [100.0] * cells, "a": at_home}


def noisy(
    side: int, weekly: float, across: float = 0.0, along: float = 0.0
) -> dict[str, dict[str, list[Any]]]:
    """Lay out a square of cells with Poisson counts about a score that is the same everywhere.

    What happens leans by `across` from one half of the square to the other, and by `along` from
    one half of the weeks to the other.
    """
    periods = days(52)
    rows = pd.MultiIndex.from_product([range(52), range(side**2)]).to_frame(index=False)
    rows.columns = pd.Index(["number", "cell"])
    lean = 1 + across * np.sign(rows["cell"] % side - side / 2 + 0.5)
    lean *= 1 + along * np.sign(rows["number"] - 25.5)
    rows["count"] = np.random.default_rng(6).poisson(weekly * lean)
    rows["period"] = [periods[number] for number in rows["number"]]
    record = rows[rows["count"] > 0].rename(columns={"period": "week"})
    found = {
        "forecasts.parquet": rows[["cell", "period"]].assign(flagged=False, score=weekly),
        "data/incidents.parquet": record[["cell", "week", "count"]].assign(channel="brought"),
    }
    stretch = [number // WEEKS_A_STRETCH for number in range(52)]
    named = {
        **{name: one.assign(theme="home_burglary") for name, one in found.items()},
        "stretches.parquet": pd.DataFrame({"period": periods, "stretch": stretch}),
        "data/residents.parquet": pd.DataFrame(residents(side**2)),
    }
    return {
        name: {str(key): values for key, values in one.to_dict("list").items()}
        for name, one in named.items()
    }


def standing(
    side: int, tells: float, unknown: int = 0, areas: int = 2
) -> dict[str, dict[str, list[Any]]]:
    """Lay out a square of cells: where `a` lives, a feature that tells of it, and one of need.

    Areas are squares of so many cells to each side, of which the first so many are unknown. The
    feature is that many times the share of `a`, and noise as large as the share varies.
    """
    rng, cell = np.random.default_rng(8), np.arange(side**2)
    area = cell // side // areas * side + cell % side // areas
    share = 0.2 + 0.6 * rng.random(side**2)[area]
    count = rng.poisson(2.0, side**2)
    table = pd.DataFrame({"theme": "home_burglary", "cell": cell})
    table["cell_0_last_52_weeks"] = np.log1p(count)
    table["suspects_in_cell"] = tells * share + 0.17 * rng.standard_normal(side**2)
    people = pd.DataFrame({"cell": cell, "residents": 100.0, "a": 100.0 * share})
    people.loc[area < unknown, "a"] = None
    record = table[["theme", "cell"]].assign(week=days(1)[0], channel="brought", count=count)
    found = {
        "model/feature_means.parquet": table,
        "data/residents.parquet": people,
        "data/cells.parquet": pd.DataFrame({"cell": cell, "area": area.astype(str)}),
        "data/incidents.parquet": record[count > 0],
    }
    return {
        name: {str(key): values for key, values in one.to_dict("list").items()}
        for name, one in found.items()
    }


def gained(
    hits: list[list[int]], times: int = 4, caught: int = 100
) -> dict[str, dict[str, list[Any]]]:
    """Lay out two cells, home to `a` and to others, with so many incidents in every week.

    In each stretch the model flags the first cell, and counting does, in the first so many weeks;
    then the same of the second cell. Of the whole city each caught `caught`.
    """
    periods = days(len(hits) * WEEKS_A_STRETCH)
    rows = []
    for (number, period), cell in itertools.product(enumerate(periods), (0, 1)):
        stretch, week = divmod(number, WEEKS_A_STRETCH)
        model, counting = hits[stretch][2 * cell : 2 * cell + 2]
        rows.append((cell, period, week < model, week < counting))
    table = pd.DataFrame(rows, columns=["cell", "period", "flagged", "counting"])
    table = table.assign(theme="home_burglary")
    record = table[["cell", "theme"]].assign(week=table["period"], channel="brought", count=times)
    cut = [number // WEEKS_A_STRETCH for number in range(len(periods))]
    weekly = {"theme": "home_burglary", "incidents": 2 * caught, "hits": caught, "near_hits": 0}
    named = ["model", "counting"]
    found = {
        "forecasts.parquet": table.drop(columns="counting").assign(score=0.5),
        "model/counting.parquet": table.loc[table["counting"], ["theme", "cell", "period"]],
        "data/incidents.parquet": record,
        "stretches.parquet": pd.DataFrame({"period": periods, "stretch": cut}),
        "data/residents.parquet": pd.DataFrame(residents(2)),
        "model/weekly.parquet": pd.DataFrame([{**weekly, "forecaster": one} for one in named]),
    }
    return {
        name: {str(key): values for key, values in one.to_dict("list").items()}
        for name, one in found.items()
    }


def hidden(
    side: int, flagged: float = 1.0, spared: float = 1.0, weekly: float = 1.0
) -> dict[str, dict[str, list[Any]]]:
    """Lay out a square of cells, a third of them flagged, all with the same score.

    In the half of the cells where a feature is high, so many times as much follows a flag as
    elsewhere, and where there is none.
    """
    periods, rng = days(52), np.random.default_rng(12)
    cell = np.arange(side**2)
    high = cell % 2 == 0
    features = pd.DataFrame({"theme": "home_burglary", "cell": cell})
    features["cell_0_last_52_weeks"] = high + 0.1 * rng.standard_normal(side**2)
    features["suspects_in_cell"] = 0.1 * rng.standard_normal(side**2)
    rows = pd.MultiIndex.from_product([periods, cell], names=["period", "cell"]).to_frame(
        index=False
    )
    rows["flagged"] = rows["cell"] % 3 == 0
    times = np.where(rows["flagged"], flagged, spared)
    rows["count"] = rng.poisson(weekly * np.where(rows["cell"] % 2 == 0, times, 1.0))
    record = rows[rows["count"] > 0].rename(columns={"period": "week"}).drop(columns="flagged")
    stretch = [number // WEEKS_A_STRETCH for number in range(52)]
    named = {
        "forecasts.parquet": rows.drop(columns="count").assign(score=0.5),
        "data/incidents.parquet": record.assign(channel="brought"),
    }
    found = {
        **{name: one.assign(theme="home_burglary") for name, one in named.items()},
        "model/feature_before.parquet": features,
        "stretches.parquet": pd.DataFrame({"period": periods, "stretch": stretch}),
        "data/residents.parquet": pd.DataFrame(residents(side**2)),
    }
    return {
        name: {str(key): values for key, values in one.to_dict("list").items()}
        for name, one in found.items()
    }


def explained(
    cells: int, seed: int, week: int, histories: list[int], by: float = 1.0
) -> dict[str, dict[str, list[Any]]]:
    """Lay out cells of which two parts tell why; in so many the second becomes the main reason.

    `by` is how much more it adds then than the first.
    """
    kinds = [("model", 0, 0), ("seed", 0, seed), ("week", 0, week)]
    kinds += [("history", number, one) for number, one in enumerate(histories)]
    rows = [
        (kind, refit, part, cell, 1.0 + (by if cell < moved else -1.0) * (part == "near"))
        for kind, refit, moved in kinds
        for cell in range(cells)
        for part in ("cell", "near")
    ]
    names = ["kind", "refit", "part", "cell", "contribution"]
    table = pd.DataFrame(rows, columns=names).assign(theme="home_burglary")
    columns = table.to_dict("list")
    return {"trials/explanations.parquet": {str(key): one for key, one in columns.items()}}


SQUARES: dict[str, Callable[..., dict[str, dict[str, list[Any]]]]] = {
    "field": field,
    "ranked": ranked,
    "noisy": noisy,
    "standing": standing,
    "gained": gained,
    "hidden": hidden,
    "explained": explained,
}


def tables(case: dict[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """Return the tables of a case, with those it describes in short written out."""
    found = dict(case.get("tables", {}))
    for key, always in (("flags", False), ("right", True)):
        if key in case:
            found = {**flags(case[key], always=always), **found}
            found.setdefault("data/residents.parquet", residents(len(case[key][0])))
    if "followed" in case:
        found = {**followed(case["followed"]), **found}
        found.setdefault("data/residents.parquet", residents(len(case["followed"][0])))
    if "recorded" in case:
        found = {**recorded(case["recorded"], case["expected"]), **found}
        found.setdefault("data/residents.parquet", residents(len(case["expected"])))
    for key in set(SQUARES) & set(case):
        found = {**SQUARES[key](**case[key]), **found}
    if "classes" in case:
        found = {**classes(case["classes"], case.get("swing", 0.02)), **found}
        people = found["data/residents.parquet"]
        people["a"] = [None] * case.get("unknown", 0) + people["a"][case.get("unknown", 0) :]
    if "data/residents.parquet" in found:
        cells = found["data/residents.parquet"]["cell"]
        found["partition.parquet"] = {"cell": cells, "wide": cells, "fine": cells}
    if "refits" in case:
        found["trials/refits.parquet"] = refits(case["refits"])
    if "weeks" in case:
        found["data/weeks.parquet"] = {"week": days(case["weeks"])}
    return found


def lay_out(folder: Path, manifest: Manifest, case: dict[str, Any]) -> Dossier:
    """Write the dossier that a case describes."""
    for name, content in case.get("json", {}).items():
        write_json(folder / name, content)
    for name, content in case.get("yaml", {}).items():
        write_yaml(folder / name, content)
    for name, columns in tables(case).items():
        write_table(folder / name, columns)
    for name, width in case.get("archives", {}).items():
        with zipfile.ZipFile(folder / name, "w") as archive:
            schema = {"content": {"n_features_in_": {"content": str(width)}}}
            archive.writestr("schema.json", json.dumps(schema))
    groups = case.get("compared", [{"name": "a", "reference": "others"}])
    write_json(folder / "data/groups.json", {"groups": groups})
    seal_dossier(folder, manifest.model_copy(update=case.get("manifest", {})))
    return Dossier(folder)


def find(folder: Path, manifest: Manifest, name: str, case: dict[str, Any]) -> Finding:
    """Run one check on one case."""
    dossier = lay_out(folder / "dossier", manifest, case)
    return run_check(CHECKS[name], dossier, case.get("thresholds", {}))


@pytest.mark.parametrize(("name", "case"), ALL, ids=[f"{n}: {c['id']}" for n, c in ALL])
def test_case(tmp_path: Path, manifest: Manifest, name: str, case: dict[str, Any]) -> None:
    """The case has the outcome it states, and can be said in both languages."""
    found = find(tmp_path, manifest, name, case)

    assert case["outcome"] == found.outcome
    assert case.get("message", case["outcome"]) == found.message
    if "estimate" in case:
        assert pytest.approx(case["estimate"]) == found.estimate
    for language in LANGUAGES:
        words = Words(language)
        said = words.sentence(found)

        assert said.endswith(".")
        assert "{" not in said
        rows = [row for table in found.tables.values() for row in table]
        keys = {*found.n, *found.thresholds, *(key for row in rows for key in row)}

        assert set() == keys - set(words.names)


@pytest.mark.parametrize("name", CHECKS)
def test_cases_show_every_side(name: str) -> None:
    """A check that is never met, never denied or never undecided is no check."""
    shown = {case["outcome"] for case in CASES[name]}

    assert {"met", "not_met", "insufficient_evidence"} <= shown


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_complete(name: str, language: Any) -> None:
    """Title, sentences, limits and remedy are there, and each case has a sentence of its own."""
    texts = Words(language).of_check(name)
    needed = {case.get("message", case["outcome"]) for case in CASES[name]}
    without = {"unavailable", "error"}

    assert {"title", "sentences", "limits", "remedy"} == set(texts)
    assert set() == needed - without - set(texts["sentences"])
    assert all(texts[key] for key in texts)


@pytest.mark.parametrize("name", CHECKS)
def test_an_empty_dossier_is_never_met(tmp_path: Path, manifest: Manifest, name: str) -> None:
    """What cannot be measured is not in order."""
    seal_dossier(tmp_path, manifest)
    found = run_check(CHECKS[name], Dossier(tmp_path), {})

    assert found.outcome in {Outcome.UNAVAILABLE, Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("name", [name for name in CHECKS if tables(CASES[name][0])])
def test_shuffled_rows_leave_the_finding_as_it_was(
    tmp_path: Path, manifest: Manifest, name: str
) -> None:
    """The order of rows does not matter; only the digests of the files differ."""
    case = CASES[name][0]
    shuffled = {}
    for table, columns in tables(case).items():
        mixed = pd.DataFrame(columns).sample(frac=1, random_state=1)
        shuffled[table] = mixed.to_dict("list")
    mixed_case = {key: value for key, value in case.items() if key not in LAID_OUT}
    one = find(tmp_path / "one", manifest, name, case)
    other = find(tmp_path / "other", manifest, name, {**mixed_case, "tables": shuffled})

    assert one.model_copy(update={"inputs": {}}) == other.model_copy(update={"inputs": {}})


@pytest.mark.parametrize(
    ("elements", "unexpected", "shown"),
    [
        (None, None, (None, None)),
        (3, 0, (4, 0)),
        (2413, 3, (2410, 4)),
        (50, 47, (50, 50)),
        (2413, 187, (2410, 190)),
    ],
)
def test_counts_of_expectations_are_fit_to_be_shown(
    tmp_path: Path, manifest: Manifest, elements: Any, unexpected: Any, shown: Any
) -> None:
    """One to four cannot be read from them, nor worked out by subtraction."""
    case: dict[str, Any] = json.loads(json.dumps(CASES["data/expectations_hold"][0]))
    [content, _] = case["json"].values()
    content["results"][0] |= {"elements": elements, "unexpected": unexpected}
    found = find(tmp_path, manifest, "data/expectations_hold", case)
    rows = [row for row in found.tables["expectations"] if row["table"] == "incidents"]

    assert shown == (rows[0]["elements"], rows[0]["unexpected"])


@pytest.mark.parametrize(
    ("name", "record", "kind"),
    [
        ("process/access_is_reviewed", "access", "rights"),
        ("process/changes_were_reviewed", "changes", "changes"),
    ],
)
def test_a_total_of_one_to_four_is_shown_as_four(
    tmp_path: Path, manifest: Manifest, name: str, record: str, kind: str
) -> None:
    """Few rights or changes are of few people."""
    table = {"kind": [kind], "months": [0], "count": [2.0]}
    found = find(tmp_path, manifest, name, {"tables": {f"data/{record}.parquet": table}})

    assert {"n": 4, "values": 4} == {
        part: said[kind] for part, said in found.model_dump(include={"n", "values"}).items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_the_gate_has_a_name(language: Any) -> None:
    """Rules of refusal stand in the receipts that people read, with the reason."""
    code = "\n".join(path.read_text() for path in (ENGINE / "ingest").glob("*.py"))
    plain = set(re.findall(r'(?:refuse|leave_out)\("([a-z_]+)"', code))
    made = {
        "looks_like_": (*KINDS, "name"),
        "unknown_": ("theme", "channel", "decision", "flag"),
        "no_readable_": ("count", "hours", "respondents", "score", "seconds"),
    }
    rules = plain | {f"{start}{end}" for start, ends in made.items() for end in ends}
    rules |= {"theme_not_asked", "decision_not_asked", *EXPIRED}

    assert len(rules) > 10
    assert set() == rules - set(Words(language).names)
    assert {one for one in rules if not one.startswith("looks_like_")} | {"looks_like"} == set(
        Words(language).receipts["rules"]
    )


HELPS = {  # files without which a check has less to deny, and why that is no way round it
    ("model/even_exposure", "trials/refits.parquet"): "weeks stand for histories, and it says so",
    ("privacy/no_person_level_rows", "data/incidents.parquet"): "the file was what was wrong",
    ("process/data_is_traceable", "data/suspects.parquet"): "the file was what was wrong",
    ("process/targets_were_set_before", "decided.yaml"): "then no choice is recorded at all",
}


@pytest.mark.parametrize("name", CHECKS)
def test_removing_a_file_never_makes_a_check_met(
    tmp_path: Path, manifest: Manifest, name: str
) -> None:
    """What is not there cannot help: a check that was not met is not met for want of evidence."""
    case = next(one for one in CASES[name] if one["outcome"] == "not_met")
    dossier = lay_out(tmp_path / "dossier", manifest, case)
    sealed, met = dossier.manifest, []
    for file in sealed.files:
        path = tmp_path / "dossier" / file
        kept = path.read_bytes()
        path.unlink()
        seal_dossier(tmp_path / "dossier", sealed)
        found = run_check(CHECKS[name], Dossier(tmp_path / "dossier"), case.get("thresholds", {}))
        path.write_bytes(kept)
        if found.outcome is Outcome.MET and (name, file) not in HELPS:
            met.append(file)

    assert sealed.files
    assert [] == met
