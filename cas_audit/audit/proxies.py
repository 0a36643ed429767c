"""What features tell of where a group lives: all together, and each alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.comparison import finite
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.features import open_features
from cas_audit.audit.need import need_around, need_per_cell
from cas_audit.audit.pairs import Pair, Pairs
from cas_audit.inference.explained import explained
from cas_audit.inference.families import Family
from cas_audit.inference.interval import Interval
from cas_audit.inference.partial import Held, partial_associations
from cas_audit.inference.scores import Scores, compare_together, ratio

__all__ = ["LEVEL", "TOGETHER", "Told", "tell", "with_intervals"]

LEVEL = 0.95
TOGETHER = "all_features"
TIMES = 40  # draws for each test: or Holm could never reject at 5 %
VERDICT = Family("all features, of each group and theme", "holm")
NAMED = Family("single features", "benjamini_hochberg")
NOTHING = Scores(0.0, 0.0, np.zeros(0), np.zeros(0), 0.0)
UNKNOWN = float("nan")
Values = NDArray[np.float64]
Both = tuple[pd.DataFrame, pd.DataFrame]  # features and need, by cell


@dataclass(frozen=True, eq=False)
class Told:
    """What a feature, or all of them, tells of where a group lives.

    `plain` is the share told of parts of the city never seen, `beyond` that share of what need
    leaves open; `p` of chance, and `adjusted` that by its family.
    """

    theme: str
    pair: Pair
    feature: str = TOGETHER
    p: float = UNKNOWN
    plain: float = UNKNOWN
    beyond: Scores = NOTHING
    interval: Interval | None = None
    adjusted: float = UNKNOWN

    @property
    def question(self) -> tuple[str, str, str]:
        """What it is about: theme, group and reference."""
        return self.theme, self.pair.group, self.pair.reference

    @property
    def size(self) -> float:
        """The share told beyond need."""
        return self.interval.estimate if self.interval else float("-inf")

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        found = self.interval
        return {
            "theme": self.theme,
            "group": self.pair.group,
            "reference": self.pair.reference,
            "feature": self.feature,
            "explained": self.plain,
            "beyond_need": found and found.estimate,
            "low": found and finite(found.low),
            "high": found and finite(found.high),
            "p_value": self.adjusted,
        }


@dataclass(frozen=True)
class Place:
    """The grid, the wide block of each cell that is forecast, and how often to draw."""

    shape: tuple[int, int]
    wide: "pd.Series[int]"
    draws: int

    def kept(self, cells: pd.Index) -> NDArray[np.bool_]:
        """Return the grid on which these cells lie."""
        found = np.zeros(self.shape, dtype=bool)
        found.ravel()[cells] = True
        return found


def tell(dossier: Dossier, groups: Pairs, draws: int) -> list[Told]:
    """Ask of every group and theme what features tell of where it lives.

    Args:
        dossier: a sealed dossier.
        groups: who is compared with whom.
        draws: surrogates of each share, or more where there are many tests.

    Raises:
        Unavailable: the dossier holds no features, record, grid or partition.
    """
    grid, features = dossier.json("data/grid.json"), open_features(dossier)
    shape = (grid["rows"], grid["columns"])
    wide = dossier.table("partition.parquet").set_index("cell")["wide"].sort_index()
    place = Place(shape, wide, max(draws, TIMES * len(groups.pairs) * len(features) - 1))
    held = {}
    for theme, table in features.items():
        need = need_around(need_per_cell(dossier, theme, wide.index)["recorded"], shape)
        held[theme] = table.reindex(wide.index), pd.DataFrame(need, wide.index)
    return [
        one
        for number, pair in enumerate(groups.pairs)
        for one in _of_pair(pair, held, place, [dossier.manifest.seed, number])
    ]


def with_intervals(told: Sequence[Told]) -> list[Told]:
    """Return the same with intervals that hold together, and p-values by their family."""
    together = np.array([one.feature == TOGETHER for one in told])
    p = np.array([one.p for one in told])
    adjusted = np.empty(len(told))
    adjusted[together] = VERDICT.judge(p[together]).adjusted
    adjusted[~together] = NAMED.judge(p[~together]).adjusted
    critical = compare_together([one.beyond for one in told], LEVEL)
    return [
        replace(one, interval=ratio(one.beyond, critical, signed=True), adjusted=float(value))
        for one, value in zip(told, adjusted, strict=True)
    ]


def _of_pair(pair: Pair, held: dict[str, Both], place: Place, seed: list[int]) -> list[Told]:
    people = pair.weights.reindex(place.wide.index).dropna()
    people = people[people.sum(axis=1) > 0]
    weight, cells = people.sum(axis=1).to_numpy(float), people.index
    share = people["group"].to_numpy(float) / weight
    if not len(share) or not np.ptp(share) > 0:
        return [Told(theme, pair) for theme in held]
    asked = [Held(*(one.loc[cells].to_numpy(float) for one in both)) for both in held.values()]
    partial = partial_associations(
        share, asked, weight, place.kept(cells), np.random.default_rng(seed), draws=place.draws
    )
    block = np.asarray(place.wide.loc[cells], dtype=np.int64)
    found = []
    for (theme, (table, _)), one, answer in zip(held.items(), asked, partial, strict=True):
        told = Told(theme, pair, p=answer.together_p.p)
        found.append(_explain(told, one, share, weight, block))
        for at, (name, p) in enumerate(zip(map(str, table), answer.alone_p, strict=True)):
            alone = replace(told, feature=name, p=float(p))
            single = Held(one.fields[:, [at]], one.known)
            found.append(_explain(alone, single, share, weight, block))
    return found


def _explain(
    told: Told, held: Held, share: Values, weight: Values, block: NDArray[np.int64]
) -> Told:
    plain, beyond = (
        explained(share, known, held.fields, weight, block)
        for known in (held.known[:, :0], held.known)
    )
    return replace(told, plain=plain.estimate, beyond=beyond)
