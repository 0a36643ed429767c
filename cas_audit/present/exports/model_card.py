"""A model card, by the nine headings of Mitchell and others, "Model Cards for Model Reporting"."""

from pathlib import Path

from cas_audit.present.exports.document import Document, Section, write_document
from cas_audit.present.exports.facts import (
    MEASURES,
    groups_of,
    model_of,
    named,
    periods_of,
    purpose_of,
    scores_of,
    short,
    themes_of,
    told,
)
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.points import risks_of
from cas_audit.present.words import Language, Words

__all__ = ["make_model_card", "write_model_card"]


def write_model_card(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the model card in both languages; return what is left to people."""
    del language
    return write_document(known, out, "model-card", make_model_card)


def make_model_card(known: Known, words: Words) -> Document:
    """Return the model card in one language."""
    say, manifest = words.document, known.manifest
    title = say("model_card", title=getattr(manifest.title, words.language))
    channels = ", ".join(map(words.name, manifest.channels)) or words.text("none")
    judged = ", ".join(map(words.name, manifest.judged_on)) or channels
    return Document(
        title,
        [],
        [
            Section(say("mc_details"), _details(known, words), asks=["contact", "licence"]),
            Section(
                say("mc_use"),
                [*purpose_of(known, words), say("about_places")],
                asks=["not_meant_for"],
            ),
            Section(
                say("mc_factors"),
                [
                    say("themes", themes=themes_of(known, words)),
                    say("channels", channels=channels),
                    groups_of(known, words),
                ],
            ),
            Section(say("mc_metrics"), [say("metrics_explained"), say("metrics_groups")]),
            Section(
                say("mc_evaluation"),
                [periods_of(known, words, "test"), say("judged_on", channels=judged)],
            ),
            Section(say("mc_training"), [periods_of(known, words, "train")]),
            _analyses(known, words),
            _ethics(known, words),
            _caveats(known, words),
        ],
    )


def _details(known: Known, words: Words) -> list[str]:
    owner = known.organisation
    return [
        words.document("organisation", said=owner) if owner else "",
        short(known, words),
        *model_of(known, words),
        words.document("engine", version=known.manifest.cas_audit),
    ]


def _analyses(known: Known, words: Words) -> Section:
    """Return the figures per theme, and what every check of the model found."""
    rows, note = scores_of(known, words)
    columns = [words.document("theme"), *(words.name(one) for one in MEASURES)]
    found = [
        words.document("measured", title=a, outcome=b, sentence=c)
        for a, b, c in told(known, words, "model/")
    ]
    return Section(words.document("mc_analyses"), [note], found, columns, rows)


def _ethics(known: Known, words: Words) -> Section:
    found = [
        words.document("measured", title=a, outcome=b, sentence=c)
        for a, b, c in told(known, words, "privacy/")
    ]
    risks = risks_of(known, words) or [words.document("risks_none")]
    return Section(words.document("mc_ethics"), [], [*found, *risks])


def _caveats(known: Known, words: Words) -> Section:
    limits = [
        words.document(
            "limits", title=words.title(one.check), limits=words.of_check(one.check)["limits"]
        )
        for one in named(known, "model/")
    ]
    return Section(words.document("mc_caveats"), [], limits)
