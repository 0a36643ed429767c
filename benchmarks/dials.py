"""Every dial of the synthetic city, and what turning it does to the true values.

    python benchmarks/dials.py --out docs/synthetic-city.md

Nothing here is estimated from an audited history: each number is the truth of its setting, with
its Monte Carlo error where it has one.
"""

import argparse
import inspect
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.counting import Forecast, count_flags, count_forecast
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.fields import KINDS, draw_fields
from cas_audit.simulate.geography import Geography, invented
from cas_audit.simulate.history import draw_history
from cas_audit.simulate.loop import Channel, Deployment, deploy
from cas_audit.simulate.pull import pull_to_ratio
from cas_audit.simulate.shift import shift_to_ratio
from cas_audit.simulate.truth import Value, beyond_city, of_process, true_parts

TURNED: tuple[dict[str, Any], ...] = (
    {},
    {"incidents_a_week": 10.0},
    {"incidents_a_week": 1000.0},
    {"kind": "patches"},
    {"kind": "ridges"},
    {"range_cells": 5.0},
    {"log_sd": 0.5},
    {"group_effect": 0.5},
    {"group_effect": 1.0},
    {"persistence_weeks": 26.0},
    {"reporting": (0.5, 0.5, 0.5)},
    {"reporting": (0.4, 0.5, 0.5)},
    {"reporting": (0.25, 0.5, 0.5)},
    {"found": 0.5},
    {"over_policing": 0.25},
    {"over_policing": 1.0},
    {"over_policing": 1.0, "over_policed": "random"},
    {"over_policing": 1.0, "over_policed_weeks": 78},
    {"place_loss": 0.3},
    {"place_loss_group": 0.3},
    {"lag_weeks": 4.0},
    {"lag_weeks_group": 8.0},
    {"proxies": (0.8,)},
)
RATIOS = ("exposure", "hit_rate", "precision", "calibration", "reported", "recorded")
CHANNELS: dict[str, tuple[Channel, ...]] = {
    "brought": ("brought",),
    "brought and found": ("brought", "found"),
    "found": ("found",),
}
BEGIN = """
A city whose crime, records and model are known, so that what an audit says of it can be held
against the truth. Each dial plants one thing, as strong as you like; with every dial off there
are hot spots and no bias.

```python
import numpy as np

from cas_audit.simulate.arena import draw_arena
from cas_audit.simulate.counting import count_forecast
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import invented
from cas_audit.simulate.history import draw_history
from cas_audit.simulate.truth import of_process, true_parts

streams = np.random.default_rng(1).spawn(5)
geography = invented(streams[0])  # or amsterdam(path): real quarters and residents
arena = draw_arena(geography, Dials(over_policing=0.5), streams[1])
forecast = count_forecast()(draw_history(arena, streams[2]), streams[3])
this_map = true_parts(arena, forecast)["exposure"].ratio()
this_process = of_process(arena, count_forecast(), 50, streams[4])["exposure"].ratio()
```

The city that `make demo` audits is another, simpler one, with the dial `over_policing` alone;
it shares the outline, the neighbourhoods and the residents.
Its feed also holds a victim survey, hours on patrol, decisions, complaints and stops; hours, stops
and complaints know that dial, the others know none (`cas_audit/simulate/beside.py`).
Records of its own work - access, changes, trials of recovery, a log - are in order whatever the
dial, and its advisories are invented (`cas_audit/simulate/records.py`).

## The dials
"""
TRUE = """
## What each dial does to the true values

Counting over 52 weeks flags 3 % of the cells in each of the last 52 weeks; it counts brought and
found records alike. Ratios are of residents born outside Europe to those born in the
Netherlands. The estimand is this process: what is expected if history were drawn again and the
counting redone. After ± stands the Monte Carlo standard error. The residents are those of one
invented city, and so are the hot spots but for the dials that concern them: even with every dial
off a ratio need not be 1, since in any one city the hot spots happen to lie nearer to one group.

- Exposure: share of a group's residents in a flagged cell, and the ratio of two groups.
- Hit rate, precision: among what the public brings, by the residents of the cell.
- Calibration: brought incidents over those the forecaster expects.
- Reported, recorded: what is brought, and all that stands in the record with a place, over what
  happens in the weeks of the forecast. No audit can know these from the record alone.
"""
ESTIMANDS = """
## Three estimands of one figure

The exposure ratio of counting in a city with every dial off but the range. "Spread" is the
standard deviation of the log ratio: between histories of one city, and between cities that have
the same residents and other hot spots.
"""
UNFAIR = """
## A model unfair by a stated amount

`shift_to_ratio` multiplies the true intensity by exp(beta times the group's share) and gives each
cell a chance of a flag; beta is solved so that the exposure ratio of the process is exactly as
stated. `pull_to_ratio` does the same with counting, refitted on every history; its truth has a
Monte Carlo error.
"""
LOOP = """
## The deployment loop

Past over-policing (`over_policing=0.5`, `found=0.1`) ends when the model is deployed; from then
on police find incidents in flagged cells only, with chance 1. The table has the exposure ratio by
quarter of a year, as the mean over five draws of the hot spots, and the share of the last week's
flags that stood there a year before.

On what the public brings the past is forgotten within the window of 52 weeks. On what police find
it is not where incidents are many: the map confirms itself. Where they are few, flagged cells
without a find are given up by chance, and the past fades slowly. Both together keep a part of it.
Of two equal cells one is flagged for ever on found records, and chance says which; on brought
records each is flagged half the time (`tests/test_loop.py`).
"""
LIMITS = """
## What this city cannot tell

- Incidents are Poisson given the intensity: there are no near-repeats, seasons or trends in it.
- Reporting, loss and lag depend on who lives in a cell, not on who the victim is.
- Residents are spread evenly over the cells of a neighbourhood.
- Drifting hot spots have no place to which they return.
"""


@dataclass(frozen=True)
class Size:
    """How much to draw."""

    side: int
    histories: int


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table as Markdown."""
    lines = [list(head), ["---" for _ in head], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def shown(value: Value, digits: int = 3) -> str:
    """Return a value, with its error where it has one."""
    error = f" ± {value.error:.{digits}f}" if value.error else ""
    return f"{value.value:.{digits}f}{error}"


def named(dials: dict[str, Any]) -> str:
    """Return a setting as it is written in Python."""
    return ", ".join(f"`{name}={value!r}`" for name, value in dials.items()) or "every dial off"


def dials() -> str:
    """Return every dial, its default and its meaning as its docstring says it."""
    text = inspect.cleandoc(Dials.__doc__ or "").split("Attributes:\n")[1]
    meanings = dict(re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", text, re.MULTILINE))
    rows = [
        (f"`{one.name}`", f"`{one.default!r}`", " ".join(meanings[one.name].split()))
        for one in fields(Dials)
    ]
    return table(("dial", "default", "meaning"), rows)


def kinds() -> str:
    """Return the measured correlation of each kind of field at its range and at twice that."""
    rows = []
    for kind in KINDS:
        drawn = draw_fields(np.random.default_rng(1), (100, 100), kind, 5, 100)
        found = [(drawn[:, :, :-far] * drawn[:, :, far:]).mean() for far in (1, 5, 10)]
        rows.append((kind, *(f"{one:.2f}" for one in found)))
    head = ("kind, range of 5 cells", "correlation at 1 cell", "at 5 (1/e is 0.37)", "at 10")
    return table(head, rows)


def arena(geography: Geography, **turned: Any) -> Arena:  # noqa: ANN401 - any dial
    """Draw an arena from the one seed of this page."""
    return draw_arena(geography, Dials(**turned), np.random.default_rng(2))


def moved(geography: Geography, size: Size) -> str:
    """Return the true values of every setting."""
    rows = []
    for turned in TURNED:
        rng = np.random.default_rng(3)
        true = of_process(arena(geography, **turned), count_forecast(), size.histories, rng)
        difference = 100 * true["exposure"].difference().value
        rows.append(
            (
                named(turned),
                *(shown(true[name].ratio()) for name in RATIOS),
                f"{difference:+.2f}",
                shown(true["city_hit_rate"].of(0)),
                shown(true["city_precision"].of(0)),
            )
        )
    ratios = (f"{name.replace('_', ' ')}, ratio" for name in RATIOS)
    head = ("setting", *ratios, "exposure, difference (% points)", "hit rate", "precision")
    return table(head, rows)


def estimands(geography: Geography, size: Size) -> str:
    """Return one figure under three estimands, for hot spots of three ranges."""
    rows = []
    for reach in (2.0, 5.0, 10.0):
        city, streams = arena(geography, range_cells=reach), np.random.default_rng(4).spawn(3)
        drawn = draw_history(city, streams[0])
        flags = count_flags(drawn, 52, 0.03, streams[0])
        process = of_process(city, count_forecast(), size.histories, streams[1])["exposure"]
        beyond = beyond_city(city, count_forecast(), size.histories, streams[2])["exposure"]
        values = (process.ratio(), beyond.ratio())
        spread = [one.error * size.histories**0.5 / one.value for one in values]
        this_map = true_parts(city, Forecast(flags))["exposure"].ratio()
        both = (f"{shown(one)} (spread {s:.2f})" for one, s in zip(values, spread, strict=True))
        rows.append((f"{reach:g} cells", shown(this_map), *both))
    return table(("range", "one map", "this process", "beyond this city"), rows)


def unfair(geography: Geography, size: Size) -> str:
    """Return models of known unfairness, by both ways."""
    city, rows = arena(geography), []
    for ratio in (0.8, 1.0, 1.25, 1.5, 2.0):
        shifted = shift_to_ratio(city.intensity[0], geography, ratio)
        chance = np.broadcast_to(shifted.chance, (52, shifted.chance.size))
        true = true_parts(city, Forecast(chance))
        pulled = pull_to_ratio(city, ratio, size.histories, np.random.default_rng(5))
        rows.append(
            (
                f"{ratio:.2f}",
                f"{shifted.beta:+.2f}",
                f"{true['exposure'].ratio().value:.8f}",
                shown(true["city_hit_rate"].of(0)),
                f"{pulled.beta:+.2f}",
                shown(pulled.ratio),
            )
        )
    shift = ("beta of the shift", "true ratio", "hit rate")
    return table(("stated", *shift, "beta of counting", "true ratio"), rows)


def loop(geography: Geography) -> str:
    """Return how exposure goes on, by what the model counts and how many incidents there are."""
    rows = []
    for number in (120.0, 2000.0):
        for name, channels in CHANNELS.items():
            ratios, stayed = [], []
            for seed in range(5):
                setting = Dials(260, number, found=0.1, over_policing=0.5)
                city = draw_arena(geography, setting, np.random.default_rng(seed))
                chosen = Deployment(weeks=208, find=1.0, channels=channels)
                deployed = deploy(city, chosen, np.random.default_rng(7))
                ratios.append(deployed.exposure_ratio())
                flags = deployed.flags
                stayed.append((flags[-1] & flags[-53]).sum() / flags[-1].sum())
            mean = np.mean(ratios, axis=0)
            quarters = (mean[week : week + 13].mean() for week in (0, 52, 104, 195))
            rows.append(
                (f"{number:g}", name, *(f"{one:.2f}" for one in quarters), f"{np.mean(stayed):.2f}")
            )
    years = ("at first", "after 1 year", "after 2", "after nearly 4")
    return table(("incidents a week", "the model counts", *years, "flags that stayed"), rows)


def speed(side: int) -> str:
    """Return how long drawing takes."""
    started = time.perf_counter()
    geography = invented(np.random.default_rng(1), side)
    city = arena(geography)
    drawn = time.perf_counter()
    rng = np.random.default_rng(1)
    histories = [draw_history(city, rng) for _ in range(10)]
    recorded = time.perf_counter()
    for history in histories:
        count_flags(history, 52, 0.03, rng)
    ended = time.perf_counter()
    return (
        f"\n## Speed\n\nMeasured where this page was made, for {city.placed.size:,} cells and "
        f"{city.dials.weeks} weeks: residents and rates {drawn - started:.2f} s; a history "
        f"{(recorded - drawn) / 10:.3f} s; counting and flags of 52 weeks "
        f"{(ended - recorded) / 10:.3f} s.\n"
    )


def report(size: Size) -> str:
    """Return the page after its title."""
    geography = invented(np.random.default_rng(1), size.side)
    parts = (
        BEGIN,
        dials(),
        "\n## Kinds of hot spots\n",
        kinds(),
        TRUE,
        moved(geography, size),
        ESTIMANDS,
        estimands(geography, size),
        UNFAIR,
        unfair(geography, size),
        LOOP,
        loop(geography),
        LIMITS,
        speed(size.side),
    )
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def main() -> None:
    """Read the arguments; write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=115)
    parser.add_argument("--histories", type=int, default=50)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    command = f"python benchmarks/dials.py --side {chosen.side} --histories {chosen.histories}"
    body = report(Size(chosen.side, chosen.histories))
    page = f"# The synthetic city and its dials\n\nMade by `{command}`.\n\n{body}"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
