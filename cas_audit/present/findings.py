"""A finding as the report shows it: the sentence, the figures, and what it cannot tell."""

from typing import Any

from cas_audit.audit.finding import Estimand, Finding
from cas_audit.present.words import Words

__all__ = ["show_finding"]


def show_finding(words: Words, finding: Finding) -> dict[str, Any]:
    """Return a finding in the words of one language; `facts` are left out where undefined."""
    texts = words.of_check(finding.check)
    low, high = finding.interval or (None, None)
    return {
        "check": finding.check,
        "version": finding.check_version,
        "title": texts["title"],
        "outcome": finding.outcome.value,
        "label": words.page["outcomes"][finding.outcome.value],
        "sentence": words.sentence(finding),
        "limits": texts["limits"],
        "remedy": texts["remedy"],
        "without_refits": finding.without_refits and _without_refits(words, finding),
        "without_figures": _without_figures(words, finding),
        "facts": [
            ("estimate", _figure(words, finding.estimate)),
            ("interval", _between(words, low, high)),
            ("level", finding.level and words.format_field(finding.level, "percent")),
            ("n", ", ".join(f"{words.name(k)} {_figure(words, v)}" for k, v in finding.n.items())),
            ("smallest", _figure(words, finding.smallest_gap)),
            ("estimand", words.page["estimands"][finding.estimand.value]),
            (
                "thresholds",
                "; ".join(
                    f"{words.name(k)} {_figure(words, v)}" for k, v in finding.thresholds.items()
                ),
            ),
        ],
        "tables": [_table(words, rows) for rows in finding.tables.values() if rows],
    }


def _without_refits(words: Words, finding: Finding) -> str:
    one_map = finding.estimand is Estimand.THIS_MAP
    return words.text("without_refits_map" if one_map else "without_refits")


def _without_figures(words: Words, finding: Finding) -> str | None:
    """Say how much lies where no group is known; None where all is seen."""
    residents = finding.values.get("residents_without_figures")
    for text in ("flags_without_figures", "records_without_figures"):
        if text in finding.values:
            return words.text(text, share=finding.values[text], residents=residents)
    return None


def _between(words: Words, low: float | None, high: float | None) -> str | None:
    if low is None:
        return None
    if high is None:  # where the figure below the line may be zero
        return words.text("unbounded", low=low)
    return f"{_figure(words, low)} {words.text('until')} {_figure(words, high)}"


def _table(words: Words, rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = list(rows[0])
    return {
        "columns": [words.name(column) for column in columns],
        "rows": [[_cell(words, row.get(column)) for column in columns] for row in rows],
    }


def _cell(words: Words, value: object) -> str:
    if isinstance(value, str):
        return words.name(value) if value in words.names else value
    return _figure(words, value) or words.page["undefined"]


def _figure(words: Words, value: object) -> str | None:
    """Write a number with as many digits as it can carry; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return words.format_field(value, "integer")
    if isinstance(value, float) and abs(value) < 0.001:  # noqa: PLR2004 - else it reads 0.000
        return words.format_field(value, "scientific")
    return words.precise(float(str(value)))
