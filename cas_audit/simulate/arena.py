"""An arena: one city drawn at the setting of its dials, with its true rates per cell and week."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.simulate.dials import Dials
from cas_audit.simulate.fields import draw_fields
from cas_audit.simulate.geography import Geography

__all__ = ["Arena", "draw_arena"]

Field = NDArray[np.float64]
NOTHING_LEFT = 1e-9  # of a field, in a city of so few cells that it can have no shape of its own


@dataclass(frozen=True)
class Arena:
    """The truth that no audit may see; arrays are per kept cell of the geography.

    Attributes:
        geography: cells, neighbourhoods and residents by group.
        dials: the setting it was drawn at.
        intensity: true incidents expected, shape (weeks, cells).
        reported: probability that an incident is brought to the police, shape (cells,).
        attention: records the police make of their own for each true incident, (weeks, cells).
        placed: probability that a record has a place, shape (cells,).
        lag: weeks until an incident is recorded, on average, shape (cells,).
        proxies: features that stand for the group's share, shape (proxies, cells).
    """

    geography: Geography
    dials: Dials
    intensity: Field
    reported: Field
    attention: Field
    placed: Field
    lag: Field
    proxies: Field

    @property
    def brought(self) -> Field:
        """Records with a place expected from what the public brings, shape (weeks, cells)."""
        return _times(self.intensity, self.reported * self.placed)

    @property
    def uncovered(self) -> Field:
        """Records expected from what the police find, with or without a place."""
        return _times(self.intensity, self.attention)

    @property
    def found(self) -> Field:
        """Records with a place expected from what the police find, shape (weeks, cells)."""
        return _times(self.uncovered, self.placed)


def draw_arena(geography: Geography, dials: Dials, rng: np.random.Generator) -> Arena:
    """Draw hot spots, neighbourhoods to over-police and proxies; the rest follows from the dials.

    Each dial has its own stream of chance or none, so that turning one leaves the others' draws.

    Args:
        geography: where; residents are not drawn again.
        dials: the setting.
        rng: the only source of chance.
    """
    fields, policed, proxies = rng.spawn(3)
    group = geography.mix[0]
    logs = _log_intensity(fields, geography, dials)
    intensity = np.exp(logs)
    intensity *= dials.incidents_a_week / intensity.sum(1, keepdims=True)
    return Arena(
        geography,
        dials,
        np.broadcast_to(intensity, (dials.weeks, group.size)),
        np.array(dials.reporting) @ geography.mix,
        _attention(policed, geography, dials),
        1 - dials.place_loss - dials.place_loss_group * group,
        dials.lag_weeks + dials.lag_weeks_group * group,
        _proxies(proxies, geography, dials, logs.mean(0)),
    )


def _log_intensity(rng: np.random.Generator, geography: Geography, dials: Dials) -> Field:
    """Return log intensity but for a constant: one row, or one a week where hot spots drift."""
    group = geography.mix[0]
    number = dials.weeks if np.isfinite(dials.persistence_weeks) else 1
    drawn = draw_fields(rng, geography.kept.shape, dials.kind, dials.range_cells, number)
    fields = _drift(drawn[:, geography.kept], dials.persistence_weeks)
    logs: Field = dials.log_sd * _apart(fields, group[None]) + dials.group_effect * group
    return logs


def _drift(fresh: Field, persistence_weeks: float) -> Field:
    """Mix each week's field with the one before: first-order autoregression, variance kept."""
    kept = np.exp(-1 / persistence_weeks)
    for week in range(1, len(fresh)):
        fresh[week] = kept * fresh[week - 1] + np.sqrt(1 - kept**2) * fresh[week]
    return fresh


def _apart(fields: Field, others: Field) -> Field:
    """Make each row uncorrelated with every row of others, with mean 0 and deviation 1.

    By construction and not by luck; shapes (rows, cells) and (others, cells).
    """
    basis = np.linalg.qr(np.vstack([np.ones(others.shape[1]), others]).T)[0]
    rest = fields - (fields @ basis) @ basis.T
    spread = rest.std(1, keepdims=True)
    alone: Field = rest / np.where(spread > NOTHING_LEFT, spread, np.inf)
    return alone


def _attention(rng: np.random.Generator, geography: Geography, dials: Dials) -> Field:
    per_area = np.zeros(geography.areas)
    per_area[geography.area] = geography.mix[0]
    order = per_area if dials.over_policed == "group" else rng.random(geography.areas)
    number = round(dials.over_policed_share * geography.areas)
    chosen = np.isin(geography.area, np.argsort(-order, kind="stable")[:number])
    ever = dials.found + dials.over_policing * chosen
    if dials.over_policed_weeks >= dials.weeks:
        return np.broadcast_to(ever, (dials.weeks, chosen.size))
    lasts = np.arange(dials.weeks)[:, None] < dials.over_policed_weeks
    return np.where(lasts, ever, dials.found)


def _proxies(rng: np.random.Generator, geography: Geography, dials: Dials, logs: Field) -> Field:
    """Mix the group's share with a field that knows neither group nor crime."""
    group = geography.mix[0]
    shape, number = geography.kept.shape, len(dials.proxies)
    if number == 0:
        return np.zeros((0, group.size))
    drawn = draw_fields(rng, shape, dials.kind, dials.range_cells, number)[:, geography.kept]
    rest = _apart(drawn, np.stack([group, logs]))
    strength = np.array(dials.proxies)[:, None]
    mixed: Field = strength * (group - group.mean()) / group.std() + np.sqrt(1 - strength**2) * rest
    return mixed


def _times(rates: Field, factor: Field) -> Field:
    """Multiply per cell; weeks that are one row said many times stay so, which saves most time."""
    once = [one[:1] if one.ndim > 1 and one.strides[0] == 0 else one for one in (rates, factor)]
    return np.broadcast_to(once[0] * once[1], rates.shape)
