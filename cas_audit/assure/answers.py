"""The answer to every point: what was measured, what was stated, and whether both agree."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from cas_audit.assure.framework import Demand, Framework, Point, Wanted
from cas_audit.assure.statements import Statement
from cas_audit.audit.dossier import Manifest
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.config import Strict

__all__ = ["SETTLED", "Answer", "Answers", "Contradiction", "Reason", "Verdict", "answer_points"]

Status = Literal["passed", "failed", "contradicted", "waived", "open", "not_applicable"]
Kind = Literal[
    "check_met",
    "check_not_met",
    "check_error",
    "check_insufficient_evidence",
    "check_unavailable",
    "check_not_applicable",
    "check_not_accepted",
    "check_too_loose",
    "check_missing",
    "statement_valid",
    "statement_missing",
    "statement_not_counted",
    "statement_denies",
]
FAILING = ("check_not_met", "check_error", "statement_denies")
SETTLED = ("check_met", "check_not_applicable", "statement_valid")
RISK = {"failed": "large", "contradicted": "large", "open": "medium", "waived": "medium"}


class Reason(Strict):
    """One thing an answer rests on: what happened, and the check or statement it is about."""

    kind: Kind
    about: str


class Measured(Strict):
    """The checks that were asked, by depth."""

    design: list[str] = []
    existence: list[str] = []
    operation: list[str] = []


class Contradiction(Strict):
    """A statement, and the check that denies it."""

    statement: str
    check: str


class Risk(Strict):
    """The remaining risk: proposed by the tool, set by a person."""

    proposed: Literal["small", "medium", "large"]
    set: Literal["small", "medium", "large"] | None = None
    by: str | None = None


class Answer(Strict):
    """The answer to one point."""

    framework: str
    version: str
    id: str
    status: Status
    blocking: bool
    measured: Measured
    stated: list[str]
    contradiction: Contradiction | None
    risk: Risk
    reasons: list[Reason]


class Verdict(Strict):
    """What the gate would do: `blocked` exits 1, `undecided` 2, `opens` 0."""

    gate: Literal["blocked", "undecided", "opens"]
    counts: dict[str, int]
    measured: int
    only_stated: int
    demonstration: int


class Answers(Strict):
    """The answers to all points, in the order of the framework."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    on: date  # the day on which statements were judged
    verdict: Verdict
    answers: list[Answer]


def answer_points(
    framework: Framework,
    findings: list[Finding],
    statements: list[Statement],
    manifest: Manifest,
    on: date,
) -> Answers:
    """Answer every point of a framework.

    Args:
        framework: the points.
        findings: of the programme's checks on one dossier.
        statements: what people stated; demonstrations count for synthetic data only.
        manifest: of that dossier.
        on: the day on which statements must still be valid.
    """
    counted = [one for one in statements if manifest.origin == "synthetic" or not one.demonstration]
    known = _Known({finding.check: finding for finding in findings}, statements, counted, on)
    answers = [_answer(framework, point, known) for point in framework.points]
    used = {name for answer in answers for name in answer.stated}
    demonstration = {one.statement for one in counted if one.demonstration} & used
    return Answers(schema=1, on=on, verdict=_verdict(answers, len(demonstration)), answers=answers)


@dataclass(frozen=True)
class _Known:
    """All that answers may rest on."""

    findings: dict[str, Finding]
    handed_in: list[Statement]
    counted: list[Statement]
    on: date


def _answer(framework: Framework, point: Point, known: _Known) -> Answer:
    reasons = [_measured(demand, known.findings.get(demand.check)) for demand in point.checks]
    reasons += [_stated(wanted, known) for wanted in point.statements]
    stated = [reason.about for reason in reasons if reason.kind == "statement_valid"]
    contradiction = _contradiction(point, stated, known.findings)
    status = "contradicted" if contradiction else _status([reason.kind for reason in reasons])
    depths: dict[str, list[str]] = {}
    for demand in point.checks:
        depths.setdefault(demand.depth, []).append(demand.check)
    return Answer.model_validate(
        {
            "framework": framework.framework,
            "version": framework.version,
            "id": point.id,
            "status": status,
            "blocking": point.blocking,
            "measured": depths,
            "stated": stated,
            "contradiction": contradiction,
            "risk": {"proposed": RISK.get(status, "small")},
            "reasons": reasons,
        }
    )


def _measured(demand: Demand, finding: Finding | None) -> Reason:
    kind = "missing" if finding is None else _kind(demand, finding)
    return Reason.model_validate({"kind": f"check_{kind}", "about": demand.check})


def _kind(demand: Demand, finding: Finding) -> str:
    if finding.outcome is Outcome.NOT_APPLICABLE:
        accepted = finding.message in demand.accepts_not_applicable
        return "not_applicable" if accepted else "not_accepted"
    loose = not all(
        name in finding.thresholds and bound.holds(finding.thresholds[name])
        for name, bound in demand.bounds.items()
    )
    return "too_loose" if loose and finding.outcome is Outcome.MET else finding.outcome.value


def _stated(wanted: Wanted, known: _Known) -> Reason:
    made = [one for one in known.counted if one.is_made(wanted, known.on)]
    newest = max((one.date for one in made), default=None)
    valid = [one for one in made if one.date == newest and one.is_valid(wanted, known.on)]
    if any(not one.holds for one in valid):
        return Reason(kind="statement_denies", about=wanted.id)
    if valid:
        return Reason(kind="statement_valid", about=wanted.id)
    handed_in = any(one.statement == wanted.id for one in known.handed_in)
    return Reason(
        kind="statement_not_counted" if handed_in else "statement_missing", about=wanted.id
    )


def _contradiction(
    point: Point, stated: list[str], findings: dict[str, Finding]
) -> Contradiction | None:
    for wanted in point.statements:
        for check in wanted.contradicted_by:
            finding = findings.get(check)
            if wanted.id in stated and finding and finding.outcome is Outcome.NOT_MET:
                return Contradiction(statement=wanted.id, check=check)
    return None


def _status(kinds: list[str]) -> str:
    if any(kind in FAILING for kind in kinds):
        return "failed"
    if any(kind not in SETTLED for kind in kinds):
        return "open"
    return "not_applicable" if set(kinds) == {"check_not_applicable"} else "passed"


def _verdict(answers: list[Answer], demonstration: int) -> Verdict:
    blocking = {answer.status for answer in answers if answer.blocking}
    gate: Literal["blocked", "undecided", "opens"] = "opens"
    if "open" in blocking:
        gate = "undecided"
    error = any(one.kind == "check_error" for answer in answers for one in answer.reasons)
    if error or blocking & {"failed", "contradicted"}:
        gate = "blocked"
    met = [a for a in answers if any(one.kind == "check_met" for one in a.reasons)]
    only_stated = [a for a in answers if a.stated and a not in met]
    return Verdict(
        gate=gate,
        counts=dict(sorted(Counter(answer.status for answer in answers).items())),
        measured=len(met),
        only_stated=len(only_stated),
        demonstration=demonstration,
    )
