"""The best forecast of a drawn city that its record allows: the posterior mean of the intensity.

Who knows how the city was drawn, and nothing of it but its record, catches most, on average over
cities, by flagging the cells of the highest posterior mean: the expected hits of a set of cells
are the sum of these. A city that stands still is told by the sum of its counts per cell, and given
their total these are multinomial, with the shares of the intensity as probabilities. The latent
field is white noise made smooth exactly as `cas_audit/simulate` does it, so that the posterior is
that of the process itself; it is drawn from by Hamiltonian Monte Carlo (Neal 2011). The only error
left is that of the number of draws, and two chains tell how large it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from cas_audit.simulate.arena import Arena
from cas_audit.simulate.fields import CORRELATION, PAD_RANGES

__all__ = ["DRAWS", "Process", "posterior_means", "process_of", "state_of"]

Field = NDArray[np.float64]
DRAWS = 400
WARMING = 100  # draws that set the length of a step, and are not kept
ROUGH = 20  # first draws of so few steps that a length far too small or large costs little
ROUGH_STEPS = 15
PATH = 1.5  # length of a path; a quarter of a turn where the data say nothing is 1.57
WANTED = 0.8  # of the proposals to be accepted


@dataclass(frozen=True)
class Process:
    """How a city was drawn, but for its white noise.

    Attributes:
        shape: rows and columns of the torus of white noise.
        where: place on it of each kept cell.
        root: what colours the noise, in frequencies.
        basis: orthonormal columns that the log intensity has nothing of.
        log_sd: deviation of the log intensity over cells.
    """

    shape: tuple[int, int]
    where: NDArray[np.int64]
    root: Field
    basis: Field
    log_sd: float

    def smooth(self, noise: Field) -> Field:
        """Colour white noise; the same again is the gradient, as the correlation is even."""
        coloured: Field = fft.irfft2(fft.rfft2(noise) * self.root, s=self.shape)
        return coloured

    def apart(self, values: Field) -> Field:
        """Take out the mean and what goes with the group's share."""
        rest: Field = values - self.basis @ (self.basis.T @ values)
        return rest


class State(NamedTuple):
    """White noise, the log of its posterior density, the gradient, and the shares it means."""

    noise: Field
    log_density: float
    gradient: Field
    shares: Field


def process_of(arena: Arena) -> Process:
    """Return how the city of an arena was drawn; it must stand still and know no group."""
    dials, kept = arena.dials, arena.geography.kept
    pad = ceil(PAD_RANGES * dials.range_cells)
    rows, columns = (fft.next_fast_len(size + pad, real=True) for size in kept.shape)
    down, along = (np.minimum(np.arange(size), size - np.arange(size)) for size in (rows, columns))
    distance = np.hypot(down[:, None], along[None, :]) / dials.range_cells
    power = np.maximum(fft.rfft2(CORRELATION[dials.kind](distance)).real, 0)
    row, column = np.nonzero(kept)
    known = np.stack([np.ones(row.size), arena.geography.mix[0]], axis=1)
    basis = np.linalg.qr(known)[0]
    return Process((rows, columns), row * columns + column, np.sqrt(power), basis, dials.log_sd)


def posterior_means(
    process: Process, counts: Field, rngs: list[np.random.Generator], draws: int = DRAWS
) -> Field:
    """Return the mean share of each cell in the intensity, given its counts; a row a chain.

    Args:
        process: how the city was drawn.
        counts: incidents of each kept cell in all weeks together.
        rngs: the source of chance of each chain.
        draws: how many each chain keeps.
    """
    return np.stack([_chain(process, counts, rng, draws) for rng in rngs])


def _chain(process: Process, counts: Field, rng: np.random.Generator, draws: int) -> Field:
    state = state_of(process, counts, 0.1 * rng.standard_normal(process.shape))
    length, mean = 0.02, np.zeros(counts.size)
    for number in range(WARMING + draws):
        step = length * rng.uniform(0.8, 1.2)
        steps = max(1, int(PATH / step)) if number >= ROUGH else ROUGH_STEPS
        state, chance = _move(
            lambda noise: state_of(process, counts, noise), state, (step, steps), rng
        )
        if number >= WARMING:
            mean += state.shares / draws
        else:
            length *= exp((0.3 if number < ROUGH else 0.1) * (chance - WANTED))
    return mean


def _move(
    look: Callable[[Field], State], state: State, path: tuple[float, int], rng: np.random.Generator
) -> tuple[State, float]:
    """Follow a path of some steps; accept its end with the chance that keeps the posterior."""
    step, steps = path
    momentum = rng.standard_normal(state.noise.shape)
    before = state.log_density - (momentum**2).sum() / 2
    end = state
    for _ in range(steps):
        momentum = momentum + step / 2 * end.gradient
        end = look(end.noise + step * momentum)
        momentum = momentum + step / 2 * end.gradient
    after = end.log_density - (momentum**2).sum() / 2
    chance = exp(min(0.0, float(after - before)))
    return (end if rng.random() < chance else state), chance


def state_of(process: Process, counts: Field, noise: Field) -> State:
    """Go from white noise to the shares of the intensity, and back with the gradient."""
    rest = process.apart(process.smooth(noise).ravel()[process.where])
    spread = np.sqrt(np.mean(rest**2))
    alone = rest / spread
    logs = process.log_sd * alone
    odds = np.exp(logs - logs.max())
    shares = odds / odds.sum()
    likelihood = counts @ (logs - logs.max() - np.log(odds.sum()))
    slope = process.log_sd * (counts - counts.sum() * shares)
    inner = process.apart((slope - alone * np.mean(alone * slope)) / spread)
    grid = np.zeros(process.shape)
    grid.ravel()[process.where] = inner
    gradient = process.smooth(grid) - noise
    return State(noise, float(likelihood - (noise**2).sum() / 2), gradient, shares)
