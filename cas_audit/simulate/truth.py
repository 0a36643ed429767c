"""The true value of every figure an audit estimates, from the arena and never from a sample.

Every figure is a top over a bottom per group, and every top and bottom is linear in the flags.
So the same sums serve each estimand, by what is put in for the flags:

- this map, and outcomes given flags: the flags themselves, 0 or 1;
- this process and beyond this city, where it is known with what chance each cell is flagged,
  apart from the outcomes of its week: those chances (closed form);
- this process, for a forecaster: its flags on histories drawn again, averaged (`of_process`);
- beyond this city: its flags on hot spots placed again in the same city (`beyond_city`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.counting import Forecast, Forecaster
from cas_audit.simulate.history import draw_history

__all__ = ["Parts", "Value", "beyond_city", "of_process", "true_parts"]

Field = NDArray[np.float64]


@dataclass(frozen=True)
class Value:
    """A true value, and its Monte Carlo standard error: 0 where it is exact."""

    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Parts:
    """Top and bottom of a figure per group, one row a draw; shape (draws, groups)."""

    top: Field
    bottom: Field

    def of(self, group: int) -> Value:
        """Return the figure of a group: expected top over expected bottom."""
        value, apart = self._value(group), self._apart(group)
        return Value(value, _error(apart) * value)

    def ratio(self, group: int = 0, reference: int = -1) -> Value:
        """Return the figure of a group over that of its reference."""
        below = self._value(reference)
        value = self._value(group) / below if below else float("nan")
        return Value(value, _error(self._apart(group) - self._apart(reference)) * value)

    def difference(self, group: int = 0, reference: int = -1) -> Value:
        """Return the figure of a group minus that of its reference."""
        values = self._value(group), self._value(reference)
        apart = values[0] * self._apart(group) - values[1] * self._apart(reference)
        return Value(values[0] - values[1], _error(apart))

    def _value(self, group: int) -> float:
        """Return the figure, NaN where nothing is expected below: undefined is not zero."""
        top, bottom = self.top[:, group].mean(), self.bottom[:, group].mean()
        return float(top / bottom) if bottom > 0 else float("nan")

    def _apart(self, group: int) -> Field:
        """Return how far each draw lies from the log figure, to first order (delta method)."""
        top, bottom = self.top[:, group], self.bottom[:, group]
        if not (top.mean() > 0 and bottom.mean() > 0):
            return np.full(top.shape, np.nan)
        apart: Field = top / top.mean() - bottom / bottom.mean()
        return apart


def _error(apart: Field) -> float:
    return float(apart.std(ddof=1)) / apart.size**0.5 if apart.size > 1 else 0.0


def true_parts(arena: Arena, forecast: Forecast) -> dict[str, Parts]:
    """Return every figure for one set of flags, or of chances of a flag; outcomes are expected.

    With w a group's residents in a cell, s its share of the cell's residents, f the flag, b the
    rate of records brought with a place, i that of true incidents, sums over cells and weeks:

    - exposure: f w over w;
    - hit_rate: f b s over b s;
    - precision: f w (1 - exp(-b)) over f w, the chance that at least one is recorded;
    - misses: (1 - f) w (1 - exp(-b)) over w (1 - exp(-b)), of cells and weeks with an incident;
    - false_flags: f w exp(-b) over w exp(-b), of cells and weeks without one;
    - calibration: b s over s times the incidents the forecaster expects (NaN if it does not say);
    - reported: what is brought, with a place or without, over i, both times s;
    - recorded: all records with a place, brought or found, over i, both times s;
    - city_hit_rate and city_precision: the same without s and w, of the city as one group.
    """
    flags = np.asarray(forecast.flags, dtype=float)
    people, share = arena.geography.residents, arena.geography.share
    weeks = slice(len(arena.intensity) - len(flags), None)
    brought, true = arena.brought[weeks], arena.intensity[weeks]
    flagged, judged = flags.sum(0), brought.sum(0)
    happens = _at_least_one(brought)
    caught, right, ever = _along(flags, brought), _along(flags, happens), happens.sum(0)
    silent = np.full(len(people), np.nan)
    expected = silent if forecast.expected is None else forecast.expected.sum(0) @ share.T
    sums = {
        "exposure": (flagged @ people.T, len(flags) * people.sum(1)),
        "hit_rate": (caught @ share.T, judged @ share.T),
        "precision": (right @ people.T, flagged @ people.T),
        "misses": ((ever - right) @ people.T, ever @ people.T),
        "false_flags": ((flagged - right) @ people.T, (len(flags) - ever) @ people.T),
        "calibration": (judged @ share.T, expected),
        "reported": ((true.sum(0) * arena.reported) @ share.T, true.sum(0) @ share.T),
        "recorded": ((judged + arena.found[weeks].sum(0)) @ share.T, true.sum(0) @ share.T),
        "city_hit_rate": (caught.sum(keepdims=True), judged.sum(keepdims=True)),
        "city_precision": (right.sum(keepdims=True), flagged.sum(keepdims=True)),
    }
    return {name: Parts(top[None], bottom[None]) for name, (top, bottom) in sums.items()}


def _along(flags: Field, rates: Field) -> Field:
    summed: Field = np.einsum("wc,wc->c", flags, rates)
    return summed


def _at_least_one(rates: Field) -> Field:
    """Return the chance of one or more, computed once where every week is alike."""
    once = rates[:1] if rates.strides[0] == 0 else rates
    return np.broadcast_to(-np.expm1(-once), rates.shape)


def of_process(
    arena: Arena,
    forecaster: Forecaster,
    histories: int,
    rng: np.random.Generator,
) -> dict[str, Parts]:
    """Return every figure expected if the city's history were drawn again and the model refitted.

    Outcomes of a week are apart from the history before it, so that only the flags are drawn and
    what they catch is expected exactly.

    Args:
        arena: the truth, which stays.
        forecaster: makes flags of a history; its generator breaks ties.
        histories: how often to draw.
        rng: the only source of chance.
    """
    draws = []
    for stream in rng.spawn(histories):
        history, ties = stream.spawn(2)
        draws.append(true_parts(arena, forecaster(draw_history(arena, history), ties)))
    return _stack(draws)


def beyond_city(
    arena: Arena,
    forecaster: Forecaster,
    cities: int,
    rng: np.random.Generator,
) -> dict[str, Parts]:
    """Return every figure expected if hot spots and history were drawn again, residents kept."""
    draws = []
    for stream in rng.spawn(cities):
        fields, history, ties = stream.spawn(3)
        other = draw_arena(arena.geography, arena.dials, fields)
        draws.append(true_parts(other, forecaster(draw_history(other, history), ties)))
    return _stack(draws)


def _stack(draws: list[dict[str, Parts]]) -> dict[str, Parts]:
    return {
        name: Parts(
            np.concatenate([one[name].top for one in draws]),
            np.concatenate([one[name].bottom for one in draws]),
        )
        for name in draws[0]
    }
