"""The framework files: every point in order, and nothing in them that does not exist."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cas_audit import cli
from cas_audit.assure import framework as module
from cas_audit.assure.framework import load_framework
from cas_audit.assure.laws import list_laws
from cas_audit.assure.lines import line_of
from cas_audit.audit.programme import list_checks
from cas_audit.demo import CONFIGS
from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml, write_yaml
from cas_audit.rooms import room

NAME = "rekenkamer-1.0"  # it uses every kind of reference
SIZES = {
    "rekenkamer-2.0": {"1": 8, "2": 21, "3": 17, "4": 9},
    "rekenkamer-1.0": {"1": 8, "2": 24, "3": 15, "4": 16},
}
COUNTS = {"rekenkamer-2.0": 55, "rekenkamer-1.0": 63, "adr-2023": 84, "wpg": 37, "ai-act": 35}
loaded = cache(load_framework)
NAMES = sorted(path.stem for path in room("reports", "frameworks").glob("*.yaml"))


def texts(content: Any) -> Iterator[dict[str, str]]:
    """Yield every text in two languages of a framework file."""
    if isinstance(content, dict) and set(content) == {"nl", "en"}:
        yield content
    elif isinstance(content, dict):
        for part in content.values():
            yield from texts(part)
    elif isinstance(content, list):
        for part in content:
            yield from texts(part)


@pytest.mark.parametrize("name", sorted(SIZES))
def test_every_point_of_the_court_is_there_in_its_order(name: str) -> None:
    """Version 2.0 has 8, 21, 17 and 9 points; version 1.0 has 8, 24, 15 and 16."""
    sizes = SIZES[name].items()
    expected = [f"{part}.{n:02}" for part, size in sizes for n in range(1, size + 1)]

    assert expected == [point.id for point in loaded(name).points]


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_a_framework_has_all_points_of_its_source(name: str) -> None:
    """A point that no check or person can answer well is still there."""
    ids = [point.id for point in loaded(name).points]

    assert COUNTS[name] == len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NAMES)
def test_every_text_stands_in_two_languages(name: str) -> None:
    """No text is empty, and none was left untranslated."""
    found = list(texts(read_yaml(room("reports", "frameworks", f"{name}.yaml"))))

    assert len(found) > 2 * len(loaded(name).points)
    assert [] == [one for one in found if not (one["nl"].strip() and one["en"].strip())]
    same = [one["nl"] for one in found if one["nl"] == one["en"]]

    assert {"Privacy"} >= set(same)


@pytest.mark.parametrize("name", NAMES)
def test_a_framework_says_what_it_is(name: str) -> None:
    """The top keys are those of every framework file."""
    content = read_yaml(room("reports", "frameworks", f"{name}.yaml"))

    assert {"framework", "version", "title", "source", "points"} <= set(content)


def test_every_check_answers_a_point() -> None:
    """A check that no point asks for would be run for nothing."""
    points = loaded("rekenkamer-2.0").points
    asked = {demand.check for point in points for demand in point.checks}

    assert set(list_checks()) == asked


@pytest.mark.parametrize("name", NAMES)
def test_each_demand_binds_every_threshold_that_could_be_loosened(name: str) -> None:
    """A looser run is no evidence, so each named bound must hold for the defaults."""
    checks = list_checks()
    for point in loaded(name).points:
        for demand in point.checks:
            defaults = checks[demand.check].thresholds

            assert all(bound.holds(defaults[one]) for one, bound in demand.bounds.items())
            assert set(defaults) == set(demand.bounds)


@pytest.mark.parametrize("name", NAMES)
def test_a_point_that_can_be_measured_is_measured(name: str) -> None:
    """What a tool can mostly measure needs a check: a statement alone never answers it."""
    points = loaded(name).points

    assert [] == [point.id for point in points if point.level == "mostly" and not point.checks]
    assert [] == [point.id for point in points if point.level == "person" and point.checks]


def test_both_versions_are_linked_both_ways() -> None:
    """Each link is there in both files; two points of 2.0 were new, and lead nowhere."""
    old, new = loaded("rekenkamer-1.0"), loaded("rekenkamer-2.0")
    there = {(p.id, one) for p in old.points for one in p.crosswalk["rekenkamer-2.0"]}
    back = {(one, p.id) for p in new.points for one in p.crosswalk.get("rekenkamer-1.0", [])}

    assert there == back
    assert {point.id for point in old.points} == {one for one, _ in there}
    assert {"2.17", "3.17"} == {point.id for point in new.points} - {one for _, one in there}


def test_every_principle_is_served_by_a_point() -> None:
    """Ethics has no points of its own: its principles are found at those of the others."""
    framework = loaded("rekenkamer-1.0")
    served = {principle for point in framework.points for principle in point.principles}

    assert 7 == len(framework.principles)
    assert set(framework.principles) == served


def test_the_controls_of_the_adr_are_in_their_order() -> None:
    """There are 19 of governance, 11 of privacy, 24 of data and model, 30 of security."""
    sizes = {"SV": 19, "PRI": 11, "DM": 24, "IB": 30}
    expected = [f"{part}.{n}" for part, size in sizes.items() for n in range(1, size + 1)]

    assert expected == [point.id for point in loaded("adr-2023").points]


def test_every_provision_is_named_by_a_point() -> None:
    """The list of provisions holds none that no framework needs."""
    points = [point for name in NAMES for point in loaded(name).points]
    for key, law in list_laws().items():
        named = {one for point in points for one in getattr(point.law, key)}

        assert [] == [one for one in law.provisions if one not in named]


def spoil(monkeypatch: pytest.MonkeyPatch, folder: Path, old: str, new: str) -> int:
    """Put a typo in a copy of a framework; return its line."""
    text = room("reports", "frameworks", f"{NAME}.yaml").read_text(encoding="utf-8")
    before, found, after = text.partition(old)

    assert found == old
    (folder / f"{NAME}.yaml").write_text(before + new + after, encoding="utf-8")
    monkeypatch.setattr(module, "room", lambda *parts: folder / parts[-1])
    return (before + new.rstrip()).count("\n") + 1


TYPOS = {
    "check": ("check: process/purpose_is_measurable", "check: process/purpose", "unknown check"),
    "threshold": ("max_missing:", "max_mising:", "has no threshold max_mising"),
    "message": ("- not_applicable_is_counting", "- not_applicable_counting", "never says"),
    "bound": ("at_most: 0\n", "at_mots: 0\n", "unknown key points.0.checks.0.bounds"),
    "role": ("role: system_owner", "role: system_ower", "unknown role system_ower"),
    "perspective": ("perspective: model_data", "perspective: model", "unknown perspective model"),
    "contradiction": (
        "contradicted_by:\n    - process/purpose_is_measurable",
        "contradicted_by:\n    - process/purpose",
        "unknown check process/purpose",
    ),
    "law": ("wpg:\n    - 4a(5)", "wpg:\n    - 4a(55)", "unknown provision Wpg 4a(55)"),
    "crosswalk": (
        "rekenkamer-2.0:\n    - '1.03'",
        "rekenkamer-2.0:\n    - '1.30'",
        "rekenkamer-2.0 has no point 1.30",
    ),
    "framework of a crosswalk": ("    rekenkamer-2.0:", "    rekenkamer-3.0:", "unknown framework"),
    "principle": ("principles:\n  - E4.2", "principles:\n  - E4.3", "unknown principle E4.3"),
    "point": ("- id: '1.02'", "- id: '1.20'", "statement 1.02.a has the number of another"),
    "point twice": ("- id: '1.02'", "- id: '1.01'", "1.01 stands twice"),
    "statement": ("- id: 1.02.a", "- id: 1.20.a", "has the number of another point"),
    "key": ("  level: partly", "  levle: partly", "unknown key points.0.levle"),
    "value": ("level: partly", "level: half", "points.0.level"),
    "name": ("framework: rekenkamer", "framework: rekenkaner", "what the file is called"),
}


@pytest.mark.parametrize("kind", TYPOS)
def test_a_typo_stops_the_load_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The message names the file, the line and what is unknown."""
    old, new, said = TYPOS[kind]
    line = spoil(monkeypatch, tmp_path, old, new)
    with pytest.raises(ProgrammeError) as error:
        load_framework(NAME)

    assert said in str(error.value)
    if kind == "point":  # the statement below shows that it is wrong, some lines further
        assert f"{NAME}.yaml, line " in str(error.value)
    else:
        assert f"{NAME}.yaml, line {line}: " in str(error.value)


def test_a_typo_ends_a_command_with_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A framework that does not load is no verdict on the system."""
    line = spoil(monkeypatch, tmp_path, "role: system_owner", "role: king")
    config = read_yaml(CONFIGS / "v2.yaml")
    write_yaml(tmp_path / "config.yaml", {**config, "framework": NAME})
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", str(tmp_path / "config.yaml"), "--out", str(tmp_path / "audit")])

    assert 3 == ended.value.code
    assert f"line {line}: point 1.01: unknown role king." in " ".join(
        capsys.readouterr().err.split()
    )


def test_what_is_absent_has_the_line_of_what_should_hold_it(tmp_path: Path) -> None:
    """A missing key has no line of its own."""
    path = tmp_path / "some.yaml"
    path.write_text(yaml.safe_dump({"a": 1, "b": [{"c": 2}]}))

    assert (2, 3, 3) == tuple(line_of(path, p) for p in (("b", 3), ("b", 0, "c"), ("b", 0, "d")))
    assert 1 == line_of(path, ())


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "none-1.0"])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    """Only a plain name of a file that is there is taken."""
    with pytest.raises(ProgrammeError):
        load_framework(name)
