"""What a model was fitted on: each feature has its why, and an archive says how wide it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.files import read_json
from cas_audit.forecast.additive import AdditivePoisson
from cas_audit.forecast.blend import BlendedPoisson
from cas_audit.forecast.city import SUSPECTS
from cas_audit.forecast.features import FEATURES
from cas_audit.forecast.forecasters import forecaster_of
from cas_audit.forecast.models import cas_ensemble, store_model
from cas_audit.forecast.reasons import REASONS
from cas_audit.forecast.step import write_fitted
from tests.test_checks import CASES, find

CHECK = "process/documentation_matches_code"
NAMES = ("blend", "counting", "counting_long", "decayed", "kde", "hotspot", "self_exciting")


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_says_why_a_model_gets_it(name: str) -> None:
    """In both languages; the look-alike of CAS and its suspects included."""
    known = forecaster_of(name, ["drugs", "robbery"], [SUSPECTS]).features
    described = [one.described() for one in (*known, *FEATURES)]

    assert [] == [one["name"] for one in described if not one["why"]]
    assert all(one["why"]["nl"] and one["why"]["en"] for one in described)


def test_every_reason_is_given() -> None:
    """No text is kept that no feature has."""
    features = [
        one
        for name in NAMES
        for one in forecaster_of(name, ["drugs", "robbery"], [SUSPECTS]).features
    ]

    assert set(REASONS) == {one.reason for one in (*features, *FEATURES)}


@pytest.mark.parametrize("model", [cas_ensemble(1), AdditivePoisson(), BlendedPoisson(trees=2)])
def test_an_archive_says_how_many_columns_its_model_has(
    tmp_path: Path, manifest: Manifest, model: Any
) -> None:
    """Read from what the archive says of itself, without making an object of it."""
    rows = np.random.default_rng(1).random((200, 5))
    (tmp_path / "model").mkdir()
    store_model(model.fit(rows, rows[:, 0] > 0.5), tmp_path / "model/x.skops")
    seal_dossier(tmp_path, manifest)
    dossier = Dossier(tmp_path)

    assert 5 == dossier.fitted_width("model/x.skops")
    assert {} == dossier.inputs  # the bytes differ on every dump, and a rerun must say the same


def test_a_feature_that_is_not_in_the_register_is_named(tmp_path: Path, manifest: Manifest) -> None:
    """Whoever reads the finding knows which one to ask about."""
    case = next(one for one in CASES[CHECK] if "not in the register" in one["id"])
    found = find(tmp_path, manifest, CHECK, case)

    assert "suspects" == found.values["differing"]
    assert [{"item": "suspects", "differs": "not_in_the_register"}] == found.tables["differences"]


def test_what_was_fitted_on_is_written_in_its_order(tmp_path: Path) -> None:
    """As the fit had the features, not as the register sorts them."""
    (tmp_path / "model").mkdir()
    write_fitted({"one": [one.described() for one in FEATURES[::-1]]}, tmp_path)
    [said] = read_json(tmp_path / "model/fitted.json").values()

    assert [one.name for one in FEATURES[::-1]] == [one["name"] for one in said["features"]]
