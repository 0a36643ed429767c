"""The deployment loop: patrols follow flags, find incidents there, and the model learns of them.

With found records alone the loop runs away, as an urn to which a ball of the drawn colour is
added does (Ensign and others 2018); with what the public brings it is dampened.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cas_audit.errors import InputError
from cas_audit.simulate.arena import Arena
from cas_audit.simulate.counting import flag_top_rows, known_counts
from cas_audit.simulate.history import History, draw_history, scatter

__all__ = ["Deployed", "Deployment", "deploy"]

Field = NDArray[np.float64]
Channel = Literal["brought", "found"]


@dataclass(frozen=True)
class Deployment:
    """How the model is used.

    Attributes:
        weeks: how many of the last weeks of the history it is deployed; before them the dials
            say what the police found.
        find: probability that police in a flagged cell find an incident of the kind that nobody
            brings, of which there are as many as true incidents; 0 is no loop. Elsewhere, and
            from then on, they find none.
        channels: which records the model counts.
        window_weeks: how far back it counts.
        share: share of the cells it flags.
    """

    weeks: int = 104
    find: float = 0.0
    channels: tuple[Channel, ...] = ("brought", "found")
    window_weeks: int = 52
    share: float = 0.03

    def __post_init__(self) -> None:
        """Refuse a deployment that means nothing.

        Raises:
            InputError: naming what it may be.
        """
        if not (0 <= self.find <= 1 and set(self.channels) <= {"brought", "found"}):
            message = f"find {self.find} of {self.channels}; expected 0 to 1 of brought and found."
            raise InputError(message)


@dataclass(frozen=True)
class Deployed:
    """What came of it, week by week.

    Attributes:
        flags: shape (weeks, cells).
        brought: records with a place that the public brought, whenever known; (weeks, cells).
        found: records that the police found where flags sent them, shape (weeks, cells).
        exposure: share of each group's residents in a flagged cell, shape (weeks, groups).
    """

    flags: NDArray[np.bool_]
    brought: NDArray[np.int64]
    found: NDArray[np.int64]
    exposure: Field

    def exposure_ratio(self, group: int = 0, reference: int = -1) -> Field:
        """Return a group's exposure over its reference's, by week."""
        ratio: Field = self.exposure[:, group] / self.exposure[:, reference]
        return ratio


def deploy(arena: Arena, deployment: Deployment, rng: np.random.Generator) -> Deployed:
    """Run the loop over the last weeks of an arena.

    What can be brought or found is drawn beforehand, so that two deployments with one seed
    differ only by what the flags uncover.

    Args:
        arena: the truth.
        deployment: how the model is used.
        rng: the only source of chance.

    Raises:
        InputError: the history is shorter than the deployment.
    """
    if not 0 < deployment.weeks <= arena.dials.weeks:
        message = f"Deployed for {deployment.weeks} weeks; expected 1 to {arena.dials.weeks}."
        raise InputError(message)
    past, finds, ties = rng.spawn(3)
    history = draw_history(arena, past)
    start = history.weeks - deployment.weeks
    before = history.where(~history.found | (history.week < start))
    known = _known(before, deployment)
    findable = _findable(arena, deployment, finds)
    flags = np.zeros(known.shape, dtype=bool)
    found = np.zeros_like(findable)
    for week, counts in enumerate(known):
        score = counts + ties.random(counts.size)
        if "found" in deployment.channels:
            score += found[max(week - deployment.window_weeks, 0) : week].sum(0)
        flags[week] = flag_top_rows(score[None], deployment.share)[0]
        found[week] = findable[week] * flags[week]
    brought = before.where(~before.found).counts()[start:]
    return Deployed(flags, brought, found, _exposure(flags, arena.geography.residents))


def _exposure(flags: NDArray[np.bool_], people: Field) -> Field:
    """Return exposure by week and group; NaN for a group without residents."""
    total = people.sum(1)
    exposed: Field = flags @ people.T / np.where(total > 0, total, np.nan)
    return exposed


def _known(history: History, deployment: Deployment) -> Field:
    """Count what the model knows apart from what it uncovers itself."""
    wanted = np.isin(history.found, [name == "found" for name in deployment.channels])
    return known_counts(history.where(wanted), deployment.window_weeks, deployment.weeks)


def _findable(arena: Arena, deployment: Deployment, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the incidents that police would find in each week and cell, were they there."""
    week, cell = scatter(rng, arena.intensity[-deployment.weeks :])
    seen = rng.random(cell.size) < deployment.find
    shape = (deployment.weeks, arena.intensity.shape[1])
    flat = np.bincount((week * shape[1] + cell)[seen], minlength=shape[0] * shape[1])
    return flat.reshape(shape)
