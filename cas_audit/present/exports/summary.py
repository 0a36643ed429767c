"""The audit as JSON with a published schema (`cas-audit schema export`), for programs of others.

Public in kind: it names no person, holds no table of a finding, and hides counts of one to four.
"""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from cas_audit.assure.answers import Answer, Status
from cas_audit.assure.framework import Point
from cas_audit.assure.policy import Level
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.config import SMALLEST_COUNT, Strict, Text
from cas_audit.files import write_json
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.plain import plain
from cas_audit.present.exports.points import pairs
from cas_audit.present.words import Language, Words

__all__ = ["Exported", "make_summary", "write_summary"]

OF_THINGS = {
    "areas", "asked", "columns", "comparisons", "expectations", "features", "periods", "series",
    "tables", "test_weeks", "themes", "trials", "undefined", "units", "weeks",
}  # fmt: skip


class System(Strict):
    """What was audited."""

    name: str
    version: str
    title: Text
    organisation: str
    reference_date: date
    regime: str
    origin: Literal["synthetic", "observed"]
    themes: list[str]
    channels: list[str]
    flagged_share: float
    framework: str


class Given(Strict):
    """A statement that a point asks for: its words, the role, and whether it was made."""

    id: str
    role: str
    text: Text
    kind: str


class Asked(Strict):
    """A check that a point asks for, and what it says there."""

    check: str
    depth: str
    decides: bool
    kind: str


class Answered(Strict):
    """A point, its answer, and what that rests on."""

    id: str
    title: Text
    question: Text
    status: Status
    blocking: bool
    contradicted: bool
    risk: Level
    risk_set_by_a_person: bool
    law: dict[str, list[str]]
    checks: list[Asked]
    statements: list[Given]


class Found(Strict):
    """What a check found; a count of one to four is null."""

    check: str
    version: str
    title: Text
    sentence: Text
    outcome: Outcome
    estimand: Estimand
    estimate: float | None
    interval: tuple[float | None, float | None] | None
    level: float | None
    n: dict[str, int | None]
    thresholds: dict[str, float]


class AtRisk(Strict):
    """A point at risk: how large, whether it is treated, and when it is looked at."""

    point: str
    level: Level
    treated: bool
    review: date | None
    stale: bool


class Exported(Strict):
    """One audit, for programs of others."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    system: System
    evidence: dict[str, str]
    answered_on: date
    gate: Literal["blocked", "undecided", "opens"]
    counts: dict[str, int]
    answers: list[Answered]
    findings: list[Found]
    risks: list[AtRisk]


def write_summary(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the audit as JSON, in both languages; nothing is left to people."""
    del language
    write_json(
        out / "audit-export.json", make_summary(known).model_dump(mode="json", by_alias=True)
    )
    return []


def make_summary(known: Known) -> Exported:
    """Return the audit as others may have it."""
    answers, dutch, english = known.answers, known.words("nl"), known.words("en")
    return Exported(
        schema=1,
        system=_system(known),
        evidence=known.digests(),
        answered_on=answers.on,
        gate=answers.verdict.gate,
        counts=answers.verdict.counts,
        answers=[_answered(point, answer) for point, answer in pairs(known)],
        findings=[_found(one, dutch, english) for one in known.findings],
        risks=[
            AtRisk(
                point=one.point,
                level=one.set or one.proposed,
                treated=one.treatment is not None,
                review=one.review,
                stale=one.stale,
            )
            for one in known.risks.risks
        ],
    )


def _system(known: Known) -> System:
    manifest = known.manifest
    same = ("name", "version", "reference_date", "regime", "origin", "themes", "channels")
    return System(
        title=Text(nl=plain(manifest.title.nl), en=plain(manifest.title.en)),
        organisation=known.organisation,
        flagged_share=manifest.flagged_share,
        framework=manifest.framework,
        **{name: getattr(manifest, name) for name in same},
    )


def _answered(point: Point, answer: Answer) -> Answered:
    kinds = {reason.about: reason for reason in answer.reasons}
    return Answered(
        id=point.id,
        title=point.title,
        question=point.question,
        status=answer.status,
        blocking=answer.blocking,
        contradicted=answer.contradiction is not None,
        risk=answer.risk.set or answer.risk.proposed,
        risk_set_by_a_person=answer.risk.set is not None,
        law={name: said for name, said in point.law.model_dump().items() if said},
        checks=[
            Asked(
                check=one.check,
                depth=one.depth,
                decides=kinds[one.check].decides,
                kind=kinds[one.check].kind,
            )
            for one in point.checks
        ],
        statements=[
            Given(id=one.id, role=one.role, text=one.text, kind=kinds[one.id].kind)
            for one in point.statements
        ],
    )


def _found(finding: Finding, dutch: Words, english: Words) -> Found:
    same = ("check", "outcome", "estimand", "estimate", "interval", "level", "thresholds")
    return Found(
        version=finding.check_version,
        title=Text(nl=dutch.title(finding.check), en=english.title(finding.check)),
        sentence=Text(nl=plain(dutch.sentence(finding)), en=plain(english.sentence(finding))),
        n={name: _shown(name, number) for name, number in finding.n.items()},
        **{name: getattr(finding, name) for name in same},
    )


def _shown(name: str, number: int) -> int | None:
    """Hide a count of one to four, but of things that are nobody: weeks, tables, themes."""
    return None if 0 < number < SMALLEST_COUNT and name not in OF_THINGS else number
