"""What the trials of other choices found: a line a choice, with what it would have caught."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.record import tells_few
from cas_audit.present.words import Words

__all__ = ["show_choices"]

TRIALS = "trials/sensitivity.json"
CHOICE = ("forecaster", "trial", "cell_size_m", "window", "share", "moved")


def show_choices(dossier: Dossier, words: Words) -> list[dict[str, Any]]:
    """Return a table a theme; none where the trial was not asked for.

    Origins of the grid and draws of moved incidents are told together, as mean and extremes. A
    line is left out where a count of one to four incidents would follow from it.
    """
    if not dossier.has(TRIALS):
        return []
    return [_show(words, theme, tried) for theme, tried in dossier.json(TRIALS).items()]


def _show(words: Words, theme: str, tried: Iterable[dict[str, Any]]) -> dict[str, Any]:
    together = [list(runs) for _, runs in groupby(tried, lambda one: list(map(one.get, CHOICE)))]
    shown = [runs for runs in together if not any(map(_few, runs))]
    return {
        "name": words.name(theme),
        "rows": [_line(words, runs) for runs in shown],
        "hidden": len(shown) < len(together),
    }


def _few(run: dict[str, Any]) -> bool:
    return not run["incidents"] or tells_few(run["incidents"], run["hits"], 0)


def _line(words: Words, runs: list[dict[str, Any]]) -> list[str]:
    choice = words.text(f"choice_{runs[0]['trial']}", **runs[0], number=len(runs))
    return [
        choice,
        words.text(runs[0]["forecaster"]),
        *_spread(words, [one["hit_rate"] for one in runs]),
        *_spread(words, [one["overlap"] for one in runs]),
        words.format_field(runs[0]["overlap_by_chance"], "percent"),
    ]


def _spread(words: Words, values: list[float | None]) -> list[str]:
    """Return the mean, and the extremes where there is more than one value."""
    if any(one is None for one in values):
        return [words.format_field(None, "percent"), ""]
    known = np.array(values, dtype=float)
    mean = words.format_field(known.mean(), "percent")
    if known.size == 1:
        return [mean, ""]
    low, high = (words.format_field(one, "percent") for one in (known.min(), known.max()))
    return [mean, words.text("choice_extremes", low=low, high=high)]
