"""The page of the accuracy benchmark."""

from typing import Any, NamedTuple

import numpy as np
from gains import best_baseline, gain, hits, mean_gain
from numpy.typing import NDArray
from scipy import stats

from cas_audit.forecast.forecasters import BASELINES
from cas_audit.inference.interval import Interval

__all__ = ["Made", "page"]

Shares = NDArray[np.float64]
COUNTED = "counting_long"
AIMED, HOPED, TOLERATED = 0.03, 0.06, -0.02
DENSE, CAUGHT = 200, 0.95  # from so many incidents a week on the truth is the measure
MADE = "Made by `{command}`."
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
Cities of {cells} cells, 155 weeks known, the week after it forecast; hot spots stand still.
Of what the true intensity would catch in 3 % of the cells, the share that each forecaster is
expected to catch, in percent; the mean of the cities of a setting. The Bayesian knows how the city
was drawn (mean, deviation, correlation, and what it has nothing of) and the same counts: on
average nobody who has these counts can catch more."""
PARTLY = "**Of the {asked} cities that the command draws {measured} were measured so far.**"
AIMS = """\
Aimed at: at least 95 % of the truth at 200 incidents a week, at least 95 % of the Bayesian when
sparser; reached is said of the mean. In brackets the 95 % interval of that mean over the cities
(Student t), as wide as few cities make it."""
ERROR = """\
The Bayesian draws {both} intensities from their posterior, {one} in each of two chains.
One chain alone catches what half as many draws do, so that what both add to it is about what twice
as many draws would add to both. Beside these stands what the chains themselves expect to catch: the
same draws choose and value the cells (most), or one chain values what the other chose (least). On
average over many cities the best lies between these two; over few it deviates by chance. All in
percent of the truth. On twelve cells the same program is held against a sum over 100,000 cities
that the simulation drew (`tests/test_bayes.py`)."""
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
    "bayes": "Bayesian",
    "truth": "truth",
}


class Made(NamedTuple):
    """How a page was made: its command, the drawn cities it asks for, and the draws in a chain."""

    command: str
    cities: int
    draws: int


def page(
    pairs: list[dict[str, Any]], cities: list[dict[str, Any]], made: Made, earlier: int
) -> str:
    """Return the page."""
    year = "the last year" if not earlier else f"the year that ends {earlier} weeks before the last"
    parts = [
        "# Accuracy" if pairs else "# Accuracy on drawn cities",
        (INTRODUCTION if pairs else MADE).format(command=made.command),
        *(_real(pairs, year) if pairs else []),
        *(_drawn(cities, made) if cities else []),
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


def _drawn(cities: list[dict[str, Any]], made: Made) -> list[str]:
    rates = sorted({one["a_week"] for one in cities})
    settings = {rate: [one for one in cities if one["a_week"] == rate] for rate in rates}
    cells = ", ".join(f"{one:,}" for one in sorted({one["cells"] for one in cities}))
    return [
        "## Drawn cities",
        DRAWN.format(cells=cells),
        *(
            [PARTLY.format(measured=len(cities), asked=made.cities)]
            if len(cities) < made.cities
            else []
        ),
        _shares(settings),
        "### Against what was aimed at on drawn cities",
        AIMS,
        _reached(settings),
        "### The error of the Bayesian",
        ERROR.format(both=2 * made.draws, one=made.draws),
        _error(settings),
    ]


def _over(cities: list[dict[str, Any]], name: str, base: str = "truth") -> Shares:
    """Return what one catches over what another does, city by city."""
    return np.array([one["caught"][name] / one["caught"][base] for one in cities])


def _shares(settings: dict[float, list[dict[str, Any]]]) -> str:
    names = [*BASELINES, "blend", "bayes"]
    lines = [
        [
            f"{rate:g}",
            str(len(cities)),
            f"{100 * np.mean([one['caught']['truth'] for one in cities]):.1f}",
            *(f"{100 * _over(cities, name).mean():.1f}" for name in names),
        ]
        for rate, cities in settings.items()
    ]
    head = ["incidents a week", "cities", "the truth catches", *(TITLES[name] for name in names)]
    return _table(head, lines)


def _reached(settings: dict[float, list[dict[str, Any]]]) -> str:
    lines = []
    for rate, cities in settings.items():
        base = "truth" if rate >= DENSE else "bayes"
        over = _over(cities, "blend", base)
        lines.append(
            [
                f"{rate:g}",
                f"at least 95 % of the {TITLES[base]}",
                _mean(over),
                f"{100 * over.min():.1f}",
                _yes(bool(over.mean() >= CAUGHT)),
                _mean(_over(cities, "blend", COUNTED)),
            ]
        )
    over_counting = f"blend over {TITLES[COUNTED]}"
    return _table(
        ["incidents a week", "aim", "blend", "lowest city", "reached", over_counting], lines
    )


def _error(settings: dict[float, list[dict[str, Any]]]) -> str:
    names = ["one_chain", "bayes", "least", "most"]
    lines = [
        [
            f"{rate:g}",
            *(_mean(_over(cities, name)) for name in names),
            f"{100 * (_over(cities, 'bayes') - _over(cities, 'one_chain')).mean():+.2f}",
        ]
        for rate, cities in settings.items()
    ]
    head = ["incidents a week", "one chain", "both chains", "least", "most", "both less one"]
    return _table(head, lines)


def _mean(shares: Shares) -> str:
    """Say a mean over cities in percent, with its interval where there is more than one."""
    if len(shares) == 1:
        return f"{100 * shares.mean():.1f}"
    half = stats.t.ppf(0.975, len(shares) - 1) * shares.std(ddof=1) / np.sqrt(len(shares))
    low, high = shares.mean() - half, shares.mean() + half
    return f"{100 * shares.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"
