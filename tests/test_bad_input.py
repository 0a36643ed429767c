"""Bad input: exit code 3, one sentence that names file and place, no value, nothing left."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cas_audit import cli
from cas_audit.demo import prepare
from cas_audit.rooms import room
from tests.lean import make_lean

CANARY = "geheim-7351"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city, written once."""
    folder = tmp_path_factory.mktemp("bad")
    prepare(folder, seed=9, side=32)
    make_lean(folder)
    (folder / "feed/feed.json").unlink()
    return folder


@pytest.fixture
def city(prepared: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may spoil."""
    return Path(shutil.copytree(prepared, tmp_path / "city"))


def rewrite(city: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the table of incidents."""
    path = city / "feed/incidents.csv"
    change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)


def config(city: Path, text: str, other: str) -> None:
    """Replace a piece of the configuration."""
    path = city / "configs/v2.yaml"
    before = path.read_text()
    assert text in before
    path.write_text(before.replace(text, other))


def swap_axes(table: pd.DataFrame) -> pd.DataFrame:
    """Exchange x and y."""
    return table.rename(columns={"x_rd": "y_rd", "y_rd": "x_rd"})


def move_away(table: pd.DataFrame) -> pd.DataFrame:
    """Put one row in ten far away."""
    far = table.index % 10 == 0
    return table.assign(x_rd=table["x_rd"].mask(far, "1.5"))


def truncate(city: Path) -> None:
    """Cut a Parquet file short."""
    path = city / "feed/incidents.parquet"
    pd.read_csv(city / "feed/incidents.csv", dtype=str).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    config(city, "incidents.csv", "incidents.parquet")


def halve(city: Path) -> None:
    """Keep half of a file: its last row breaks off."""
    path = city / "feed/incidents.csv"
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b",", len(content) // 2)])


def areas(city: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the tree of the areas."""
    path = city / "feed/areas.geojson"
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))


def turn(point: list[Any]) -> list[Any]:
    """Exchange longitude and latitude, however deep the points lie."""
    return [turn(one) for one in point] if isinstance(point[0], list) else point[::-1]


def metres(point: list[Any]) -> list[Any]:
    """Write metres of the national grid where degrees are expected."""
    if isinstance(point[0], list):
        return [metres(one) for one in point]
    return [point[0] * 25_000, point[1] * 9_300]


def move(tree: dict[str, Any], how: Callable[[list[Any]], list[Any]]) -> None:
    """Move all outlines."""
    for one in tree["features"]:
        one["geometry"]["coordinates"] = how(one["geometry"]["coordinates"])


def overlap(tree: dict[str, Any]) -> None:
    """Lay the second area over the first as well."""
    first, second, *_ = tree["features"]
    second["geometry"] = first["geometry"]


def contract(city: Path, text: str, other: str) -> None:
    """Replace a piece of the contract for incidents."""
    before = room("expectations", "incidents.contract.yaml").read_text()
    assert text in before
    (city / "configs/own.yaml").write_text(before.replace(text, other))
    config(city, "contract: incidents", "contract: own.yaml")


def comma(city: Path) -> None:
    """Write a decimal comma, which the contract does not expect."""
    path = city / "feed/incidents.csv"
    table = pd.read_csv(path, dtype=str)
    table = table.assign(x_rd=table["x_rd"].str.replace(".", ","))
    table.to_csv(path, index=False, sep=";")


def pipe(path: Path) -> None:
    """Put a pipe in the place of a file; who waits for it waits for ever."""
    path.unlink()
    os.mkfifo(path)


def scarce(table: pd.DataFrame) -> pd.DataFrame:
    """Keep five burglaries that were reported, and some of all else."""
    asked = (table["feitcode"] == "woninginbraak") & (table["melding"] == "aangifte")
    return pd.concat([table[~asked].head(3000), table[asked].head(5)])


SPOILED: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a column is misspelt": (
        lambda c: rewrite(c, lambda t: t.rename(columns={"x_rd": "x_rdd"})),
        ["incidents.csv", "x_rd"],
    ),
    "the file is empty": (
        lambda c: (c / "feed/incidents.csv").write_text(""),
        ["incidents.csv"],
    ),
    "the file is not there": (
        lambda c: (c / "feed/incidents.csv").unlink(),
        ["incidents.csv", "not exist"],
    ),
    "the file is truncated": (truncate, ["incidents.parquet"]),
    "the areas are no GeoJSON": (
        lambda c: (c / "feed/areas.geojson").write_text(f'{{"type": "{CANARY}'),
        ["areas.geojson"],
    ),
    "a key is misspelt": (
        lambda c: config(c, "train_weeks:", "trian_weeks:"),
        ["v2.yaml", "forecast.trian_weeks", "unknown key"],
    ),
    "a value does not fit": (
        lambda c: config(c, "flagged_share: 0.03", f"flagged_share: {CANARY}"),
        ["v2.yaml", "forecast.flagged_share"],
    ),
    "the axes are swapped": (
        lambda c: rewrite(c, swap_axes),
        ["incidents.csv", "exchanged"],
    ),
    "more rows refused than tolerated": (
        lambda c: rewrite(c, move_away),
        ["incidents.csv", "max_refused_share"],
    ),
    "half of a file": (halve, ["incidents.csv", "at row"]),
    "latitude and longitude of the areas are exchanged": (
        lambda c: areas(c, lambda tree: move(tree, turn)),
        ["areas"],
    ),
    "the areas lie in another CRS": (
        lambda c: areas(c, lambda tree: move(tree, metres)),
        ["areas.geojson", "beyond where EPSG:28992"],
    ),
    "the incidents lie in another CRS": (
        lambda c: contract(c, "crs: EPSG:28992", "crs: EPSG:4326"),
        ["incidents.csv", "outside_the_areas"],
    ),
    "no area": (
        lambda c: areas(c, lambda tree: tree["features"].clear()),
        ["areas.geojson", "buurtcode"],
    ),
    "an area twice": (
        lambda c: areas(c, lambda tree: tree["features"].append(tree["features"][0])),
        ["areas.geojson", "1 areas stand more than once"],
    ),
    "areas that overlap": (
        lambda c: areas(c, overlap),
        ["areas.geojson", "overlap", "more than one"],
    ),
    "an area without an outline": (
        lambda c: areas(c, lambda tree: tree["features"][0].update(geometry=None)),
        ["areas.geojson", "1 of", "outline"],
    ),
    "a contract names a column that is not there": (
        lambda c: contract(c, "name: x_rd", "name: oost"),
        ["incidents.csv", "no column oost"],
    ),
    "a contract has a key that is not known": (
        lambda c: contract(c, "  type: code", "  tpye: code\n  type: code"),
        ["own.yaml", "tpye", "unknown key"],
    ),
    "a contract names a column like one that is forbidden": (
        lambda c: contract(c, "name: feitcode", "name: B.S.N"),
        ["own.yaml", "citizen service number", "why"],
    ),
    "a contract is a bomb": (
        lambda c: contract(c, "table: incidents", "a: &a [x]\nb: *a\ntable: incidents"),
        ["own.yaml", "alias", "line 3"],
    ),
    "a theme with five incidents": (
        lambda c: rewrite(c, scarce),
        ["Theme home_burglary", "fewer cells with an incident", "expected at least 52"],
    ),
    "a decimal comma": (comma, ["incidents.csv", "outside_the_areas"]),
    "a pipe in the place of a source": (
        lambda c: pipe(c / "feed/incidents.csv"),
        ["incidents.csv", "plain file"],
    ),
    "a pipe in the place of the configuration": (
        lambda c: pipe(c / "configs/v2.yaml"),
        ["v2.yaml", "plain file"],
    ),
    "the framework does not exist": (
        lambda c: config(c, "framework: rekenkamer-2.0", "framework: rekenkamer-9.9"),
        ["rekenkamer-9.9"],
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_bad_input_ends_with_3(
    city: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """The sentence names what was found and where; nothing half-written remains."""
    spoil, expected = SPOILED[what]
    rewrite(city, lambda table: table.assign(naam=CANARY, toelichting=CANARY))
    spoil(city)
    with pytest.raises(SystemExit) as exit_:
        cli.main(["run", str(city / "configs/v2.yaml"), "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err.strip()

    assert exit_.value.code == 3
    assert "Our own failure" not in said
    assert 1 == len(said.splitlines())
    assert all(part in said for part in expected), said
    assert CANARY not in said
    assert ["city"] == [path.name for path in tmp_path.iterdir()]
