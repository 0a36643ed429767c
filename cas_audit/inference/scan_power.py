"""The smallest area a scan of this data could have found, by simulation."""

from dataclasses import dataclass

import numpy as np

from cas_audit.inference.scan_fit import Mask
from cas_audit.inference.scan_null import Null
from cas_audit.inference.scan_statistic import maxima, statistics
from cas_audit.inference.scan_windows import Numbers, Values, Windows

__all__ = ["Detectable", "smallest_detectable"]

STEPS = 6  # sizes tried, each half as large again as the one before
NEAR = 0.2  # an area counts as of a size when it is within a fifth of it
FIRST = 40.0  # outcomes expected in the smallest area tried


@dataclass(frozen=True)
class Detectable:
    """How large an area must be to be found.

    Attributes:
        expected: outcomes an area must expect to be found with the power asked, as must all
            larger ones tried; None where no size tried is found so often.
        sizes: mean outcomes expected in the areas planted, per size tried.
        power: part of the planted areas found, per size tried.
        errors: Monte Carlo standard error of each power.
    """

    expected: float | None
    sizes: tuple[float, ...]
    power: tuple[float, ...]
    errors: tuple[float, ...]


def smallest_detectable(
    windows: Windows,
    null: Null,
    total: int,
    rng: np.random.Generator,
    *,
    ratio: float = 0.5,
    power: float = 0.9,
    level: float = 0.05,
    draws: int = 199,
) -> Detectable:
    """Plant areas of growing size with this ratio of outcomes, and count how many are found.

    Found means: beyond the critical value of a two-sided scan, by a window that overlaps the
    area. Areas are windows drawn at random among those of about the size; an area of another shape
    is found less often.

    Args:
        windows: areas looked at.
        null: as fitted; what it says of overdispersion and correlation decides most.
        total: outcomes in all, as where the null was fitted.
        rng: the only source of chance.
        ratio: outcomes in the area over what is expected there, below or above 1.
        power: part of the planted areas that must be found.
        level: of the two-sided scan.
        draws: draws of the null, and areas planted per size.
    """
    side = "few" if ratio < 1 else "many"
    beyond = maxima(null.draw(windows, total, draws, rng), windows, null.geometry)[side]
    critical = float(np.quantile(beyond, 1 - level / 2, method="higher"))
    sizes, found = [], []
    for chosen in _ladder(windows, total, draws, rng):
        sizes.append(float(windows.share[chosen].mean()) * total)
        planted = windows.member[chosen].toarray().T > 0
        times = np.where(planted, ratio, 1.0)
        counts = null.draw(windows, total, draws, rng, times)
        seen = statistics(counts, windows, null.geometry)
        value = seen.few if side == "few" else seen.many
        found.append(_found(value, planted, windows, critical))
    return _summary(sizes, found, power, draws)


def _ladder(windows: Windows, total: int, draws: int, rng: np.random.Generator) -> list[Numbers]:
    """Draw the windows to plant, one a draw, for each size that has any."""
    targets = FIRST * 1.5 ** np.arange(STEPS)
    near = [np.flatnonzero(np.abs(windows.share * total / one - 1) < NEAR) for one in targets]
    return [rng.choice(one, draws) for one in near if one.size]


def _found(value: Values, planted: Mask, windows: Windows, critical: float) -> float:
    """Return the part of draws with a window beyond the critical value on the planted area."""
    best = windows.member[value.argmax(axis=0)].toarray().T > 0
    return float(np.mean((value.max(axis=0) > critical) & (best & planted).any(axis=0)))


def _summary(sizes: list[float], found: list[float], power: float, draws: int) -> Detectable:
    """Return the smallest size from which on all are found often enough."""
    short = [number for number, one in enumerate(found) if one < power]
    first = short[-1] + 1 if short else 0
    expected = sizes[first] if first < len(sizes) else None
    errors = tuple(float(np.sqrt(one * (1 - one) / draws)) for one in found)
    return Detectable(expected, tuple(sizes), tuple(found), errors)
