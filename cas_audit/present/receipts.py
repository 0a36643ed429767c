"""The receipt page: what came in, what was refused and why, fit to be shown without the rest."""

from pathlib import Path
from typing import Any, NamedTuple

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.expectation import word_of
from cas_audit.files import digest
from cas_audit.present.template import load_template
from cas_audit.present.words import LANGUAGES, Words, name_words

__all__ = ["show_receipts", "write_receipts"]

BY_ROW = (".csv", ".geojson", ".json", ".gpkg")
TURNED_AWAY = ("refused", "left_out")


class _Papers(NamedTuple):
    """What a dossier holds about one table that came in."""

    receipt: dict[str, Any]
    contract: dict[str, Any]
    validation: dict[str, Any]


def write_receipts(folder: Path) -> None:
    """Write `receipt.nl.html` and `receipt.en.html` into an audit folder.

    Raises:
        Unavailable: the dossier holds no receipts.
    """
    dossier = Dossier(folder / "dossier")
    manifest, template = dossier.manifest, load_template("receipt")
    papers = [_read(dossier, name) for name in dossier.ingested("receipt")]
    labels = dossier.json("ingest/labels.json")
    for language in LANGUAGES:
        words = name_words(dossier, language)
        page = template.render(
            words=words,
            say=words.receipt,
            language=language,
            title=words.receipt(
                "title", title=getattr(manifest.title, language), version=manifest.version
            ),
            manifest=manifest,
            manifest_digest=digest(folder / "dossier/manifest.json"),
            owner=dossier.yaml("purpose.yaml").get("owner"),
            held=_held(words, papers),
            rows=show_receipts(dossier, words),
            tables=[_table(words, one, labels) for one in papers],
            glossary=words.receipts["glossary"],
        )
        (folder / f"receipt.{language}.html").write_text(page, encoding="utf-8")


def show_receipts(dossier: Dossier, words: Words) -> list[dict[str, Any]]:
    """Return one line a table: rows offered, left out, refused and admitted, and columns."""
    lines = []
    for name in dossier.ingested("receipt"):
        papers = _read(dossier, name)
        receipt = papers.receipt
        lines.append(
            {
                "table": receipt["table"],
                "title": papers.contract["title"][words.language],
                "offered": _count(words, receipt["offered"]),
                "left_out": _sum(words, receipt["left_out"]),
                "refused": _sum(words, receipt["refused"]),
                "admitted": _count(words, receipt["admitted"]),
                "columns_read": len(receipt["admitted_columns"]),
                "columns_refused": len(receipt["refused_columns"]) + receipt["withheld_names"],
            }
        )
    return lines


def _read(dossier: Dossier, name: str) -> _Papers:
    kinds = ("receipt", "contract", "validation")
    return _Papers(*(dossier.json(name.replace(".receipt.", f".{kind}.")) for kind in kinds))


def _held(words: Words, papers: list[_Papers]) -> dict[str, Any]:
    """Return the regime, the longest retention, and what older rows are compared with."""
    years = max(one.receipt["retention_years"] for one in papers)
    comparison = next((c for one in papers if (c := one.receipt["comparison"])), None)
    text = comparison[words.language] if comparison else ""
    told = words.years(years)
    return {
        "regime": words.name(papers[0].receipt["regime"]),
        "retention": words.receipt("retention_most_why", years=told),
        "streams": _streams(words, papers),
        "comparison": text and words.receipt("comparison_why", years=told, text=text),
    }


def _streams(words: Words, papers: list[_Papers]) -> str:
    """Say of which files every byte passes through the reader; the others are projected."""
    names = [one.receipt["source"] for one in papers]
    names = [name for name in names if Path(name).suffix in BY_ROW]
    return words.receipt("stream", sources=", ".join(names)) if names else ""


def _table(words: Words, papers: _Papers, labels: dict[str, str]) -> dict[str, Any]:
    """Return all that the page says of one table."""
    receipt, contract = papers.receipt, papers.contract
    refused, half = receipt["refused_columns"], receipt["areas_in"] // 2
    columns_offered = len(receipt["admitted_columns"]) + len(refused) + receipt["withheld_names"]
    kinds = [words.name(f"kind_{kind}") for kind in receipt["searched"]]
    return {
        **receipt,
        "title": contract["title"][words.language],
        "came_from": words.receipt(
            "came_from",
            source=receipt["source"],
            offered=_count(words, receipt["offered"]),
            admitted=_count(words, receipt["admitted"]),
            columns_offered=columns_offered,
            columns_admitted=len(receipt["admitted_columns"]),
        ),
        "turned_away": {key: _rules(words, receipt[key]) for key in TURNED_AWAY},
        "idle": [words.name(rule) for key in TURNED_AWAY for rule in _idle(receipt[key])],
        "count": {key: _count(words, receipt[key]) for key in ("offered", "admitted")},
        "young": receipt["up_to_a_year"] and _count(words, receipt["up_to_a_year"]),
        "is_file": "." in receipt["source"],
        "refused_columns": [(name, _likeness(words, receipt, name)) for name in refused],
        "columns": [_column(words, one) for one in contract["columns"]],
        "dated": any(one["role"] in {"moment", "date"} for one in contract["columns"]),
        "years": words.years(receipt["retention_years"]),
        "kinds": f"{', '.join(kinds[:-1])} {words.receipt('or')} {kinds[-1]}",
        "found": _found(words, receipt["scanned"]),
        "checked": _checked(words, papers.validation),
        "area_rules": [
            (key, rule)
            for key in TURNED_AWAY
            for rule in receipt[key]
            if _counts(receipt, key, rule)
        ],
        "areas": [_area(words, one, labels, half) for one in receipt["areas"]],
        "half": half,
    }


def _count(words: Words, count: dict[str, Any]) -> str:
    return (
        words.receipt("hidden")
        if count["suppressed"]
        else words.format_field(count["count"], "integer")
    )


def _sum(words: Words, counts: dict[str, dict[str, Any]]) -> str:
    """Add up what is shown; of what is hidden nothing is told but that it is at least one."""
    hidden = sum(one["suppressed"] for one in counts.values())
    rows = sum(one["count"] or 0 for one in counts.values())
    if hidden:
        return words.receipt("at_least", rows=rows + hidden)
    return words.format_field(rows, "integer")


def _rules(words: Words, counts: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Return the rules that turned away any row, the most first."""
    used = [rule for rule in counts if rule not in _idle(counts)]
    used.sort(key=lambda rule: -(counts[rule]["count"] or 0))
    return [
        {"name": words.name(rule), "why": _why(words, rule), "rows": _count(words, counts[rule])}
        for rule in used
    ]


def _idle(counts: dict[str, dict[str, Any]]) -> list[str]:
    return [rule for rule, one in counts.items() if one["count"] == 0]


def _why(words: Words, rule: str) -> str:
    rules = words.receipts["rules"]
    return str(rules["looks_like"] if rule.startswith("looks_like_") else rules[rule])


def _likeness(words: Words, receipt: dict[str, Any], name: str) -> str:
    what = receipt["resembling"].get(name)
    return words.receipt("resembles", what=words.name(what)) if what else ""


def _column(words: Words, column: dict[str, Any]) -> dict[str, str]:
    """Return what an admitted column is for, and why it is admitted nevertheless."""
    said = {key: column[key][words.language] for key in ("meaning", "purpose", "concerns")}
    if column["label"]:
        said["meaning"] += f": {column['label'][words.language]}"
    why = column["why"][words.language] if column["why"] else ""
    category = column["special_category"]
    if why and category:
        why = words.receipt("special", category=words.name(category), why=why)
    elif why:
        why = words.receipt("special_other", why=why)
    return {
        **said,
        "name": column["name"],
        "ground": column["ground"],
        "retention": words.years(column["retention_years"]),
        "kept": words.name(f"kept_{column['coarsened_to']}"),
        "why": why,
    }


def _found(words: Words, scanned: dict[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [
        (column, words.name(f"kind_{kind}"), _count(words, rows))
        for column, kinds in scanned.items()
        for kind, rows in kinds.items()
    ]


def _checked(words: Words, validation: dict[str, Any]) -> str:
    """Say how many expectations held, which did not, and which there was nothing to ask with."""
    said: dict[str, list[dict[str, Any]]] = {}
    for one in validation["results"]:
        said.setdefault(word_of(one), []).append(one)
    unasked, wrong = said.get("not_asked", []), said.get("fails", []) + said.get("broken", [])
    asked = len(validation["results"]) - len(unasked)
    key = "checked_some" if wrong else "checked_all"
    found = words.receipt(key, expectations=asked, broken=_expectations(words, wrong))
    if not unasked:
        return found
    return f"{found} {words.receipt('checked_not', unasked=_expectations(words, unasked))}"


def _expectations(words: Words, results: list[dict[str, Any]]) -> str:
    whole = words.receipt("whole_table")
    named = (f"{words.name(one['expectation'])} ({one['column'] or whole})" for one in results)
    return "; ".join(named)


def _counts(receipt: dict[str, Any], key: str, rule: str) -> bool:
    """Say whether any area counts rows by a rule."""
    return any(rule in one[key] for one in receipt["areas"])


def _area(words: Words, area: dict[str, Any], labels: dict[str, str], half: int) -> dict[str, Any]:
    """Return the rounded counts of an area as text; what cannot occur there stays empty."""
    code, together = area["area"], area["together"]
    key = "together" if together else "nowhere"
    nowhere = words.receipt(key, areas=together)
    return {
        "code": code,
        "label": labels.get(code, "") if code else nowhere,
        "offered": _rounded(words, area["offered"], half),
        "admitted": _rounded(words, area["admitted"], half) if code or together else "",
        **{
            key: {rule: _rounded(words, number, half) for rule, number in area[key].items()}
            for key in TURNED_AWAY
        },
    }


def _rounded(words: Words, number: int | None, half: int) -> str:
    shown = words.format_field(half if number is None else number, "integer")
    return f"<{shown}" if number is None else shown
