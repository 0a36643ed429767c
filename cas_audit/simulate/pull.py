"""Counting that is pulled towards a group until its process has a stated exposure ratio.

Unlike in `shift.py` the model is refitted on every history, so its truth is known up to a Monte
Carlo error, which is said.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from cas_audit.errors import InputError
from cas_audit.simulate.arena import Arena
from cas_audit.simulate.counting import Forecaster, count_forecast
from cas_audit.simulate.truth import Value, of_process

__all__ = ["Pulled", "pull_to_ratio"]

WIDEST = 16.0  # exp(16) puts every flag where the group's share is highest
CLOSE = 1e-3  # of the pull; what is left is within the Monte Carlo error


@dataclass(frozen=True)
class Pulled:
    """A forecaster whose process is unfair by a known amount.

    Attributes:
        forecaster: what makes flags of a history.
        beta: log of what the score gains where only the group lives.
        ratio: the exposure ratio of its process, on other histories than it was solved on.
    """

    forecaster: Forecaster
    beta: float
    ratio: Value


def pull_to_ratio(
    arena: Arena,
    ratio: float,
    histories: int,
    rng: np.random.Generator,
    *,
    window_weeks: int = 52,
    share: float = 0.03,
    test_weeks: int = 52,
) -> Pulled:
    """Solve for the pull on one set of histories, and measure it on another.

    Args:
        arena: the truth.
        ratio: wanted exposure ratio of the first group over the last.
        histories: how many, in each set.
        rng: the only source of chance.
        window_weeks: how far back to count.
        share: share of the cells to flag.
        test_weeks: how many of the last weeks.

    Raises:
        InputError: no pull gives that ratio.
    """
    solving, measuring = rng.integers(2**63, size=2)

    def pulled(beta: float) -> Forecaster:
        pull = beta * arena.geography.mix[0]
        return count_forecast(
            window_weeks=window_weeks, share=share, test_weeks=test_weeks, pull=pull
        )

    def measured(beta: float, seed: int) -> Value:
        drawn = of_process(arena, pulled(beta), histories, np.random.default_rng(seed))
        return drawn["exposure"].ratio()

    def excess(beta: float) -> float:
        return measured(beta, solving).value - ratio

    if not excess(-WIDEST) <= 0 <= excess(WIDEST):
        message = f"No pull gives an exposure ratio of {ratio}; expected one this city can have."
        raise InputError(message)
    beta = float(brentq(excess, -WIDEST, WIDEST, xtol=CLOSE))
    return Pulled(pulled(beta), beta, measured(beta, measuring))
