"""The configuration: a fault ends with one sentence that names file, key and expectation."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cas_audit.config import load_config
from cas_audit.errors import ConfigError

MINIMAL: dict[str, Any] = {
    "name": "demo",
    "version": "1",
    "title": {"nl": "Proef", "en": "Trial"},
    "reference_date": "2026-01-05",
    "regime": "wpg_8",
    "purpose": {
        "goal": {"nl": "Minder inbraak", "en": "Fewer burglaries"},
        "action": {"nl": "Toezicht", "en": "Presence"},
    },
    "sources": {
        "incidents": {"path": "feed/incidents.csv", "contract": "incidents"},
        "areas": {"path": "${PLACE}/areas.geojson", "contract": "areas"},
    },
    "themes": ["home_burglary"],
    "channels": ["brought"],
    "groups": [{"name": "newcomers"}],
}


def write(tmp_path: Path, **changes: object) -> Path:
    """Write the minimal configuration with changes."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, **changes}))
    return path


def test_paths_stand_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is relative to the configuration; a variable is filled in."""
    monkeypatch.setenv("PLACE", str(tmp_path / "elsewhere"))
    config = load_config(write(tmp_path))

    assert config.sources.incidents is not None
    assert str(tmp_path / "feed/incidents.csv") == config.sources.incidents.path
    assert str(tmp_path / "elsewhere/areas.geojson") == config.sources.areas.path


def test_a_variable_that_is_not_set_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the variable."""
    monkeypatch.delenv("PLACE", raising=False)

    with pytest.raises(ConfigError, match=r"\$\{PLACE\}, which is not set"):
        load_config(write(tmp_path))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"tehmes": ["x"]}, "unknown key tehmes"),
        (
            {"regime": "none"},
            "regime: input should be 'wpg_8', 'wpg_9', 'wpg_13', 'avg' or 'open_data'",
        ),
        ({"themes": []}, "themes: list should have at least 1 item"),
        ({"channels": ["brought", "brought"]}, "holds the same name twice"),
        ({"max_refused_share": 2}, "max_refused_share: input should be less than 1"),
        (
            {"groups": [{"name": "poor", "as": "fifths", "reference": "rich"}]},
            "a group as fifths has the reference lowest or others",
        ),
        ({"groups": [{"name": "poor", "as": "tenths"}]}, "input should be 'residents' or 'fifths'"),
        (
            {"purpose": {**MINIMAL["purpose"], "stop": {"nl": "s", "en": "s", "below": 0.2}}},
            "expected measure, below and for_weeks, or none",
        ),
    ],
)
def test_a_fault_is_named(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    """File, key and what was expected stand in one sentence."""
    with pytest.raises(ConfigError, match=r"config\.yaml") as caught:
        load_config(write(tmp_path, **change))

    assert expected in str(caught.value)


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    """An empty file is no configuration."""
    path = tmp_path / "config.yaml"
    path.write_text("")

    with pytest.raises(ConfigError, match="the whole file: input should be a valid dictionary"):
        load_config(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": {"tracking_uri": "postgresql://me:hunter2@db/x"}}, "holds a password"),
        ({"evidence": {"tracking_uri": "sqlite:///x?password=hunter2"}}, "holds a password"),
        ({"purpose": {"success": {"measure": "hit_rate", "at_least": -5}}}, "greater than 0"),
        ({"purpose": {"success": {"measure": "hit_rate", "at_least": 20}}}, "below 1"),
        ({"forecast": {"seed": -1}}, "greater than or equal to 0"),
        ({"forecast": {"scheduler": "tcp://me:hunter2@host:8786"}}, "holds a password"),
        ({"publication": {"smallest_population": 4}}, "greater than or equal to 5"),
    ],
)
def test_a_value_that_could_do_harm_is_refused(
    tmp_path: Path, change: dict[str, dict[str, object]], said: str
) -> None:
    """A secret that would be sealed, a criterion that cannot be missed, a seed that cannot be."""
    raw = {key: value for key, value in MINIMAL.items() if key not in change}
    for key, values in change.items():
        raw[key] = {**MINIMAL.get(key, {}), **values}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(raw))

    with pytest.raises(ConfigError, match=said) as error:
        load_config(tmp_path / "config.yaml")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("theme", ["../../out", "a/b", "a\\b", "..", ""])
def test_a_theme_is_the_name_of_a_file(tmp_path: Path, theme: str) -> None:
    """Models are kept under the names of themes, and never outside their folder."""
    with pytest.raises(ConfigError, match="themes: value error, holds a name that cannot be"):
        load_config(write(tmp_path, themes=[theme]))
