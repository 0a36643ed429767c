"""Why the gate stays shut, in sentences that somebody who never saw the code understands."""

from pathlib import Path

from cas_audit.assure.answers import SETTLED, Answer
from cas_audit.assure.framework import Framework, load_framework
from cas_audit.assure.gate import Judgement, read_findings
from cas_audit.audit.dossier import Dossier
from cas_audit.present.words import Language, Words, name_words

__all__ = ["explain_blockers"]


def explain_blockers(folder: Path, judgement: Judgement, language: Language) -> list[str]:
    """Return one line for each point that holds up the gate, and one for each reason.

    Before them stands where the policy asks for less than the framework, which does not count.

    Args:
        folder: the audit folder.
        judgement: of that folder.
        language: of the sentences; doubts about the evidence itself are English.
    """
    if not (judgement.points or judgement.looser):
        return judgement.sentences
    dossier = Dossier(folder / "dossier")
    words = name_words(dossier, language)
    framework = load_framework(dossier.manifest.framework)
    asked = {reason.about for answer in judgement.points for reason in answer.reasons}
    findings = [one for one in read_findings(folder).findings if one.check in asked]
    said = {one.check: words.sentence(one) for one in findings}
    lines = [words.people("looser", **one.model_dump()) for one in judgement.looser]
    for answer in judgement.points:
        lines += _lines(words, framework, answer, said)
    return lines


def _lines(words: Words, framework: Framework, answer: Answer, said: dict[str, str]) -> list[str]:
    point = next(point for point in framework.points if point.id == answer.id)
    status = words.page["statuses"][answer.status]
    lines = [f"{point.id} {getattr(point.title, words.language)}: {status}."]
    for reason in answer.reasons:
        if reason.kind in SETTLED or not reason.decides:
            continue
        told = words.page["reasons"][reason.kind]
        if reason.kind in {"check_too_loose", "check_not_accepted"}:
            told = f"{told}. {said[reason.about]}"
        elif reason.about in said:
            told = said[reason.about]
        if reason.kind == "statement_missing":
            wanted = next(one for one in point.statements if one.id == reason.about)
            told = f"{told} {getattr(framework.roles[wanted.role], words.language)}"
        lines.append(f"    {reason.about}: {told}")
    if answer.contradiction:
        kind = answer.contradiction.kind
        lines.append(f"    {words.people(kind, **answer.contradiction.model_dump())}")
    return lines
