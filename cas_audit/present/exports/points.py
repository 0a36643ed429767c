"""The points of an audit as documents name them: status, what they rest on, and what is at risk."""

from cas_audit.assure.answers import Answer, counting
from cas_audit.assure.framework import Point, Wanted
from cas_audit.assure.risks import RiskEntry
from cas_audit.assure.stated import Stated
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.plain import plain
from cas_audit.present.people import show_role
from cas_audit.present.points import show_verdict
from cas_audit.present.words import Words

__all__ = ["counted", "pairs", "resting", "risks_of", "said_of", "verdict"]

SIZES = ("large", "medium", "small")


def pairs(known: Known) -> list[tuple[Point, Answer]]:
    """Return every point with its answer, in the order of the framework."""
    answers = {one.id: one for one in known.answers.answers}
    return [(point, answers[point.id]) for point in known.rests.framework.points]


def counted(known: Known, words: Words) -> str:
    """Say how many points have which status."""
    counts = known.answers.verdict.counts
    said = [
        words.document("status_count", number=counts[status], status=name)
        for status, name in words.page["statuses"].items()
        if status in counts
    ]
    total = len(known.answers.answers)
    return words.document("counted", points=total, counts=", ".join(said))


def verdict(known: Known, words: Words) -> str:
    """Say what the gate does, and how many points have which status."""
    said = show_verdict(words, known.answers)["sentence"]
    return words.document("verdict", sentence=said, counted=counted(known, words))


def risks_of(known: Known, words: Words) -> list[str]:
    """Say of each risk how large it is and whether something is done; never whose it is.

    The largest come first.
    """
    titles = {
        point.id: getattr(point.title, words.language) for point in known.rests.framework.points
    }
    found = sorted(known.risks.risks, key=lambda one: SIZES.index(one.set or one.proposed))
    return [_risk(words, one, titles[one.point]) for one in found]


def _risk(words: Words, risk: RiskEntry, title: str) -> str:
    key = "treated_yes" if risk.treatment else "treated_no"
    return words.document(
        "risk",
        point=risk.point,
        title=title,
        status=words.page["statuses"][risk.status],
        level=words.page["risks"][risk.set or risk.proposed],
        treated=words.document("treated_stale" if risk.stale else key),
    )


def resting(known: Known, words: Words, point: Point, answer: Answer) -> list[str]:
    """Say what an answer rests on, check by check and statement by statement; names nobody."""
    kinds = {reason.about: reason.kind for reason in answer.reasons}
    found = {finding.check: finding for finding in known.findings}
    lines = [
        words.document(
            "measured",
            title=words.title(one.check),
            outcome=words.page["reasons"][kinds[one.check]],
            sentence=plain(words.sentence(found[one.check])) if one.check in found else "",
        ).strip()
        for one in point.checks
    ]
    for wanted in point.statements:
        role = show_role(words, known.rests.framework, wanted.role)
        reason = words.page["reasons"][kinds[wanted.id]]
        text = getattr(wanted.text, words.language)
        lines.append(words.document("wanted", role=role, text=text, reason=reason))
    return lines


def said_of(known: Known, wanted: Wanted) -> list[Stated]:
    """Return the statements of one sentence that count on the day of the answers."""
    rests = known.rests
    return counting(rests.statements, wanted, rests.policy, rests.manifest, known.answers.on)
