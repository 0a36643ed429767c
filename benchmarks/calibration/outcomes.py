"""Outcomes given flags: incidents drawn again under the same flags; who covers the truth?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tables import share_of, table

from cas_audit.forecast.histories import History, draw_history
from cas_audit.inference.curves import area_under_curve, calibration_slope
from cas_audit.inference.partition import stretches, wide_blocks
from cas_audit.inference.scores import Scores, difference, ratio, within
from cas_audit.simulate.counting import flag_top_rows
from cas_audit.simulate.fields import draw_fields

Values = NDArray[np.float64]
WEEKS, SHARE = 52, 0.03
FIGURES = ("precision ratio", "hit rate", "gain over another", "calibration slope", "area")
SETTINGS: list[dict[str, Any]] = [
    {"side": side, "a_week": a_week, "repeats": repeats, "pull": pull, "cities": cities}
    for side, a_week, repeats, pull, cities in (
        (40, 20.0, 0.0, 0.0, 2000),
        (40, 20.0, 0.25, 0.8, 2000),
        (110, 50.0, 0.0, 0.0, 2000),
        (110, 50.0, 0.25, 0.8, 2000),
        (110, 200.0, 0.25, 0.0, 2000),
    )
]


class City:
    """Rates, flags of two forecasters and residents, all fixed; only outcomes are drawn."""

    def __init__(self, rng: np.random.Generator, side: int, a_week: float, pull: float) -> None:
        """Draw what is fixed."""
        rate, group, slow, fast = draw_fields(rng, (side, side), "exponential", 4.0, 4)
        of = 1 / (1 + np.exp(-1.2 * group.ravel()))
        self.rate = np.exp(1.3 * rate - pull * (of - of.mean()).reshape(side, side))
        self.rate *= a_week / self.rate.sum()
        logs = np.log(self.rate).ravel()
        weekly = rng.standard_normal((2, WEEKS, side * side))
        # Two forecasters that know the rates but for errors of their own, in place and by week.
        self.score = np.exp(logs + 0.4 * slow.ravel() + 0.2 * weekly[0])
        other = np.exp(logs + 0.5 * fast.ravel() + 0.2 * weekly[1])
        self.flags, self.others = (flag_top_rows(one, SHARE) for one in (self.score, other))
        self.weights = (of / of.sum(), (1 - of) / (1 - of).sum())
        wide = wide_blocks(*np.divmod(np.arange(side * side), side))
        cut = stretches(WEEKS)
        self.cuts = int(cut.max()) + 1
        self.unit = wide[None, :] * self.cuts + cut[:, None]
        self.block = np.repeat(np.arange(int(wide.max()) + 1), self.cuts)
        self.expected = np.broadcast_to(self.rate.ravel(), self.flags.shape)

    def sums(self, values: NDArray[Any]) -> Values:
        """Return sums per unit of values of shape (weeks, cells)."""
        flat = np.broadcast_to(values, self.unit.shape).ravel()
        return np.bincount(self.unit.ravel(), flat, len(self.block)).astype(np.float64)


def scores(city: City, counts: Values) -> dict[str, Scores]:
    """Return the figures of one draw of outcomes, as scores."""
    hit = counts > 0
    top, bottom = (city.flags * one for one in city.weights)
    top, bottom = top / top.sum(), bottom / bottom.sum()
    sums = [city.sums(one * hit) for one in (top, bottom)]
    expected = [
        city.sums(one) * total.sum() for one, total in zip((top, bottom), sums, strict=True)
    ]
    gained = counts * (city.flags.astype(float) - city.others)
    found = {
        "precision ratio": within(
            sums[0],
            sums[1],
            city.block,
            expected=(expected[0], expected[1]),
            size=city.sums((top - bottom) ** 2),
        ),
        "hit rate": within(city.sums(counts * city.flags), city.sums(counts), city.block),
        "gain over another": within(city.sums(gained), city.sums(counts), city.block),
    }
    chosen = city.flags
    forecast, outcome, unit = city.score[chosen], counts[chosen], city.unit[chosen]
    curves = {
        "calibration slope": calibration_slope(forecast, outcome, unit, city.block),
        "area": area_under_curve(forecast, outcome > 0, unit, city.block),
    }
    return found | {name: one for name, one in curves.items() if one}


def measure(side: int, a_week: float, repeats: float, pull: float, cities: int) -> dict[str, Any]:
    """Draw outcomes again and again under the same flags, for a few cities."""
    places = max(min(20, cities // 20), 1)
    covered: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    for place in range(places):
        rng = np.random.default_rng([3, side, round(a_week), place])
        city = City(rng, side, a_week, pull)
        kept = np.ones((side, side), dtype=bool)
        history = History(city.rate[None].repeat(2, 0), np.ones(WEEKS), repeats, kept)
        drawn = [_draw(rng, city, history) for _ in range(max(cities // places, 2))]
        for name in drawn[0]:
            runs = [one[name] for one in drawn if name in one]
            bottom = float(np.mean([one.bottom for one in runs]))
            true = float(np.mean([one.top for one in runs])) / (bottom or 1.0)
            for one in runs:
                found = ratio(one, signed=True) if one.bottom else difference(one)
                covered.setdefault(name, []).append(
                    found is None or found.low <= true <= found.high
                )
                widths.setdefault(name, []).append(found.high - found.low if found else np.inf)
    return {
        name: {
            "covers": float(np.mean(hits)),
            "width": float(np.median(widths[name])),
            "n": len(hits),
        }
        for name, hits in covered.items()
    }


def _draw(rng: np.random.Generator, city: City, history: History) -> dict[str, Scores]:
    counts = draw_history(history, rng).reshape(WEEKS, -1).astype(np.float64)
    return scores(city, counts)


def page(rows: list[dict[str, Any]]) -> str:
    """Return the section of the page."""
    head = ["cells", "incidents a week", "near-repeats", "draws", *FIGURES]
    lines = [
        [
            f"{one['side'] ** 2:,}", f"{one['a_week']:g}", f"{one['repeats']:g}",
            f"{one['precision ratio']['n']:,}",
            *(_shown(one[name]) for name in FIGURES),
        ]
        for one in rows
    ]  # fmt: skip
    return f"""\
## Outcomes given flags

Flags stay as they are; incidents are drawn again, with near-repeats where stated. Each figure has a
nominal 95 % interval from units that are stretches of thirteen weeks within sixteen wide blocks;
shown are its coverage of the true figure, with Monte Carlo error, and its median width. The truth
of a city is the mean over its draws; there are up to twenty cities a setting, with at least twenty
draws of each.

{table(head, lines)}"""


def _shown(one: dict[str, float]) -> str:
    return f"{share_of(one['covers'], int(one['n']))} ({one['width']:.2f})"
