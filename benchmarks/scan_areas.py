"""Scan cities for unnamed areas: how often it cries wolf, and how often it finds a planted area.

    python benchmarks/scan_areas.py --cities 150 --out docs/measured/scan-areas.md

Every city has about 12,000 cells, of which 3 % are flagged, in clusters. What is expected per
flagged cell over 52 weeks is known up to its level; the true rates differ from it by a
log-Gaussian field, which is no area that stands out. A planted area expects at least 120 recorded
outcomes and has half: a disc in even cities, whole neighbourhoods in odd ones.
Each row has its own seeds, so that it can be run alone with --setting.
"""

import argparse
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from cas_audit.inference.scan import scan
from cas_audit.inference.scan_found import Found, Side
from cas_audit.inference.scan_null import INDEPENDENT, Null, fit_null
from cas_audit.inference.scan_power import smallest_detectable
from cas_audit.inference.scan_windows import Windows, make_windows
from cas_audit.simulate.city import City, build_city

FLAGGED = 0.03
NEED, LEFT = 120, 0.5  # outcomes the planted area should have, and the part it has
LEVEL = 0.05
PAD = 256  # rows and columns of the torus the field is drawn on
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Setting:
    """One row of the table: range of the flags, spread and range of the residual rates."""

    flags: float
    spread: float
    residual: float


SETTINGS = [
    Setting(flags, spread, residual)
    for (spread, residual), flags in itertools.product(((0.0, 2.0), (0.3, 2.0), (0.3, 5.0)), (2, 5))
]


@dataclass(frozen=True)
class Trial:
    """Flagged cells of one city, what is expected and recorded there, and what was planted."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    expected: Values
    observed: Values
    planted: Mask


@dataclass(frozen=True)
class Hit:
    """What one scan said: whether it raised an alarm, found what was planted, and how well."""

    alarm: bool
    found: bool
    overlap: float


def field(rng: np.random.Generator, side: int, range_cells: float) -> Values:
    """Draw a Gaussian field with exponential correlation by circulant embedding, exactly."""
    lag = np.minimum(np.arange(PAD), PAD - np.arange(PAD))
    spectrum = fft.fft2(np.exp(-np.hypot(lag[:, None], lag) / range_cells)).real
    noise = rng.standard_normal((PAD, PAD)) + 1j * rng.standard_normal((PAD, PAD))
    drawn = fft.fft2(np.sqrt(np.maximum(spectrum, 0) / PAD**2) * noise)
    return np.asarray(drawn.real[:side, :side])


def make_trial(
    rng: np.random.Generator, setting: Setting, outcomes: int, shape: str | None
) -> Trial:
    """Draw a city, its flags, what is expected, and what is recorded."""
    city = build_city(rng)
    side = city.area.shape[0]
    latent = field(rng, side, setting.flags)
    bound = np.quantile(latent[city.kept], 1 - FLAGGED)
    flagged = city.kept & (latent > bound)
    row, column = np.nonzero(flagged)
    rate = np.exp(0.7 * (latent[flagged] - bound) + 0.3 * rng.standard_normal(row.size))
    expected = rate * outcomes / rate.sum()
    residual = setting.spread * field(rng, side, setting.residual)[flagged]
    planted = plant(rng, city, np.column_stack([row, column]), expected, shape)
    true = expected * np.exp(residual - setting.spread**2 / 2) * np.where(planted, LEFT, 1.0)
    return Trial(row, column, expected, rng.poisson(true).astype(float), planted)


def plant(
    rng: np.random.Generator,
    city: City,
    at: NDArray[np.int64],
    expected: Values,
    shape: str | None,
) -> Mask:
    """Mark the cells around a flagged one until enough outcomes are expected in them."""
    centre = rng.integers(len(at))
    if shape is None:
        return np.zeros(len(at), dtype=np.bool_)
    place = at if shape == "disc" else _middle_of_neighbourhood(city, at)
    distance = np.linalg.norm(place - place[centre], axis=1)
    order = np.argsort(distance, kind="stable")
    enough = np.searchsorted(np.cumsum(expected[order]), NEED)
    return np.asarray(distance <= distance[order[enough]])


def _middle_of_neighbourhood(city: City, at: NDArray[np.int64]) -> Values:
    """Return the middle of the neighbourhood each cell lies in."""
    area = city.area[city.kept]
    size = np.bincount(area)
    middle = [np.bincount(area, one) / size for one in np.nonzero(city.kept)]
    return np.column_stack(middle)[city.area[at[:, 0], at[:, 1]]]


def judge(
    trial: Trial, windows: Windows, null: Null, rng: np.random.Generator, *, draws: int, side: Side
) -> Hit:
    """Scan one city."""
    found = scan(trial.observed, windows, null, rng, draws=draws, side=side, most=1)
    if not isinstance(found, Found) or not found.areas:
        return Hit(alarm=False, found=False, overlap=0.0)
    area = np.zeros(trial.row.size, dtype=np.bool_)
    area[found.areas[0].cells] = True
    both, either = (
        trial.expected[one].sum() for one in (area & trial.planted, area | trial.planted)
    )
    alarm = found.p_value <= LEVEL
    return Hit(alarm, alarm and both > 0, float(both / either))


def ask(setting: Setting, trial: Trial, rng: np.random.Generator, draws: int) -> dict[str, Hit]:
    """Scan one city in each of the ways that stand in the table."""
    windows = make_windows(trial.row, trial.column, trial.expected)
    fitted = fit_null(trial.observed, windows, rng)
    known = Null(0.0, float(np.expm1(setting.spread**2)), setting.residual, fitted.geometry)
    ways: list[tuple[str, Null, Side]] = [
        ("fitted, too few", fitted, "few"),
        ("fitted, both sides", fitted, "both"),
        ("known, too few", known, "few"),
        ("naive, too few", INDEPENDENT, "few"),
    ]
    return {
        name: judge(trial, windows, null, rng, draws=draws, side=side) for name, null, side in ways
    }


def run(
    setting: Setting, cities: int, draws: int, outcomes: int, shapes: tuple[str | None, ...]
) -> list[dict[str, Hit]]:
    """Scan cities of one setting; the shapes planted take turns."""
    hits = []
    for number in range(cities):
        rng = np.random.default_rng([SETTINGS.index(setting), len(shapes), number])
        trial = make_trial(rng, setting, outcomes, shapes[number % len(shapes)])
        hits.append(ask(setting, trial, rng, draws))
    return hits


def share(hits: list[Hit], what: Callable[[Hit], bool]) -> str:
    """Return a share with its Monte Carlo standard error, in percent."""
    part = float(np.mean([what(one) for one in hits]))
    return f"{100 * part:.1f} ± {100 * np.sqrt(part * (1 - part) / len(hits)):.1f}"


def overlap(hits: list[Hit]) -> str:
    """Return the mean overlap among found areas."""
    found = [one.overlap for one in hits if one.found]
    return f"{np.mean(found):.2f}" if found else "-"


def smallest(setting: Setting, outcomes: int) -> str:
    """Return the smallest detectable area in one city whose true null is known."""
    rng = np.random.default_rng([99, SETTINGS.index(setting)])
    trial = make_trial(rng, setting, outcomes, None)
    windows = make_windows(trial.row, trial.column, trial.expected)
    fitted = fit_null(trial.observed, windows, rng)
    true = Null(0.0, float(np.expm1(setting.spread**2)), setting.residual, fitted.geometry)
    found = smallest_detectable(windows, true, int(trial.observed.sum()), rng)
    if found.expected is None:
        return f"more than {found.sizes[-1]:.0f} ({100 * found.power[-1]:.0f} % found)"
    return f"{found.expected:.0f}"


def lines_of(setting: Setting, cities: int, draws: int, outcomes: int) -> list[str]:
    """Measure the rows of one setting."""
    quiet = run(setting, cities, draws, outcomes, (None,))
    loud = run(setting, cities, draws, outcomes, ("disc", "neighbourhood"))
    least = smallest(setting, outcomes)
    spread = f"{setting.spread:.1f} | {setting.residual:.0f}" if setting.spread else "0 | -"
    lines = []
    for way in quiet[0]:
        alarms, found = [one[way] for one in quiet], [one[way] for one in loud]
        cells = [f"{setting.flags:.0f}", spread, way, share(alarms, lambda one: one.alarm)]
        cells += [share(found[start::2], lambda one: one.found) for start in (0, 1)]
        cells += [overlap(found), least if way.startswith("known") else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


HEAD = """| range of flags | residual sd | residual range | null, side | false alarms, % \
| discs found, % | neighbourhoods found, % | overlap | smallest area found in 90 % |
|---|---|---|---|---|---|---|---|---|"""
NOTE = """Every row: {cities} cities without a planted area for the false alarms, and {cities} \
with one, half of them discs and half whole neighbourhoods, that should have at least 120 recorded \
outcomes of about {outcomes:,} and have half. ± is one Monte Carlo standard error. \
An alarm is p <= 0.05 with {draws} draws; found is an alarm whose area overlaps the planted one; \
overlap is the mean Jaccard index among those found, over flagged cells, weighed by what is \
expected. Ranges are e-folding distances in cells of 125 m. *Fitted* is the null as anyone has it; \
*known* draws from the true spread and range, which nobody knows, and shows what the fit costs; \
*naive* takes cells as independent. The last column is `smallest_detectable` under the known null \
in one city, two-sided, in expected outcomes."""


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=150)
    parser.add_argument("--draws", type=int, default=199)
    parser.add_argument("--outcomes", type=int, default=1000)
    parser.add_argument("--setting", type=int, help="one row only, from 0")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    settings = SETTINGS if chosen.setting is None else [SETTINGS[chosen.setting]]
    start = perf_counter()
    lines: list[str] = []
    for setting in settings:
        lines += lines_of(setting, chosen.cities, chosen.draws, chosen.outcomes)
        print(*lines[-4:], f"{perf_counter() - start:.0f} s", sep="\n", flush=True)
    if chosen.out:
        chosen.out.write_text(page(lines, chosen), encoding="utf-8")


def page(lines: list[str], chosen: argparse.Namespace) -> str:
    """Return the page."""
    command = f"python benchmarks/scan_areas.py --cities {chosen.cities} --draws {chosen.draws}"
    command += f" --outcomes {chosen.outcomes}"
    if chosen.setting is not None:
        command += f" --setting {chosen.setting}"
    table = "\n".join([HEAD, *lines])
    note = NOTE.format(cities=chosen.cities, outcomes=chosen.outcomes, draws=chosen.draws)
    return f"# A scan for unnamed areas\n\nMade by `{command}`.\n\n{table}\n\n{note}\n"


if __name__ == "__main__":
    main()
