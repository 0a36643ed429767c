"""The framework file: 55 points in order, and nothing in it that does not exist."""

from pathlib import Path

import pytest

from cas_audit.assure import framework as module
from cas_audit.assure.framework import load_framework
from cas_audit.audit.programme import list_checks
from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml, write_yaml
from cas_audit.rooms import room

NAME = "rekenkamer-2.0"
SIZES = {"1": 8, "2": 21, "3": 17, "4": 9}


def test_every_point_is_there_in_its_order() -> None:
    """Version 2.0 has 8, 21, 17 and 9 points."""
    expected = [f"{part}.{n:02}" for part, size in SIZES.items() for n in range(1, size + 1)]

    assert expected == [point.id for point in load_framework(NAME).points]


def test_every_check_answers_a_point() -> None:
    """A check that no point asks for would be run for nothing."""
    asked = {demand.check for point in load_framework(NAME).points for demand in point.checks}

    assert set(list_checks()) == asked


def test_each_demand_binds_every_threshold_that_could_be_loosened() -> None:
    """A looser run is no evidence, so each named bound must hold for the defaults."""
    checks = list_checks()
    for point in load_framework(NAME).points:
        for demand in point.checks:
            defaults = checks[demand.check].thresholds

            assert all(bound.holds(defaults[name]) for name, bound in demand.bounds.items())
            assert set(defaults) == set(demand.bounds)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("points", 0, "checks", 0, "check"), "model/nothing", "unknown check model/nothing"),
        (("points", 0, "statements", 0, "role"), "king", "unknown role king"),
        (("points", 0, "perspective"), "moon", "unknown perspective moon"),
        (("points", 0, "checks", 0, "bounds"), {"tolerance": {"at_most": 1}}, "no threshold"),
        (("points", 0, "statements", 0, "contradicted_by"), ["a/b"], "unknown check a/b"),
        (("points", 1, "id"), "1.01", "1.01 stands twice"),
        (("points", 0, "colour"), "red", "unknown key"),
    ],
)
def test_an_unknown_name_stops_the_load(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: tuple[str | int, ...],
    value: object,
    said: str,
) -> None:
    """The message names the point and what is unknown."""
    spoiled = read_yaml(room("reports", "frameworks", f"{NAME}.yaml"))
    place = spoiled
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    write_yaml(tmp_path / "spoiled.yaml", spoiled)
    monkeypatch.setattr(module, "room", lambda *_: tmp_path / "spoiled.yaml")

    with pytest.raises(ProgrammeError, match=said):
        load_framework("spoiled")


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "none-1.0"])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    """Only a plain name of a file that is there is taken."""
    with pytest.raises(ProgrammeError):
        load_framework(name)
