"""The points as the report shows them: verdict, counts, and each point with what it rests on."""

from typing import Any

from cas_audit.assure.answers import Answer, Answers
from cas_audit.assure.framework import Framework, Point
from cas_audit.assure.laws import list_laws
from cas_audit.assure.stated import Stated
from cas_audit.audit.finding import Finding
from cas_audit.present.people import show_role, show_stated
from cas_audit.present.words import Words

__all__ = ["show_counts", "show_points", "show_verdict"]


def show_verdict(words: Words, answers: Answers) -> dict[str, Any]:
    """Return the verdict as one sentence, and how much of it was measured."""
    blocking = [answer for answer in answers.answers if answer.blocking]
    values = {
        "points": len(answers.answers),
        "bad": sum(answer.status in {"failed", "contradicted"} for answer in blocking),
        "open": sum(answer.status == "open" for answer in blocking),
        "measured": answers.verdict.measured,
        "only_stated": answers.verdict.only_stated,
    }
    gate = answers.verdict.gate
    said = words.vformat(words.page["verdicts"][gate], (), values)
    counted = words.text("counted", **values)
    waived = answers.verdict.counts.get("waived")
    if waived:
        counted = f"{counted} {words.people('waivers', waived=waived)}"
    return {"gate": gate, "sentence": said, "counted": counted}


def show_counts(words: Words, framework: Framework, answers: Answers) -> dict[str, Any]:
    """Count per perspective how many points have which status."""
    status = {answer.id: answer.status for answer in answers.answers}
    used = [name for name in words.page["statuses"] if name in set(status.values())]
    rows = []
    for name, title in framework.perspectives.items():
        points = [point.id for point in framework.points if point.perspective == name]
        numbers = [sum(status[point] == one for point in points) for one in used]
        rows.append({"name": name, "title": getattr(title, words.language), "numbers": numbers})
    return {"statuses": used, "rows": rows}


def show_points(
    words: Words,
    framework: Framework,
    answers: Answers,
    findings: list[Finding],
    statements: list[Stated],
) -> list[dict[str, Any]]:
    """Return every point by perspective: what was measured, what was stated, what is left."""
    said = {finding.check: words.sentence(finding) for finding in findings}
    by_id = {answer.id: answer for answer in answers.answers}
    return [
        {
            "name": name,
            "title": getattr(title, words.language),
            "points": [
                _point(words, framework, point, by_id[point.id], (said, statements))
                for point in framework.points
                if point.perspective == name
            ],
        }
        for name, title in framework.perspectives.items()
    ]


def _point(
    words: Words,
    framework: Framework,
    point: Point,
    answer: Answer,
    known: tuple[dict[str, str], list[Stated]],
) -> dict[str, Any]:
    said, statements = known
    reasons = {reason.about: reason.kind for reason in answer.reasons}
    informing = {reason.about for reason in answer.reasons if not reason.decides}
    return {
        "id": point.id,
        "title": getattr(point.title, words.language),
        "question": getattr(point.question, words.language),
        "status": answer.status,
        "blocking": point.blocking,
        "risk": _risk(words, answer),
        "risk_set": answer.risk.set is not None,
        "law": _law(words, point),
        "crosswalk": "; ".join(
            f"{name} {', '.join(ids)}" for name, ids in point.crosswalk.items() if ids
        ),
        "principles": [
            f"{one}: {getattr(framework.principles[one], words.language)}"
            for one in point.principles
        ],
        "contradiction": answer.contradiction
        and words.people(answer.contradiction.kind, **answer.contradiction.model_dump()),
        "measured": [
            {
                "check": demand.check,
                "title": words.title(demand.check),
                "kind": reasons[demand.check],
                "reason": words.page["reasons"][reasons[demand.check]],
                "informs": demand.check in informing,
                "sentence": said.get(demand.check, ""),
            }
            for demand in point.checks
        ],
        "stated": [
            {
                "id": wanted.id,
                "text": getattr(wanted.text, words.language),
                "kind": reasons[wanted.id],
                "reason": words.page["reasons"][reasons[wanted.id]],
                "role": show_role(words, framework, wanted.role),
                "by": [
                    show_stated(words, framework, one)
                    for one in statements
                    if one.statement.statement == wanted.id
                ],
            }
            for wanted in point.statements
        ],
    }


def _risk(words: Words, answer: Answer) -> str:
    levels, risk = words.page["risks"], answer.risk
    if risk.set is None:
        return str(levels[risk.proposed])
    proposed = levels[risk.proposed]
    return words.people("set", level=levels[risk.set], by=risk.by, proposed=proposed)


def _law(words: Words, point: Point) -> str:
    named = [
        f"{getattr(law.short, words.language)} {', '.join(getattr(point.law, key))}"
        for key, law in list_laws().items()
        if getattr(point.law, key)
    ]
    return "; ".join(named)
