"""No feature or source could go that makes the flags less even and hardly adds a hit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cas_audit.audit.comparison import finite
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.necessity import Loss, losses
from cas_audit.audit.pairs import open_pairs
from cas_audit.errors import Unavailable
from cas_audit.inference.interval import Critical, Interval, above, critical_values
from cas_audit.inference.scores import Scores, difference, from_influence

LEVEL = 0.95


@dataclass(frozen=True)
class Tried:
    """Exposure with and without, and how much farther from even it is with; at which price."""

    price: Loss
    group: str
    reference: str
    ratio: float
    without: float
    farther: Interval | None

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        found, price = self.farther, self.price.lost
        return {
            "theme": self.price.theme,
            "trial": self.price.trial,
            "group": self.group,
            "reference": self.reference,
            "ratio": self.ratio,
            "ratio_without": self.without,
            "farther": found and found.estimate,
            "low": found and finite(found.low),
            "high": found and finite(found.high),
            "lost_hits": price and price.estimate,
            "lost_low": price and finite(price.low),
            "lost_high": price and finite(price.high),
        }


def fairness_without_proxies(
    dossier: Dossier,
    *,
    max_farther: float = 0.05,
    max_price: float = 0.01,
    min_events: float = 100,
) -> Finding:
    """Is there no feature or source without which the flags are more even, at hardly a hit less?

    Why: in 2017 the share of residents of other origin was taken out of CAS while what stood for it
    stayed. A source that moves police to a group and adds hardly a hit has no excuse.

    How: before sealing, the model was fitted again without each family of features and each
    source, and on coarser data (trials). Distance from even = the absolute log of the ratio of
    exposures of a group and its reference (residents in flagged cells over residents). Farther =
    that distance with the family, less that without. Its interval takes hot spots as one draw from
    a spatial process: Student's t on wide blocks, on the influence of each block on both ratios,
    paired. The price is the hit rate lost, paired, about outcomes given the flags. Each kind of
    interval holds together over all trials, themes and groups (max-t). It does not hold where a
    family brings more than `max_farther` of distance and is surely worth less than `max_price` of
    hit rate, both one-sided at 5 %. It holds where for every family either is surely not so.
    With fewer incidents than `min_events` nothing is decided.

    Limits: families are dropped in turn; two proxies that stand for the same group hide each other.
    The price is counted in recorded incidents, which are not crime. That removal makes flags more
    even does not say that they are fair, nor that a difference has no ground.

    Remedy: leave out what is named and audit again; choose cells under an exposure bound.
    """
    prices = losses(dossier, min_events)
    tried = _tried(dossier, prices)
    if not tried:
        message = "The dossier names no group of residents to compare, or nothing was left out."
        raise Unavailable(message)
    holds = {one: _holds(one, max_farther, max_price) for one in tried}
    outcome = Outcome.MET if set(holds.values()) == {True} else Outcome.INSUFFICIENT
    if False in holds.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    worst = max((one for one, verdict in holds.items() if verdict is wanted), key=_distance)
    found = worst.farther
    named = sorted({one.price.trial for one, verdict in holds.items() if verdict is False})
    return Finding(
        outcome=outcome,
        message=outcome.value if found and worst.price.lost else "too_few",
        values={**as_rows([worst.row()])[0], "named": ", ".join(named)},
        estimand=Estimand.BEYOND,
        estimate=found and found.estimate,
        interval=found and (finite(found.low), finite(found.high)),
        level=LEVEL,
        n={"comparisons": len(tried), "trials": len(prices)},
        smallest_gap=found and finite(found.high - found.estimate),
        tables={"groups": as_rows([one.row() for one in tried])},
    )


def _holds(one: Tried, max_farther: float, max_price: float) -> bool | None:
    """Say whether a family may stay: it is not unfair, or it is worth its price."""
    farther = one.farther and above(one.farther, max_farther)
    worth = one.price.lost and above(one.price.lost, max_price)
    if farther is False or worth is True:
        return True
    return False if farther is True and worth is False else None


def _tried(dossier: Dossier, prices: Sequence[Loss]) -> list[Tried]:
    flags = dossier.table("trials/necessity_flags.parquet")
    wide = dossier.table("partition.parquet").set_index("cell")["wide"]
    share = flags.pivot_table(index="cell", columns=["theme", "forecaster"], values="share")
    share = share.reindex(wide.index).fillna(0.0)
    measured = []
    for price in prices:
        for pair in open_pairs(dossier).pairs:
            weights = pair.weights.reindex(wide.index).fillna(0.0)
            base, other = (
                _log_ratio(share[price.theme, name], weights, wide)
                for name in ("model", price.trial)
            )
            measured.append((price, pair, base, other, _farther(base, other)))
    critical = _critical([one[-1] for one in measured])
    return [
        Tried(
            price,
            pair.group,
            pair.reference,
            float(np.exp(base.top)),
            float(np.exp(other.top)),
            difference(farther, critical),
        )
        for price, pair, base, other, farther in measured
    ]


def _log_ratio(
    flagged: "pd.Series[float]", weights: pd.DataFrame, wide: "pd.Series[int]"
) -> Scores:
    """Return the log ratio of exposures, with the influence of every wide block on it."""
    people, reached = (
        table.groupby(wide)[["group", "reference"]].sum().to_numpy(float)
        for table in (weights, weights.mul(flagged, axis=0))
    )
    total = people.sum(axis=0)
    rate = reached.sum(axis=0) / np.where(total > 0, total, np.nan)
    rate = np.where(rate > 0, rate, np.nan)  # of nought there is no log
    off = (reached - rate * people) / (rate * total)
    size = ((people / total) ** 2).sum(axis=1) if (total > 0).all() else None
    return from_influence(float(np.log(rate[0] / rate[1])), off[:, 0] - off[:, 1], size=size)


def _farther(base: Scores, other: Scores) -> Scores:
    """Return how much farther from even the base is than the other."""
    off = np.sign(base.top) * base.top_off - np.sign(other.top) * other.top_off
    zero = np.zeros(len(off))
    return Scores(abs(base.top) - abs(other.top), 0.0, off, zero, base.freedom)


def _critical(many: Sequence[Scores]) -> Critical | None:
    off = np.array([one.top_off for one in many if np.isfinite(one.top_off).all()])
    size = np.sqrt((off**2).sum(axis=1)) if len(off) else np.zeros(0)
    if not (size > 0).any():
        return None
    unit = off[size > 0] / size[size > 0, None]
    return critical_values(min(one.freedom for one in many), unit @ unit.T, LEVEL)


def _distance(one: Tried) -> float:
    return one.farther.estimate if one.farther else float("-inf")
