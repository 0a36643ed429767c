"""A document in Markdown: sections of sentences, lists and tables, and what is left to people.

All that is filled in is made harmless by the template; sections hold plain text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cas_audit.present.exports.facts import trial_of
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left, left_of
from cas_audit.present.exports.plain import load_markdown
from cas_audit.present.words import LANGUAGES, Words

__all__ = ["Document", "Section", "say_left", "write_document"]


@dataclass(frozen=True)
class Section:
    """A heading, and under it sentences, a list, a table, and fields left to people."""

    title: str
    lines: Sequence[str] = ()
    listed: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    asks: Sequence[str] = ()  # fields of left.yaml


@dataclass(frozen=True)
class Document:
    """A title, what comes before all else, and sections."""

    title: str
    lead: Sequence[str]
    sections: Sequence[Section]


def write_document(
    known: Known, out: Path, name: str, make: Callable[[Known, Words], Document]
) -> list[Left]:
    """Write a document in both languages; return what is left to people.

    Args:
        known: the audit.
        out: folder to write in.
        name: of the document, as left.yaml knows it.
        make: returns the document in the words of one language.
    """
    left = {one.field: one for one in left_of(name, ())}
    for language in LANGUAGES:
        words = known.words(language)
        page = _render(known, words, make(known, words), left)
        (out / f"{name}.{language}.md").write_text(page, encoding="utf-8")
    return list(left.values())


def _render(known: Known, words: Words, document: Document, left: dict[str, Left]) -> str:
    shown = [
        {
            "title": section.title,
            "lines": [line for line in section.lines if line],
            "listed": list(section.listed),
            "columns": section.columns,
            "rows": section.rows,
            "left": [say_left(words, left[field]) for field in section.asks],
        }
        for section in document.sections
    ]
    manifest = known.manifest
    about = words.document(
        "about",
        title=getattr(manifest.title, words.language),
        version=manifest.version,
        on=manifest.reference_date,
        answers=known.digests()["answers.json"],
    )
    lead = [*trial_of(known, words), *document.lead, about, words.document("no_verdict")]
    page = load_markdown("document").render(title=document.title, lead=lead, sections=shown)
    return page.rstrip() + "\n"


def say_left(words: Words, left: Left) -> str:
    """Say what is still to be filled in, by whom, and why."""
    told = {key: getattr(getattr(left, key), words.language) for key in ("title", "who", "why")}
    key = "left_partly" if left.partly else "left_required" if left.required else "left"
    return words.document(key, **told)
