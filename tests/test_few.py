"""Where little happens: what is public in kind tells no count of one to four, nor a small area."""

import itertools
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cas_audit import steps
from cas_audit.demo import prepare
from cas_audit.files import read_json

pytestmark = pytest.mark.slow
SMALLEST_COUNT, SMALLEST_POPULATION = 5, 10
KEPT = (150, 14)  # home burglaries before the year of testing, and in it
COUNTS = {"incidents", "records", "found", "unknown", "rows", "part"}


def thin(feed: Path) -> None:
    """Keep few incidents, two of them found by the police, three without a moment."""
    (feed / "feed.json").unlink()
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    asked = (table["feitcode"] == "woninginbraak") & (table["melding"] == "aangifte")
    asked &= (table["x_rd"] != "0.0") & (table["pleegmoment"] != "onbekend")
    tested = table["pleegmoment"] >= "2025-01-06"
    parts = [table[asked & ~tested], table[asked & tested]]
    drawn = [part.sample(rows, random_state=1) for part, rows in zip(parts, KEPT, strict=True)]
    few = pd.concat(drawn, ignore_index=True)
    few.loc[:1, "melding"] = "ambtshalve"
    few.loc[2:4, "pleegmoment"] = "onbekend"
    few.to_csv(feed / "incidents.csv", index=False)


def empty_two_areas(feed: Path) -> list[str]:
    """Leave four residents in one area and nobody in another; return their codes."""
    areas = json.loads((feed / "areas.geojson").read_text())
    codes = []
    for feature, people in zip(areas["features"][:2], (4, 0), strict=True):
        names = ("inwoners", "herkomst_nederland", "herkomst_europa", "herkomst_buiten_europa")
        feature["properties"].update(dict.fromkeys(names, 0))
        feature["properties"].update(inwoners=people, herkomst_nederland=people)
        codes.append(feature["properties"]["buurtcode"])
    (feed / "areas.geojson").write_text(json.dumps(areas))
    return codes


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city where little happens."""
    folder = tmp_path_factory.mktemp("few")
    prepare(folder, seed=5, side=32)
    thin(folder / "feed")
    (folder / "small.json").write_text(json.dumps(empty_two_areas(folder / "feed")))
    config = folder / "configs/v1.yaml"
    tolerant = config.read_text().replace("themes:", "max_refused_share: 0.1\nthemes:", 1)
    config.write_text(tolerant)
    return folder


@pytest.fixture(scope="module")
def audit(city: Path) -> Path:
    """Return the audit of that city, recorded in MLflow."""
    steps.run(city / "configs/v1.yaml", city / "v1")
    return city / "v1"


def metrics(audit: Path) -> dict[str, float]:
    """Return what stands in the evidence store as numbers."""
    with sqlite3.connect(audit.parent / "mlflow/mlflow.db") as database:
        found: dict[str, float] = dict(database.execute("SELECT key, value FROM latest_metrics"))
    return found


def numbers(content: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number in JSON with the key it stands under."""
    if isinstance(content, dict):
        for key, one in content.items():
            yield from numbers(one, key)
    elif isinstance(content, list):
        for one in content:
            yield from numbers(one, name)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield name, float(content)


def published_receipts(audit: Path) -> list[tuple[str, float]]:
    """Return every number on the receipts."""
    paths = sorted(audit.glob("dossier/ingest/*.receipt.json"))
    return [one for path in paths for one in numbers(read_json(path))]


def published(audit: Path) -> list[tuple[str, float]]:
    """Return every number that is public in kind, with its name."""
    files = ("findings.json", "answers.json", "run.json", "audit.json")
    found = [one for name in files for one in numbers(read_json(audit / name))]
    return [*found, *published_receipts(audit), *metrics(audit).items()]


def behind(audit: Path) -> tuple[set[int], set[int]]:
    """Return the true small counts of incidents, and the totals they are part of."""
    weekly = pd.read_parquet(audit / "dossier/model/weekly.parquet")
    sums = weekly.groupby("forecaster").sum(numeric_only=True)
    missed = sums["incidents"] - sums["hits"]
    quality = read_json(audit / "dossier/data/quality.json")["incidents"]
    incidents = pd.read_parquet(audit / "dossier/data/incidents.parquet")
    channels = incidents.groupby("channel")["count"].sum()
    counts = pd.concat([sums["hits"], sums["near_hits"], missed, channels]).to_list()
    counts += [*quality["refused"].values(), *quality["left_out"].values()]
    totals = {quality["offered"], quality["admitted"], *sums["incidents"], *sums["flagged_cells"]}
    return {int(one) for one in counts if 0 < one < SMALLEST_COUNT}, {int(one) for one in totals}


def test_the_city_has_small_counts(audit: Path) -> None:
    """Or the tests below would look for nothing."""
    counts, totals = behind(audit)

    assert {2, 3} <= counts
    assert len(totals) > 2


def test_no_rate_gives_a_small_count_back(audit: Path) -> None:
    """No published number times a total that can be known is one to four incidents."""
    _, totals = behind(audit)
    told = [
        (name, value, total)
        for (name, value), total in itertools.product(published(audit), totals)
        if 0 < value < 1
        and round(value * total) in range(1, SMALLEST_COUNT)
        and abs(value * total - round(value * total)) < 1e-5
    ]

    assert [] == told


def test_the_rates_would_have_told(audit: Path) -> None:
    """The same search finds them in the restricted part of the dossier."""
    _, totals = behind(audit)
    scores = list(numbers(read_json(audit / "dossier/model/scores.json")))
    told = [
        name
        for (name, value), total in itertools.product(scores, totals)
        if round(value * total) in range(1, SMALLEST_COUNT)
        and abs(value * total - round(value * total)) < 1e-5
    ]

    assert {"hit_rate", "near_hit_rate"} & set(told)


def test_no_small_count_is_written(audit: Path) -> None:
    """Counts of incidents and rows are nought, four (one to four) or at least five.

    How many areas have no residents is a count of areas, and does not say which.
    """
    findings = read_json(audit / "findings.json")["findings"]
    findings = [one for one in findings if one["check"] != "data/areas_have_residents"]
    small = [
        (name, value)
        for name, value in [*numbers(findings), *published_receipts(audit)]
        if name in COUNTS and value in range(1, SMALLEST_COUNT - 1)
    ]

    assert [] == small


def test_no_difference_of_findings_is_small(audit: Path) -> None:
    """Between the totals and parts that stand beside each other, or on the receipt."""
    findings = {one["check"]: one for one in read_json(audit / "findings.json")["findings"]}
    receipt = read_json(audit / "dossier/ingest/incidents.receipt.json")
    brought = findings["data/records_are_brought_not_found"]["values"]
    usable = findings["data/rows_are_usable"]
    rules = [row["rows"] for row in usable["tables"]["rules"]]

    assert receipt["admitted"]["count"] is None
    assert brought["found"] == 4
    assert usable["values"]["part"] == sum(rules)
    assert brought["records"] % 10 == 0


def test_an_area_where_hardly_anyone_lives_is_named_nowhere(city: Path, audit: Path) -> None:
    """Neither on the pages nor in what the evidence store keeps, unless the dossier itself."""
    small = json.loads((city / "small.json").read_text())
    pages = [audit / f"{name}.{of}.html" for name in ("report", "receipt") for of in ("nl", "en")]
    files = [*pages, audit / "findings.json", audit / "answers.json"]
    files += [*audit.glob("dossier/ingest/*.receipt.json"), audit / "run.json"]
    cells = pd.read_parquet(audit / "dossier/data/cells.parquet")
    people = pd.read_parquet(audit / "dossier/data/residents.parquet")["residents"]
    per_area = people.groupby(cells["area"]).sum()

    assert set(small) <= set(per_area[per_area < SMALLEST_POPULATION].index)
    assert [] == [
        (path.name, code)
        for path in files
        for code in per_area[per_area < SMALLEST_POPULATION].index
        if code in path.read_text()
    ]


def test_the_page_leaves_out_rates_of_few_incidents(audit: Path) -> None:
    """And says that it does."""
    page = (audit / "report.en.html").read_text()
    scores = re.search(r"How well it forecasts.*?</table>", page, re.DOTALL)

    assert scores
    assert "%" not in re.sub(r"<th.*?</th>", "", scores.group())
    assert "A line is missing where a count of one to four incidents follows" in page


def test_a_refusal_of_few_rows_tells_no_share(
    city: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed ends up in logs."""
    from cas_audit import cli  # noqa: PLC0415

    shutil.copytree(city / "feed", tmp_path / "feed")
    shutil.copytree(city / "configs", tmp_path / "configs")
    config = tmp_path / "configs/v1.yaml"
    config.write_text(
        (city / "configs/v1.yaml").read_text().replace("share: 0.1\n", "share: 0.001\n")
    )
    with pytest.raises(SystemExit):
        cli.main(["ingest", str(config), "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err

    assert "fewer than 5 of 164 rows refused" in said
