"""An annex of evidence to an assessment of data protection: Wpg 4c, or article 35 of the GDPR.

The one document that names who stated something: whoever assesses must be able to ask them.
"""

from pathlib import Path

from cas_audit.assure.framework import Point
from cas_audit.present.exports.data_sheet import held_for, special_of
from cas_audit.present.exports.document import Document, Section, write_document
from cas_audit.present.exports.facts import groups_of, model_of, purpose_of, short, told
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.plain import plain
from cas_audit.present.exports.points import pairs, resting, risks_of, said_of, verdict
from cas_audit.present.people import show_role
from cas_audit.present.words import Language, Words

__all__ = ["make_dpia", "write_dpia"]


def write_dpia(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the annex in both languages; return what is left to people."""
    del language
    return write_document(known, out, "dpia", make_dpia)


def make_dpia(known: Known, words: Words) -> Document:
    """Return the annex in one language."""
    say, regime = words.document, words.name(known.manifest.regime)
    described = [short(known, words), *purpose_of(known, words), *model_of(known, words)]
    held = [say("regime", regime=regime), *held_for(known, words), groups_of(known, words)]
    risks = risks_of(known, words) or [say("risks_none")]
    return Document(
        say(f"dpia_{known.law}", title=getattr(known.manifest.title, words.language)),
        [say("with_names"), say("dp_lead")],
        [
            Section(say("dp_description"), [*described, *held, *special_of(known, words)]),
            Section(
                say("dp_necessity"),
                [],
                _found(known, words, "privacy/"),
                asks=["proportionality", "people_heard"],
            ),
            Section(
                say("dp_risks"),
                [verdict(known, words)],
                [*_found(known, words, "model/"), *_found(known, words, "data/"), *risks],
                asks=["remaining", "consultation"],
            ),
            Section(
                say("dp_measures"),
                [say("gate"), say("security")],
                [*_found(known, words, "process/"), *_stated(known, words)],
            ),
            _points(known, words),
            Section(say("dp_evidence"), [], _evidence(known, words)),
        ],
    )


def _found(known: Known, words: Words, start: str) -> list[str]:
    return [
        words.document("measured", title=title, outcome=outcome, sentence=sentence)
        for title, outcome, sentence in told(known, words, start)
    ]


def _stated(known: Known, words: Words) -> list[str]:
    """Say who stated what, in which role, until when: of what counts, and is about this law."""
    return [
        words.document(
            "stated_by" if one.statement.holds else "denied_by",
            name=plain(one.statement.name),
            role=show_role(words, known.rests.framework, one.statement.role),
            on=one.statement.date,
            until=one.statement.valid_until,
            text=getattr(wanted.text, words.language),
            id=one.id,
        )
        for point, _ in pairs(known)
        if _law_of(known, point)
        for wanted in point.statements
        for one in said_of(known, wanted)
    ]


def _points(known: Known, words: Words) -> Section:
    """Return every point that bears on this law: its provisions, its answer, what that rests on."""
    columns = [words.document(one) for one in ("point", "law", "answer", "resting")]
    rows = [
        [
            f"{point.id} {getattr(point.title, words.language)}",
            ", ".join(_law_of(known, point)),
            words.page["statuses"][answer.status],
            " ".join(resting(known, words, point, answer)),
        ]
        for point, answer in pairs(known)
        if _law_of(known, point)
    ]
    none = [] if rows else [words.document("no_points")]
    return Section(words.document("dp_points"), none, [], columns, rows)


def _law_of(known: Known, point: Point) -> list[str]:
    return list(getattr(point.law, str(known.law)))


def _evidence(known: Known, words: Words) -> list[str]:
    return [
        words.document("evidence", file=name, sha256=value)
        for name, value in known.digests().items()
    ]
