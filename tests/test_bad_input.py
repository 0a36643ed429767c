"""Bad input: exit code 3, one sentence that names file and place, no value, nothing left."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from cas_audit import cli
from cas_audit.demo import prepare

CANARY = "geheim-7351"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city, written once."""
    folder = tmp_path_factory.mktemp("bad")
    prepare(folder, seed=9, side=32)
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
