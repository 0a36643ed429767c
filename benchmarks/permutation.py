"""Which permutation tests hold their level on clustered fields, and what they find.

    python benchmarks/permutation.py --out docs/measured/permutation.md

Two fields are drawn independently, so every rejection is a false alarm. Flags are the top 3 % of
a Gaussian field whose correlation falls off as exp(-distance / range); the share of a group is
another such field, smooth or as means of neighbourhoods of about 50 cells.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from cas_audit.inference.group_gap import Units, group_gap
from cas_audit.inference.permutation import association
from cas_audit.inference.surrogates import Method

Floats = NDArray[np.float64]
Grid = NDArray[np.bool_]

METHODS: list[Method] = ["shuffle", "torus", "shift", "spectral", "blocks"]
LEVEL = 0.05
SURROGATES = 59  # (1 + k) / 60 is at most 0.05 in exactly 3 of 60 ranks
FLAGGED = 0.03
NEIGHBOURHOOD = 50  # cells
SMALL, LARGE = 40, 110
CORNERS = np.array([0.35, 0.3, 0.2])  # of the map's side
RIVER = 0.04
CAVEAT = """
Level: the share of independent pairs that the test at 5 % rejects; within brackets its standard
error. `cas_audit/inference/surrogates.py` describes the methods; `shuffle` is the naive one. The
share is moved, the flags stay. "river" is a map with a river across and three corners cut off.
"""


@dataclass(frozen=True)
class Setting:
    """A map and the fields on it."""

    side: int
    mask: str
    reach: int
    share: str
    tie: float = 0.0


def clustered(side: int, reach: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw two independent Gaussian fields by circulant embedding (Wood & Chan, 1994)."""
    away = np.minimum(np.arange(2 * side), 2 * side - np.arange(2 * side))
    power = np.fft.fft2(np.exp(-np.hypot(away[:, None], away) / reach)).real
    noise = rng.normal(size=(2, 2 * side, 2 * side))
    drawn = np.fft.fft2((noise[0] + 1j * noise[1]) * np.sqrt(np.maximum(power, 0))) / (2 * side)
    return drawn.real[:side, :side], drawn.imag[:side, :side]


def river(side: int) -> Grid:
    """Return a map with three corners cut off and a winding river across."""
    down, right = np.indices((side, side)) / (side - 1)
    water = np.abs(down - 0.45 - 0.12 * np.sin(6 * right)) < RIVER
    corners = np.stack([down + right, 2 - down - right, down + 1 - right], axis=-1)
    kept: Grid = ~(water | (corners < CORNERS).any(axis=-1))
    return kept


def by_neighbourhood(field: Floats, rng: np.random.Generator) -> Floats:
    """Return the mean over the cells that are nearest to the same of some random points."""
    points = rng.uniform(0, field.shape[0], (field.size // NEIGHBOURHOOD, 2))
    cells = np.argwhere(np.ones(field.shape))
    nearest = spatial.KDTree(points).query(cells)[1]
    held = np.maximum(np.bincount(nearest, minlength=len(points)), 1)
    means = np.bincount(nearest, field.ravel(), len(points)) / held
    mean: Floats = means[nearest].reshape(field.shape)
    return mean


def draw(setting: Setting, kept: Grid, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw the share of a group and the flags."""
    share, own = clustered(setting.side, setting.reach, rng)
    risk = (setting.tie * share + (1 - setting.tie**2) ** 0.5 * own)[kept]
    flags = risk >= np.sort(risk)[-round(FLAGGED * risk.size)]
    if setting.share == "neighbourhoods":
        share = by_neighbourhood(share, rng)
    return share[kept], flags.astype(float)


def rejected(setting: Setting, pairs: int, seed: int) -> Floats:
    """Return the share of pairs that each method rejects."""
    rng = np.random.default_rng([seed, setting.side, round(10 * setting.tie)])
    kept = river(setting.side) if setting.mask == "river" else np.ones([setting.side] * 2, bool)
    found = np.zeros(len(METHODS))
    for _ in range(pairs):
        fields = draw(setting, kept, rng)
        for at, method in enumerate(METHODS):
            test = association(*fields, kept, rng, method=method, draws=SURROGATES)
            found[at] += test.drawn.p <= LEVEL
    return found / pairs


def _rate(rate: float, pairs: int) -> str:
    """Return a share in percent with its standard error, which is not zero at 0 and 100 %."""
    inside = (rate * pairs + 0.5) / (pairs + 1)
    return f"{100 * rate:.1f} ({100 * (inside * (1 - inside) / pairs) ** 0.5:.1f})"


def _rows(settings: list[Setting], draws: int) -> Iterator[str]:
    yield f"| grid | map | range | share | tie | pairs | {' | '.join(METHODS)} |"
    yield "|---" * (6 + len(METHODS)) + "|"
    found, number = np.zeros(len(METHODS)), 0
    for at, one in enumerate(settings):
        pairs = draws if one.side == SMALL else -(-draws // 2)
        rates = rejected(one, pairs, at)
        found, number = found + rates * pairs, number + pairs
        names = f"{one.side}x{one.side} | {one.mask} | {one.reach} | {one.share} | {one.tie:g}"
        yield f"| {names} | {pairs} | {' | '.join(_rate(rate, pairs) for rate in rates)} |"
    total = " | ".join(_rate(rate, number) for rate in found / number)
    yield f"| all | | | | | {number} | {total} |"


def units(sizes: list[int], alike: bool, gap: float, rng: np.random.Generator) -> Units:
    """Draw units of three groups in four strata, with rates of their own around the group's."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    last = group == len(sizes) - 1
    exposure = rng.lognormal(5, 0.5, group.size) * np.where(last & (not alike), 0.1, 1)
    rate = 0.05 * np.where(last, gap, 1) * rng.gamma(1 / 0.3, 0.3, group.size)
    events = rng.poisson(exposure * rate).astype(float)
    return Units(events, exposure, group, rng.integers(4, size=group.size))


def _gap_rows(draws: int) -> Iterator[str]:
    yield "| units per group | exposure | true ratio | n | plain | studentised |"
    yield "|---|---|---|---|---|---|"
    for sizes, alike, gap in product(
        [[6, 6, 6], [16, 16, 16], [8, 16, 40]], [True, False], [1.0, 2.0]
    ):
        rng = np.random.default_rng(1)
        tests = [
            group_gap(units(sizes, alike, gap, rng), rng, draws=SURROGATES) for _ in range(draws)
        ]
        plain = float(np.mean([one.plain.p <= LEVEL for one in tests]))
        studentised = float(np.mean([one.studentised.p <= LEVEL for one in tests]))
        size = ", ".join(map(str, sizes))
        kind = "alike" if alike else "last a tenth"
        rates = f"{_rate(plain, draws)} | {_rate(studentised, draws)}"
        yield f"| {size} | {kind} | {gap:g} | {draws} | {rates} |"


def report(draws: int) -> str:
    """Return the tables as Markdown."""
    kinds = product((SMALL, LARGE), ("whole", "river"), (2, 5, 10), ("smooth", "neighbourhoods"))
    level = "\n".join(_rows([Setting(*one) for one in kinds], draws))
    ties = product((SMALL, LARGE), ("whole", "river"), (5,), ("smooth",), (0.3, 0.6))
    power = "\n".join(_rows([Setting(*one) for one in ties], draws))
    gap = "\n".join(_gap_rows(4 * draws))
    return (
        f"## Level: fields that are independent, rejected at 5 %\n{CAVEAT}\n{level}\n\n"
        "## Power: risk and share that are tied\n\n"
        "`tie` is their correlation. Where a method does not hold its level, its power means "
        "nothing.\n\n"
        f"{power}\n\n"
        "## Named groups: the highest rate less the lowest\n\n"
        "Three groups; with a true ratio of 1 every rejection is a false alarm. The rates of units "
        "vary by a gamma distribution with shape 3.3 around that of their group.\n\n"
        f"{gap}\n"
    )


def main() -> None:
    """Read the arguments; write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400, help="pairs of fields per small map")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    command = f"python benchmarks/permutation.py --draws {chosen.draws}"
    head = f"# Permutation tests\n\nMade by `{command}`; {SURROGATES} surrogates a test.\n"
    page = f"{head}\n{report(chosen.draws)}"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
