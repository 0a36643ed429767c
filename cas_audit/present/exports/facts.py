"""What an audit knows of a system, in sentences that more than one document uses."""

from collections.abc import Iterator
from typing import Any

from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import few_behind
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.plain import plain
from cas_audit.present.words import Words

__all__ = [
    "MEASURES",
    "data_of",
    "groups_of",
    "human_of",
    "model_of",
    "named",
    "periods_of",
    "purpose_of",
    "scores_of",
    "short",
    "themes_of",
    "told",
    "trial_of",
]

HUMANS = "process/humans_decide"
MEASURED = (Outcome.MET, Outcome.NOT_MET, Outcome.INSUFFICIENT)
SPLIT = "model/split.json"
MEASURES = ("hit_rate", "near_hit_rate", "pai", "precision")


def short(known: Known, words: Words) -> str:
    """Say in three sentences what the system does."""
    return words.document("short", themes=themes_of(known, words))


def trial_of(known: Known, words: Words) -> list[str]:
    """Say that the data are invented, where they are."""
    return [words.document("demonstration")] if known.manifest.origin == "synthetic" else []


def themes_of(known: Known, words: Words) -> str:
    """Return the offences, by name."""
    return ", ".join(words.name(theme) for theme in known.manifest.themes)


def purpose_of(known: Known, words: Words) -> list[str]:
    """Say why the system exists, what is done with it, and when it stops."""
    said = {key: known.purpose(key, words.language) for key in ("goal", "action", "stop")}
    lines = [words.document(key, said=text) for key, text in said.items() if text]
    success = known.config.purpose.success
    if success:
        value = words.format_field(success.at_least, _kind(success.measure))
        lines.append(words.document("success", measure=words.name(success.measure), value=value))
    return lines


def model_of(known: Known, words: Words) -> list[str]:
    """Say how the system works, as far as the dossier knows."""
    model, config = known.json("model/parameters.json") or {}, known.config.forecast
    lines = [words.document("model_given")]
    if known.dossier.has(SPLIT):
        weeks = {"train": config.train_weeks, "test": config.test_weeks}
        name = words.documents["models"].get(model.get("model")) or words.name(str(model["model"]))
        lines = [words.document("model_here", model=name, **weeks)]
    lines.append(words.document("flagged", share=known.manifest.flagged_share))
    grid = known.json("data/grid.json")
    if grid:
        lines.append(words.document("cells", size=grid["cell_size_m"]))
    return lines + _features(known, words)


def _features(known: Known, words: Words) -> list[str]:
    features = known.json("model/features.json")
    if not features:
        return []
    persons = sum(one["about_persons"] for one in features)
    sources = sorted({one["source"] for one in features})
    return [
        words.document("features", features=len(features), persons=persons),
        words.document("sources", sources=", ".join(words.name(one) for one in sources)),
    ]


def periods_of(known: Known, words: Words, part: str) -> str:
    """Say on which weeks the model was trained (`train`) or judged (`test`)."""
    split = known.json(SPLIT)
    return words.document(part, **split[part]) if split else words.document("period_unknown")


def human_of(known: Known, words: Words) -> list[str]:
    """Say what was measured of people who decide; nothing where nothing was."""
    return [
        words.document("measured", title=title, outcome=outcome, sentence=sentence)
        for finding in named(known, HUMANS)
        if finding.outcome in MEASURED
        for title, outcome, sentence in told(known, words, HUMANS)
    ]


def groups_of(known: Known, words: Words) -> str:
    """Say which groups of residents are compared."""
    found = known.json("data/groups.json")["groups"]
    said = [
        words.document(
            "against", group=words.name(one["name"]), reference=words.name(one["reference"])
        )
        for one in found
    ]
    return (
        words.document("groups", groups="; ".join(said)) if said else words.document("groups_none")
    )


def data_of(known: Known, words: Words) -> list[dict[str, Any]]:
    """Return the contract of every table that came in, with plain words, in one language."""
    dossier, language = known.dossier, words.language
    return [
        {
            "table": contract["table"],
            "title": plain(contract["title"][language]),
            "columns": [_column(words, one) for one in contract["columns"]],
        }
        for contract in (dossier.json(name) for name in dossier.ingested("contract"))
    ]


def _column(words: Words, column: dict[str, Any]) -> dict[str, str]:
    language = words.language
    said = {key: plain(column[key][language]) for key in ("meaning", "purpose", "concerns")}
    why, special, label = column["why"], column["special_category"], column["label"]
    if label:
        said["meaning"] += f" ({plain(label[language])})"
    return {
        **said,
        "name": plain(column["name"]),
        "ground": plain(column["ground"]),
        "years": words.years(column["retention_years"]),
        "kept": words.name(f"kept_{column['coarsened_to']}"),
        "category": words.name(special) if special else "",
        "why": plain(why[language]) if why else "",
    }


def scores_of(known: Known, words: Words) -> tuple[list[list[str]], str]:
    """Return a row a theme, and what is to be said of what is not shown.

    Where few incidents stand behind a figure it would tell of them, so it is left out.
    """
    scores = known.json("model/scores.json")
    if not scores:
        return [], words.document("scores_none")
    shown = {theme: one["model"] for theme, one in scores.items() if not few_behind(one["model"])}
    rows = [
        [words.name(theme), *(words.format_field(rates[one], _kind(one)) for one in MEASURES)]
        for theme, rates in shown.items()
    ]
    return rows, "" if len(shown) == len(scores) else words.document("hidden_scores")


def _kind(measure: str) -> str:
    return "decimal" if measure == "pai" else "percent"


def told(known: Known, words: Words, start: str) -> Iterator[list[str]]:
    """Yield title, outcome and sentence of every finding of some checks, such as `model/`."""
    for finding in named(known, start):
        outcome = words.page["outcomes"][finding.outcome.value]
        yield [words.title(finding.check), outcome, plain(words.sentence(finding))]


def named(known: Known, start: str) -> list[Finding]:
    """Return the findings of some checks."""
    return [one for one in known.findings if one.check.startswith(start)]
