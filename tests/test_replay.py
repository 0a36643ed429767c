"""The replay of 2022: it fails where CAS is known to have failed, and claims nothing more."""

import re
from pathlib import Path

import pytest

from cas_audit.assure.framework import load_framework
from cas_audit.assure.gate import judge
from cas_audit.files import read_json, read_yaml
from cas_audit.replay import ROOM, read_known, replay
from cas_audit.rooms import room

FRAMEWORK = "rekenkamer-1.0"
PAGE = Path(__file__).parents[1] / "docs/replay-2022.md"
DENIED = {one.statement: one for one in read_known().denied}
POINTS = {statement.rpartition(".")[0] for statement in DENIED}


def test_it_uses_the_version_of_2022() -> None:
    """Every statement that is denied is one that version 1.0 asks for."""
    asked = {one.id for point in load_framework(FRAMEWORK).points for one in point.statements}

    assert FRAMEWORK == read_yaml(room(*ROOM, "config.yaml"))["framework"]
    assert DENIED
    assert set(DENIED) <= asked


def test_bias_access_and_assessment_were_lacking() -> None:
    """These three are what is known of the Court's findings."""
    assert {"2.13", "2.14", "3.03", "4.02"} <= POINTS


def test_a_claim_is_known_or_called_our_inference() -> None:
    """A reader can tell what was found from what we conclude."""
    for one in DENIED.values():
        known = "Known from" in one.claim.en or "That follows from" in one.claim.en

        assert known != ("our inference" in one.claim.en)
        assert ("onze gevolgtrekking" in one.claim.nl) == ("our inference" in one.claim.en)


@pytest.mark.parametrize("part", [0, 1])
def test_the_page_names_every_point_in_both_languages(part: int) -> None:
    """What the replay denies stands on the page, and no other point is called denied there."""
    half = PAGE.read_text(encoding="utf-8").split("\n## In English\n")[part]

    assert POINTS == set(re.findall(r"`(\d\.\d\d)`", half))


@pytest.mark.slow
def test_it_fails_where_the_court_is_known_to_have_failed_it(tmp_path: Path) -> None:
    """What is denied fails; what nobody stated is open, so nothing passes by a word alone."""
    folder = replay(tmp_path / "replay", side=48)
    answers = read_json(folder / "answers.json")
    status = {answer["id"]: answer["status"] for answer in answers["answers"]}

    assert 1 == judge(folder).code
    assert 63 == len(status)
    assert {"failed"} == {status[point] for point in POINTS}
    assert 0 == answers["verdict"]["only_stated"]
    assert "open" == status["2.11"]  # whether the law was gone through is not known
    assert "failed" == status["1.04"] == status["1.06"]  # no moment to stop, no target
    person = {point.id for point in load_framework(FRAMEWORK).points if point.level == "person"}

    assert {"open"} == {status[point] for point in person - POINTS}
