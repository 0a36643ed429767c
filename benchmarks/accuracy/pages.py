"""The page of the accuracy benchmark."""

from typing import Any

import numpy as np
from gains import best_baseline, gain, hits, mean_gain

from cas_audit.forecast.forecasters import BASELINES
from cas_audit.inference.interval import Interval

__all__ = ["page"]

COUNTED = "counting_long"
AIMED, HOPED, TOLERATED = 0.03, 0.06, -0.02
INTRODUCTION = """\
Made by `{command}`, with `CAS_AUDIT_DATA` set to the folder of the data.
The log of looks at the test year is [looks.md](looks.md)."""
REAL = """\
Cells of 125 m, fortnights of {year}, the top 3 % of the kept cells; two years to fit on, and the
settings of the blend are chosen on the later of these. The blend is the mean of several fits on
different samples. The counting that is to be beaten is the strongest we know: all years, ties
broken by density. Intervals are 95 %, paired, over stretches of 13 weeks within 16 wide blocks of
the city: they are about what happened, given the flags."""
CALIBRATION = """\
Expected over observed incidents of the year, which holds how well the level was foreseen as well;
and the log score an incident (higher is better)."""
DRAWN = """\
Of what the true intensity would catch in 3 % of the cells, the share that each forecaster is
expected to catch after three years, in percent. The last columns are an estimate of the best
anyone can do with the same data, and the blend beside it. Aimed at: at least 95 % of the truth at
200 incidents a week, at least 95 % of that best when sparser."""
PAIRS = {
    *(("Toronto", theme) for theme in ("break and enter", "robbery", "auto theft", "assault")),
    *(("Portland", theme) for theme in ("burglary", "vehicle theft")),
}
TITLES = {
    "counting": "counting, one year",
    "counting_long": "counting, all years",
    "decayed": "decayed counting",
    "kde": "density",
    "hotspot": "prospective hotspot",
    "self_exciting": "self-exciting",
    "cas_ensemble": "look-alike of CAS",
    "blend": "blend",
    "bayes": "Bayesian who knows how the city was drawn",
}


def page(
    pairs: list[dict[str, Any]], cities: list[dict[str, Any]], command: str, earlier: int
) -> str:
    """Return the page."""
    year = "the last year" if not earlier else f"the year that ends {earlier} weeks before the last"
    parts = [
        "# Accuracy",
        INTRODUCTION.format(command=command),
        *(_real(pairs, year) if pairs else []),
        *(_drawn(cities) if cities else []),
    ]
    return "\n\n".join(parts) + "\n"


def _real(pairs: list[dict[str, Any]], year: str) -> list[str]:
    return [
        "## Real cities",
        REAL.format(year=year),
        *_missing(pairs),
        "### Direct hits, in percent of incidents",
        _hits(pairs),
        "### Relative gain of the blend in direct hits, in percent",
        _gains(pairs),
        "### Against what was aimed at",
        _aims(pairs),
        "### Calibration and log score",
        CALIBRATION,
        _scores(pairs),
    ]


def _missing(pairs: list[dict[str, Any]]) -> list[str]:
    """Say which pairs this page does not hold, so that its means are not taken for those of all."""
    missing = sorted(PAIRS - {(pair["city"], pair["theme"]) for pair in pairs})
    if not missing:
        return []
    named = ", ".join(f"{theme} in {city}" for city, theme in missing)
    return [f"**Not measured in this run: {named}.** The means below are of the others alone."]


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(one)} |" for one in rows)


def _named(pair: dict[str, Any]) -> list[str]:
    return [pair["city"], pair["theme"]]


def _models(pairs: list[dict[str, Any]]) -> list[str]:
    """Return the models that are no baselines, as far as they were measured."""
    measured = all("cas_ensemble" in pair["forecasters"] for pair in pairs)
    return ["cas_ensemble", "blend"] if measured else ["blend"]


def _hits(pairs: list[dict[str, Any]]) -> str:
    names = [*BASELINES, *_models(pairs)]
    lines = [
        [
            *_named(pair),
            f"{pair['incidents']:,}",
            f"{pair['cells']:,}",
            *(f"{100 * hits(pair, name).sum() / pair['incidents']:.1f}" for name in names),
        ]
        for pair in pairs
    ]
    return _table(["city", "theme", "incidents", "cells", *(TITLES[name] for name in names)], lines)


def _gains(pairs: list[dict[str, Any]]) -> str:
    bests = [best_baseline(pair, BASELINES) for pair in pairs]
    lines = [
        [
            *_named(pair),
            *(_percent(gain(pair, name)) for name in BASELINES),
            f"{TITLES[best]}: {_percent(gain(pair, best))}",
        ]
        for pair, best in zip(pairs, bests, strict=True)
    ]
    means = [_percent(mean_gain(pairs, [name] * len(pairs))) for name in BASELINES]
    lines.append(["**mean**", "", *means, _percent(mean_gain(pairs, bests))])
    head = ["city", "theme", *(f"over {TITLES[name]}" for name in BASELINES)]
    return _table([*head, "over the best on validation weeks"], lines)


def _aims(pairs: list[dict[str, Any]]) -> str:
    mean = mean_gain(pairs, [COUNTED] * len(pairs))
    gains = [gain(pair, COUNTED) for pair in pairs]
    bests = [gain(pair, best_baseline(pair, BASELINES)) for pair in pairs]
    below = sum(one is not None and one.high < 0 for one in gains)
    lowest = min((one.estimate for one in bests if one), default=float("nan"))
    reached = mean is not None and mean.estimate >= AIMED and mean.low > 0
    lines = [
        [
            "mean gain over counting at least 3 %, interval above zero",
            _percent(mean),
            _yes(reached),
        ],
        [
            "mean gain over counting of 6 %",
            _percent(mean),
            _yes(bool(mean and mean.estimate >= HOPED)),
        ],
        ["pairs whose interval lies wholly below zero: none", str(below), _yes(below == 0)],
        [
            "no pair more than 2 % below the best baseline on validation weeks",
            f"lowest {100 * lowest:+.1f}",
            _yes(lowest >= TOLERATED),
        ],
    ]
    reached_of = "reached" if not _missing(pairs) else "reached by those measured"
    return _table(["aim", "measured", reached_of], lines)


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _scores(pairs: list[dict[str, Any]]) -> str:
    names = [COUNTED, "self_exciting", *_models(pairs)]
    lines = []
    for pair in pairs:
        told = [pair["forecasters"][name] for name in names]
        cells = [f"{one['expected']:.2f}, {one['log_score']:.3f}" for one in told]
        lines.append([*_named(pair), *cells])
    return _table(["city", "theme", *(TITLES[name] for name in names)], lines)


def _percent(one: Interval | None) -> str:
    if one is None:
        return "-"
    return f"{100 * one.estimate:+.1f} ({100 * one.low:+.1f} to {100 * one.high:+.1f})"


def _drawn(cities: list[dict[str, Any]]) -> list[str]:
    names = [*BASELINES, "blend", "bayes"]
    lines = []
    for rate in sorted({one["a_week"] for one in cities}):
        part = [one["caught"] for one in cities if one["a_week"] == rate]
        shares = {name: np.array([one[name] / one["truth"] for one in part]) for name in names}
        bound = shares["blend"] / shares["bayes"]
        told = [f"{100 * shares[name].mean():.1f}" for name in names]
        lines.append([str(rate), str(len(part)), *told, f"{100 * bound.mean():.1f}"])
    head = ["incidents a week", "cities", *(TITLES[name] for name in names)]
    return [
        "## Drawn cities",
        DRAWN,
        _table([*head, "blend over Bayesian"], lines),
    ]
