"""Trials of less: what they leave out, merged cells by hand, and a copy that nobody needs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.config import Config
from cas_audit.files import read_json
from cas_audit.forecast import city as cities
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.features import FEATURES, count_feature
from cas_audit.forecast.fitting import fit, known_by
from cas_audit.forecast.forecasters import forecaster_of
from cas_audit.forecast.necessity import coarser, feature_families, try_necessity, write_necessity
from cas_audit.forecast.work import open_work
from cas_audit.inference.partition import wide_blocks
from tests.small import small_config

SIDE, WEEKS = 24, 130
KEPT = np.ones((SIDE, SIDE), dtype=bool)


def config(channels: list[str], model: str = "cas_ensemble") -> Config:
    """Return a configuration of one theme; the sources are not read here."""
    forecast = {"model": model, "train_weeks": 40, "test_weeks": 26, "flagged_share": 0.05}
    return small_config(forecast, channels=channels)


def place() -> City:
    """Return a city with lasting hot spots, and found records in one corner without any."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.3, 0.3, SIDE * SIDE)
    corner = np.zeros((SIDE, SIDE))
    corner[-6:, -6:] = 3
    weeks = pd.date_range("2023-07-03", periods=WEEKS, freq="7D", name="period")
    parts = []
    for channel, mean in (("brought", rate), ("found", corner.ravel())):
        week, cell = np.nonzero(counts := rng.poisson(mean, (WEEKS, SIDE * SIDE)))
        part = {"week": weeks[week], "cell": cell, "count": counts[week, cell]}
        parts.append(pd.DataFrame(part).assign(theme="one", channel=channel))
    train, test = slice(WEEKS - 66, WEEKS - 26), slice(WEEKS - 26, WEEKS)
    return City(pd.concat(parts), weeks, KEPT, {}, train, test)


def tried(folder: Path, chosen: Config, city: City) -> tuple[dict[str, Any], "pd.Series[float]"]:
    """Return what each trial left out, and how much of the hits it lost."""
    (folder / "trials").mkdir()
    wide = np.full(KEPT.shape, -1, dtype=np.int64)
    row, column = np.nonzero(KEPT)
    wide[KEPT] = wide_blocks(row, column)
    with open_work() as work:
        counts = panel_of(city, "one", chosen.channels)
        made = fit(chosen, city, ("one", counts), [1, 0], work)
        lacking = try_necessity(chosen, city, work, (0, "one"), base=made, wide=wide)
    write_necessity(folder, {"one": lacking})
    said = read_json(folder / "trials/necessity.json")["one"]
    table = pd.read_parquet(folder / "trials/necessity.parquet")
    hits = table.groupby("forecaster")["hits"].sum()
    flags = pd.read_parquet(folder / "trials/necessity_flags.parquet")
    cells = flags.groupby("forecaster")["share"].sum()

    assert cells.to_list() == pytest.approx([round(0.05 * SIDE**2)] * len(cells), rel=0.01)
    return {one["trial"]: one["left_out"] for one in said}, 1 - hits / hits["model"]


def test_families_leave_out_what_their_name_says() -> None:
    """Of the look-alike of CAS, and of our own model with another theme; never everything."""
    plain = feature_families(FEATURES)
    blend = feature_families(forecaster_of("blend", ["two"]).features)

    assert {"without_cell", "without_near", "without_far", "history_26"} == set(plain)
    assert all(name.endswith("_last_52_weeks") for name in plain["history_26"])
    assert {"ring_3_last_2_weeks", "ring_3_last_13_weeks", "ring_3_last_52_weeks"} == set(
        plain["without_far"]
    )
    assert blend["without_other_themes"]
    assert all(name.endswith("_others") for name in blend["without_other_themes"])
    assert {} == feature_families(FEATURES[:1])


@pytest.mark.parametrize("model", ["cas_ensemble", "self_exciting"])
def test_what_is_left_out_is_not_known(model: str) -> None:
    """To the look-alike of CAS, nor to a model of rates."""
    city = place()
    names = [one.name for one in known_by(config(["brought"], model), city, "one")]
    poorer = replace(city, left_out=frozenset(names[1:]))

    assert names[:1] == [one.name for one in known_by(config(["brought"], model), poorer, "one")]


def test_merged_cells_hold_what_their_four_held() -> None:
    """Incidents are summed, a layer is averaged, and the edge is a block of its own."""
    kept = np.zeros((3, 3), dtype=bool)
    kept[0, 1] = kept[2, 2] = True
    table = pd.DataFrame({"cell": [0, 1, 4, 8], "count": [1, 2, 3, 4], "week": 0, "theme": "one"})
    layer = np.arange(9, dtype=np.float32).reshape(3, 3)
    city = replace(place(), incidents=table, kept=kept, layers={"suspects": layer})
    merged = coarser(city)

    assert [[True, False], [False, True]] == merged.kept.tolist()
    assert {0: 6, 3: 4} == dict(
        zip(merged.incidents["cell"], merged.incidents["count"], strict=True)
    )
    assert [[2, 1.75], [3.25, 2]] == merged.layers["suspects"].tolist()


def test_a_copy_of_a_feature_is_not_missed_and_the_only_source_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of a year, and a source that stands still and tells the same; a few of the hits."""
    city = place()
    copy = np.log1p(panel_of(city, "one", ["brought"])[:60].sum(axis=0))
    city = replace(city, layers={"suspects": copy})
    monkeypatch.setattr(cities, "FEATURES", (count_feature(52, 0), count_feature(1, 3)))
    said, lost = tried(tmp_path, config(["brought"]), city)
    (tmp_path / "alone").mkdir()
    monkeypatch.setattr(cities, "FEATURES", (count_feature(1, 3),))
    alone = tried(tmp_path / "alone", config(["brought"]), city)[1]

    assert ["suspects_in_cell"] == said["without_suspects"]
    assert lost["without_suspects"] < 0.05
    assert alone["without_suspects"] > 0.5


def test_without_what_the_police_found_flags_leave_the_corner(tmp_path: Path) -> None:
    """Where nothing is brought, found records drew all flags; without them more is caught."""
    lost = tried(tmp_path, config(["brought", "found"]), place())[1]
    flags = pd.read_parquet(tmp_path / "trials/necessity_flags.parquet")
    row, column = np.divmod(flags["cell"], SIDE)
    corner = flags[(row >= SIDE - 6) & (column >= SIDE - 6)]
    share = corner.groupby("forecaster")["share"].sum() / round(0.05 * SIDE**2)

    assert lost["without_found"] < -1
    assert share["model"] > 0.9
    assert share["without_found"] < 0.2
