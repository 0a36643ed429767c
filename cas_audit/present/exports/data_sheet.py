"""A data sheet, by the seven headings of Gebru and others, "Datasheets for Datasets"."""

from pathlib import Path

from cas_audit.present.exports.document import Document, Section, write_document
from cas_audit.present.exports.facts import data_of, purpose_of, told
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.plain import plain
from cas_audit.present.receipts import show_receipts
from cas_audit.present.words import Language, Words

__all__ = ["held_for", "make_data_sheet", "special_of", "write_data_sheet"]


def write_data_sheet(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the data sheet in both languages; return what is left to people."""
    del language
    return write_document(known, out, "data-sheet", make_data_sheet)


def make_data_sheet(known: Known, words: Words) -> Document:
    """Return the data sheet in one language."""
    say = words.document
    found = [
        say("measured", title=a, outcome=b, sentence=c) for a, b, c in told(known, words, "data/")
    ]
    published = known.json("public/publication.json")
    smallest = published["smallest_population"] if published else None
    return Document(
        say("data_sheet", title=getattr(known.manifest.title, words.language)),
        [],
        [
            Section(say("ds_motivation"), purpose_of(known, words)),
            Section(say("ds_composition"), special_of(known, words), _tables(known, words)),
            Section(
                say("ds_collection"),
                [say("collected"), say("regime", regime=words.name(known.manifest.regime))],
                asks=["collected_by", "consent"],
            ),
            Section(
                say("ds_processing"), [say("gate"), say("coarse"), *_rows(known, words)], found
            ),
            Section(say("ds_uses"), [], _uses(known, words)),
            Section(
                say("ds_distribution"),
                [
                    say("dossier_restricted"),
                    say("smallest", smallest=smallest) if smallest else "",
                ],
                asks=["shared_with"],
            ),
            Section(say("ds_maintenance"), held_for(known, words), asks=["kept_up_by"]),
        ],
    )


def _tables(known: Known, words: Words) -> list[str]:
    return [
        words.document(
            "table",
            title=one["title"],
            columns="; ".join(f"{c['meaning']} ({c['concerns']})" for c in one["columns"]),
        )
        for one in data_of(known, words)
    ]


def _rows(known: Known, words: Words) -> list[str]:
    """Say per table how many rows came in and were refused; a count of one to four is hidden."""
    lines = []
    for one in show_receipts(known.dossier, words):
        rows = words.document(
            "rows",
            offered=one["offered"],
            admitted=one["admitted"],
            read=one["columns_read"],
            refused=one["columns_refused"],
        )
        gone = words.document("dropped", refused=one["refused"], left_out=one["left_out"])
        lines.append(f"{plain(one['title'])}. {rows} {gone}")
    return lines


def _uses(known: Known, words: Words) -> list[str]:
    return [
        words.document("column", **{key: column[key] for key in column if key != "why"})
        for table in data_of(known, words)
        for column in table["columns"]
    ]


def special_of(known: Known, words: Words) -> list[str]:
    """Say which special categories of personal data come in, and why."""
    found = [
        words.document(
            "special",
            meaning=column["meaning"],
            category=column["category"],
            why=column["why"],
        )
        for table in data_of(known, words)
        for column in table["columns"]
        if column["category"]
    ]
    return found or [words.document("special_none")]


def held_for(known: Known, words: Words) -> list[str]:
    """Say how long data are kept, and what older data are compared with."""
    comparison = known.config.comparison
    lines = [words.document("retention", years=words.years(known.config.retention_years))]
    if comparison:
        said = plain(getattr(comparison, words.language))
        lines.append(words.document("comparison", said=said))
    return lines
