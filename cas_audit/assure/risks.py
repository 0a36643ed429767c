"""The risk register: every point that is not in order or not answered is a risk with an owner."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from cas_audit.assure.answers import Answer, Answers, Status, newest_risk
from cas_audit.assure.framework import Framework, Point
from cas_audit.assure.policy import Level, Policy
from cas_audit.assure.stated import Stated
from cas_audit.config import Strict

__all__ = ["Register", "RiskEntry", "list_risks"]

AT_RISK = ("failed", "contradicted", "open", "waived")


class RiskEntry(Strict):
    """One risk: how large, whose it is, what is done about it, and when it is looked at again.

    It is stale when the day of review has passed. `treated_by` says where the treatment stands.
    """

    point: str
    status: Status
    blocking: bool
    proposed: Level
    set: Level | None
    set_by: str | None
    owner: str | None
    treatment: str | None
    review: date | None
    stale: bool
    treated_by: Literal["statement", "policy", "waiver"] | None


class Register(Strict):
    """All risks of one audit, in the order of the framework."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    on: date
    risks: list[RiskEntry]


def list_risks(
    framework: Framework, answers: Answers, statements: list[Stated], policy: Policy
) -> Register:
    """Return the risk register that follows from answers.

    Args:
        framework: whose points were answered.
        answers: to every point.
        statements: in which a person may say who treats a risk, and how.
        policy: in which the organisation may say so, or waive a point.
    """
    points = {point.id: point for point in framework.points}
    found = [
        _entry(framework, points[one.id], one, _Sources(statements, policy, answers.on))
        for one in answers.answers
        if one.status in AT_RISK
    ]
    return Register(schema=1, on=answers.on, risks=found)


@dataclass(frozen=True)
class _Sources:
    """Where a treatment can stand."""

    statements: list[Stated]
    policy: Policy
    on: date


def _entry(framework: Framework, point: Point, answer: Answer, known: _Sources) -> RiskEntry:
    treated = _treated(framework, point, answer, known)
    review = treated.get("review")
    return RiskEntry.model_validate(
        {
            "point": point.id,
            "status": answer.status,
            "blocking": answer.blocking,
            "proposed": answer.risk.proposed,
            "set": answer.risk.set,
            "set_by": answer.risk.by,
            "owner": None,
            "treatment": None,
            "review": None,
            "treated_by": None,
            "stale": isinstance(review, date) and review < known.on,
            **treated,
        }
    )


def _treated(
    framework: Framework, point: Point, answer: Answer, known: _Sources
) -> dict[str, object]:
    """Take the treatment from a statement, else from the policy, else from the waiver."""
    said = newest_risk(known.statements, point, known.on)
    if said and said.statement.risk and said.statement.risk.treatment:
        risk = said.statement.risk
        return {
            "owner": risk.owner or said.statement.name,
            "treatment": risk.treatment,
            "review": risk.review,
            "treated_by": "statement",
        }
    for one in known.policy.about(framework).risks:
        if one.point == point.id:
            kept = one.model_dump(include={"owner", "treatment", "review"})
            return {**kept, "treated_by": "policy"}
    waiver = known.policy.waiver(framework, point.id, known.on)
    if waiver and answer.status == "waived":
        return {
            "owner": waiver.owner,
            "treatment": waiver.reason,
            "review": waiver.until,
            "treated_by": "waiver",
        }
    return {}
