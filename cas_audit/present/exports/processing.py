"""An entry for the register of processing: Wpg 31d, or article 30 of the GDPR."""

from pathlib import Path

from cas_audit.audit.finding import Outcome
from cas_audit.present.exports.data_sheet import held_for, special_of
from cas_audit.present.exports.document import Document, Section, write_document
from cas_audit.present.exports.facts import data_of, purpose_of
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.plain import plain
from cas_audit.present.words import Language, Words

__all__ = ["make_processing", "write_processing"]

ABOUT_PERSONS = (
    "privacy/no_person_level_rows",
    "privacy/no_direct_identifiers",
    "privacy/no_source_about_suspects",
)
ASKS = [
    "controller_contact",
    "officer",
    "joint_controllers",
    "task",
    "recipients",
    "transfers",
    "security_more",
]


def write_processing(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the entry in both languages; return what is left to people."""
    del language
    return write_document(known, out, "processing", make_processing)


def make_processing(known: Known, words: Words) -> Document:
    """Return the entry in one language."""
    say = words.document
    title = say(f"processing_{known.law}", title=getattr(known.manifest.title, words.language))
    rows = [[say(f"pr_{name}"), " ".join(lines)] for name, lines in _fields(known, words).items()]
    columns = [say("field"), say("content")]
    return Document(
        title,
        [say("processing_lead")],
        [Section(say("pr_entry"), [], [], columns, rows, asks=ASKS)],
    )


def _fields(known: Known, words: Words) -> dict[str, list[str]]:
    """Return what the law asks for and the audit knows, in the order of the law."""
    columns = [column for table in data_of(known, words) for column in table["columns"]]
    manifest = known.manifest
    owner = known.config.purpose.owner
    return {
        "name": [f"{plain(getattr(manifest.title, words.language))}, {plain(manifest.version)}"],
        "controller": [known.organisation, plain(owner) if owner else ""],
        "purpose": purpose_of(known, words),
        "subjects": ["; ".join(sorted({one["concerns"] for one in columns}))],
        "data": ["; ".join(sorted({one["meaning"] for one in columns})), *special_of(known, words)],
        "profiling": [words.document(f"profiling_{_profiling(known)}")],
        "ground": ["; ".join(sorted({one["ground"] for one in columns}))],
        "retention": held_for(known, words),
        "security": [words.document("security")],
    }


def _profiling(known: Known) -> str:
    """Say whether anything is about a person: yes, no, or that it could not be seen."""
    found = {one.check: one.outcome for one in known.findings}
    asked = [found.get(check) for check in ABOUT_PERSONS]
    if Outcome.NOT_MET in asked:
        return "yes"
    return "no" if all(one is Outcome.MET for one in asked) else "unknown"
