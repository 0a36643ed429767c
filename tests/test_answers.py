"""Answers: what was measured and what was stated, and what neither may hide."""

from datetime import date
from typing import Any

import pytest

from cas_audit.assure.answers import Answers, answer_points
from cas_audit.assure.framework import Framework
from cas_audit.assure.stated import Stated
from cas_audit.assure.statements import Statement
from cas_audit.audit.dossier import Manifest
from cas_audit.audit.finding import Estimand, Finding, Outcome

TODAY = date(2026, 1, 5)
WORDS = {"nl": "x", "en": "x"}


def framework(**point: Any) -> Framework:
    """Return a framework of one point, by default measured and stated."""
    plain = {
        "id": "1.01",
        "perspective": "p",
        "title": WORDS,
        "question": WORDS,
        "level": "partly",
        "blocking": True,
        "checks": [
            {
                "check": "model/c",
                "depth": "operation",
                "bounds": {"limit": {"at_most": 1.25}},
                "accepts_not_applicable": ["not_applicable_fine"],
            }
        ],
        "statements": [
            {
                "id": "1.01.a",
                "role": "owner",
                "valid_days": 365,
                "text": WORDS,
                "contradicted_by": ["model/c"],
            }
        ],
    }
    return Framework.model_validate(
        {
            "framework": "f",
            "version": "1",
            "title": WORDS,
            "source": WORDS,
            "perspectives": {"p": WORDS},
            "roles": {"owner": WORDS},
            "points": [{**plain, **point}],
        }
    )


def finding(outcome: str, message: str = "", limit: float = 1.25) -> Finding:
    """Return the finding of the one check."""
    return Finding(
        check="model/c",
        outcome=Outcome(outcome),
        message=message or outcome,
        estimand=Estimand.RECORD,
        thresholds={"limit": limit},
    )


def statement(**changes: Any) -> Statement:
    """Return a statement that counts."""
    plain = {
        "framework": "f",
        "version": "1",
        "point": "1.01",
        "statement": "1.01.a",
        "holds": True,
        "claim": "Yes.",
        "role": "owner",
        "name": "N. N.",
        "date": TODAY,
        "valid_until": date(2026, 12, 31),
    }
    return Statement.model_validate({**plain, **changes})


def answer(
    manifest: Manifest, findings: list[Finding], stated: list[Statement], **point: Any
) -> Answers:
    """Answer the one point; what was stated is signed as it should be."""
    signed = [Stated(one, id=str(place)) for place, one in enumerate(stated)]
    return answer_points(framework(**point), findings, signed, manifest, TODAY)


@pytest.mark.parametrize(
    ("found", "status", "gate"),
    [
        (finding("met"), "passed", "opens"),
        (finding("met", limit=1.2), "passed", "opens"),
        (finding("met", limit=2.0), "open", "undecided"),
        (finding("not_met"), "contradicted", "blocked"),
        (finding("error"), "failed", "blocked"),
        (finding("insufficient_evidence"), "open", "undecided"),
        (finding("unavailable"), "open", "undecided"),
        (finding("not_applicable", "not_applicable_fine"), "passed", "opens"),
        (finding("not_applicable", "not_applicable_other"), "open", "undecided"),
    ],
)
def test_outcome_becomes_status(manifest: Manifest, found: Finding, status: str, gate: str) -> None:
    """Only met, or not applicable for an accepted reason, lets a stated point through."""
    answers = answer(manifest, [found], [statement()])

    assert status == answers.answers[0].status
    assert gate == answers.verdict.gate


INFORMS = [{"check": "model/c", "depth": "operation", "decides": False}]


@pytest.mark.parametrize(
    ("outcome", "risk"),
    [
        ("met", "small"),
        ("not_met", "medium"),
        ("error", "medium"),
        ("unavailable", "small"),
        ("insufficient_evidence", "small"),
    ],
)
def test_a_check_that_informs_weighs_in_the_risk_alone(
    manifest: Manifest, outcome: str, risk: str
) -> None:
    """Its finding is kept at the point, and the answer does not turn on it."""
    wanted = [{"id": "1.01.a", "role": "owner", "valid_days": 365, "text": WORDS}]
    found = [finding(outcome)]
    answers = answer(manifest, found, [statement()], checks=INFORMS, statements=wanted)
    [point] = answers.answers

    assert ("passed", "opens") == (point.status, answers.verdict.gate)
    assert (f"check_{outcome}", False) in [(one.kind, one.decides) for one in point.reasons]
    assert risk == point.risk.proposed


def test_a_point_that_is_only_informed_is_no_point() -> None:
    """With nothing that decides, it could never be answered."""
    with pytest.raises(ValueError, match="a check that decides"):
        framework(checks=INFORMS, statements=[])


def test_a_mostly_measurable_point_is_not_answered_by_what_informs(manifest: Manifest) -> None:
    """A statement beside it does not make it measured."""
    answers = answer(manifest, [finding("met")], [statement()], checks=INFORMS, level="mostly")

    assert "nothing_measured" in [one.kind for one in answers.answers[0].reasons]


def test_a_check_that_did_not_run_leaves_the_point_open(manifest: Manifest) -> None:
    """Silence is no evidence."""
    answers = answer(manifest, [], [statement()])

    assert answers.answers[0].status == "open"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_until": date(2026, 1, 4)}, "statement_expired"),
        ({"date": date(2024, 1, 1)}, "statement_expired"),
        ({"role": "passer_by"}, "statement_wrong_role"),
        ({"date": date(2026, 1, 6)}, "statement_early"),
        ({"holds": False}, "statement_denies"),
    ],
)
def test_a_statement_that_does_not_count(
    manifest: Manifest, changes: dict[str, Any], reason: str
) -> None:
    """Expired, too old, from another role, or a denial: none of them answers the point."""
    answers = answer(manifest, [finding("met")], [statement(**changes)])
    kinds = {one.kind for one in answers.answers[0].reasons}

    assert reason in kinds
    assert answers.verdict.gate != "opens"


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [(False, True, "passed"), (True, False, "failed")],
)
def test_the_newest_statement_counts(
    manifest: Manifest, first: bool, then: bool, status: str
) -> None:
    """People correct themselves; what was said before stays, and no longer decides."""
    said = [statement(holds=first, date=date(2025, 12, 1)), statement(holds=then)]

    assert status == answer(manifest, [finding("met")], said).answers[0].status


def test_an_expired_denial_does_not_bring_back_what_it_denied(manifest: Manifest) -> None:
    """Once denied, somebody must say anew that it holds."""
    said = [
        statement(date=date(2025, 6, 1)),
        statement(holds=False, date=date(2025, 12, 1), valid_until=date(2025, 12, 31)),
    ]

    assert "open" == answer(manifest, [finding("met")], said).answers[0].status


def test_a_denied_measurement_without_statement_fails(manifest: Manifest) -> None:
    """There is nothing to contradict, and it is still not in order."""
    answers = answer(manifest, [finding("not_met")], [])

    assert answers.answers[0].status == "failed"
    assert answers.verdict.gate == "blocked"


def test_a_demonstration_counts_for_synthetic_data_only(manifest: Manifest) -> None:
    """Nobody stands behind it, so it says nothing of a real city."""
    shown = statement(demonstration=True)
    real = manifest.model_copy(update={"origin": "observed"})

    assert answer(manifest, [finding("met")], [shown]).verdict.gate == "opens"
    assert answer(real, [finding("met")], [shown]).verdict.gate == "undecided"
    assert answer(real, [finding("met")], [shown]).verdict.demonstration == 0


def test_a_point_that_does_not_block(manifest: Manifest) -> None:
    """It fails in the open and does not hold up the gate; an error still does."""
    failed = answer(manifest, [finding("not_met")], [], blocking=False)
    broken = answer(manifest, [finding("error")], [], blocking=False)

    assert failed.answers[0].status == "failed"
    assert failed.verdict.gate == "opens"
    assert broken.verdict.gate == "blocked"


def test_a_point_with_nothing_that_applies(manifest: Manifest) -> None:
    """It is not applicable, not passed."""
    found = finding("not_applicable", "not_applicable_fine")

    assert answer(manifest, [found], [], statements=[]).answers[0].status == "not_applicable"
