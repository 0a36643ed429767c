"""The frontier as pages: what each rule of choosing cells gives, and what it costs."""

from math import log
from pathlib import Path
from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.frontier import draw_frontier
from cas_audit.files import digest, write_json
from cas_audit.present.template import load_template
from cas_audit.present.words import LANGUAGES, Words, name_words

__all__ = ["write_frontier"]

WIDTH, HEIGHT, EDGE = 640, 300, 48
ROOM = 1.08  # around the outermost points
TOLERANCE = 1.25  # always in view, so that a small gap looks small
TICKS = (0.25, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 4.0)


def write_frontier(audit: Path, out: Path) -> list[Path]:
    """Write `frontier.json` and a page a language.

    Args:
        audit: an intact audit folder.
        out: an empty folder.

    Raises:
        Unavailable: the dossier lacks scores, residents or incidents.
    """
    dossier = Dossier(audit / "dossier")
    rows = draw_frontier(dossier)
    write_json(out / "frontier.json", {"audit": digest(audit / "audit.json"), "rows": rows})
    template, pages = load_template("frontier"), [out / "frontier.json"]
    for language in LANGUAGES:
        words = name_words(dossier, language)
        title = getattr(dossier.manifest.title, language)
        page = template.render(
            words=words,
            say=words.text,
            language=language,
            title=title,
            version=dossier.manifest.version,
            synthetic=dossier.manifest.origin == "synthetic",
            parts=[_part(words, *one) for one in _by_group(rows)],
            size=(WIDTH, HEIGHT, EDGE),
        )
        pages.append(out / f"frontier.{language}.html")
        pages[-1].write_text(page, encoding="utf-8")
    return pages


def _by_group(rows: list[dict[str, Any]]) -> list[tuple[tuple[str, str, str], list[Any]]]:
    """Put the rows of each comparison together, in the order of the audit."""
    parts: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        parts.setdefault((row["theme"], row["group"], row["reference"]), []).append(row)
    return list(parts.items())


def _part(words: Words, name: tuple[str, str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    theme, group, reference = (words.name(one) for one in name)
    shown = [
        {**row, "number": number, "rule": _rule(words, row)}
        for number, row in enumerate(rows, start=1)
    ]
    drawn = [row for row in shown if row["ratio"] and row["low"] is not None]
    return {
        "theme": theme,
        "group": group,
        "reference": reference,
        "rows": shown,
        "surveyed": any(row["surveyed"] is not None for row in rows),
        "plot": _plot(drawn) if drawn else None,
    }


def _rule(words: Words, row: dict[str, Any]) -> str:
    return words.text(f"rule_{row['method']}", setting=row["setting"])


def _plot(drawn: list[dict[str, Any]]) -> dict[str, Any]:
    """Place points and ticks: ratios on a log scale around 1, hit rates on a plain one."""
    reach = max(abs(log(row["ratio"])) for row in drawn)
    reach = max(reach, log(TOLERANCE)) * ROOM
    low = min(row["low"] for row in drawn) / ROOM
    high = max(row["high"] for row in drawn) * ROOM

    def across(ratio: float) -> float:
        return float(round(WIDTH / 2 + log(ratio) / reach * (WIDTH / 2 - EDGE), 1))

    def up(value: float) -> float:
        return float(round(HEIGHT - EDGE - (value - low) / (high - low) * (HEIGHT - 2 * EDGE), 1))

    ratios = [one for one in TICKS if abs(log(one)) <= reach]
    rates = [low + part * (high - low) for part in (0, 0.5, 1)]
    points = [
        {
            "number": row["number"],
            "plain": row["method"] == "top",
            "x": across(row["ratio"]),
            "y": up(row["hit_rate"]),
            "top": up(row["high"]),
            "bottom": up(row["low"]),
        }
        for row in drawn
    ]
    return {
        "points": sorted(points, key=lambda one: one["plain"]),  # drawn last, it lies on top
        "ratios": [{"x": across(one), "value": one} for one in ratios],
        "rates": [{"y": up(one), "value": one} for one in rates],
    }
