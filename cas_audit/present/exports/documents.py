"""Every kind of export, the folder they are written to, and the list of what people fill in."""

from collections.abc import Callable
from pathlib import Path

from cas_audit.files import digest, tree, write_json
from cas_audit.present.exports.cards import write_assessment, write_system
from cas_audit.present.exports.data_sheet import write_data_sheet
from cas_audit.present.exports.document import say_left
from cas_audit.present.exports.dpia import write_dpia
from cas_audit.present.exports.known import Known, read_known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.model_card import write_model_card
from cas_audit.present.exports.oscal import write_oscal
from cas_audit.present.exports.plain import load_markdown
from cas_audit.present.exports.processing import write_processing
from cas_audit.present.exports.register import write_register
from cas_audit.present.exports.summary import write_summary
from cas_audit.present.exports.week import write_week
from cas_audit.present.words import LANGUAGES, Language

__all__ = ["BY_LAW", "WRITERS", "write_exports"]

WRITERS: dict[str, Callable[[Known, Path, Language], list[Left]]] = {
    "register": write_register,
    "system-card": write_system,
    "assessment-card": write_assessment,
    "oscal": write_oscal,
    "model-card": write_model_card,
    "data-sheet": write_data_sheet,
    "processing": write_processing,
    "dpia": write_dpia,
    "json": write_summary,
}
BY_LAW = ("processing", "dpia")  # that a law on personal data asks for


def write_exports(audit: Path, out: Path, kinds: list[str], language: Language) -> None:
    """Write documents for others, what is left to people, and an index with a digest of each.

    Args:
        audit: an audit folder; for all but `week`, one that was answered and reported.
        out: an empty folder.
        kinds: some of `WRITERS`, or `week`; what no law asks for, as with open data, is not made.
        language: of what is written in one language.

    Raises:
        EvidenceError: the gate doubts the evidence, or a document would not fit its standard.
        Unavailable: `week` is asked for and the dossier holds no forecast of it.
    """
    left, not_made = _write_documents(audit, out, kinds, language)
    if "week" in kinds:
        write_week(audit, out / "week", language)
    content = {
        "schema": 1,
        "audit": digest(audit / "audit.json"),
        "documents": {name: digest(out / name) for name in tree(out)},
        "left": [one.model_dump(mode="json") for one in left],
        "not_made": not_made,
    }
    write_json(out / "export.json", content)


def _write_documents(
    audit: Path, out: Path, kinds: list[str], language: Language
) -> tuple[list[Left], list[str]]:
    asked = [kind for kind in WRITERS if kind in kinds]
    if not asked:
        return [], []
    known = read_known(audit)
    made = [kind for kind in asked if known.law or kind not in BY_LAW]
    left = [one for kind in made for one in WRITERS[kind](known, out, language)]
    _write_left(known, out, left)
    return left, [kind for kind in asked if kind not in made]


def _write_left(known: Known, out: Path, left: list[Left]) -> None:
    """Write one list a language of all that is left to people, by document."""
    for language in LANGUAGES:
        words = known.words(language)
        title = getattr(known.manifest.title, language)
        sections = [
            {
                "title": name,
                "lines": [],
                "listed": [say_left(words, one) for one in left if one.document == kind],
                "columns": [],
                "rows": [],
                "left": [],
            }
            for kind, name in words.documents["documents"].items()
            if any(one.document == kind for one in left)
        ]
        page = load_markdown("document").render(
            title=words.document("to_fill_in", title=title),
            lead=[words.document("to_fill_in_lead")],
            sections=sections,
        )
        (out / f"to-fill-in.{language}.md").write_text(page.rstrip() + "\n", encoding="utf-8")
