"""Tables beside the incidents: survey, hours on patrol, decisions, complaints and stops.

Each as a source system would hand it over, for its contract in `expectations/`. All know of one
bias alone: where the city is over-policed there are more hours, stops and complaints. What victims
report, and which advice is followed, knows nothing of who lives where.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.simulate.city import CELL_SIZE_M, ORIGIN_M, City, Field
from cas_audit.simulate.incidents import THEMES, policed_cells

__all__ = ["Setting", "draw_beside", "name_areas"]

SURVEYED_SHARE = 0.1  # of the victims
HOURS_A_CELL = 0.5  # on patrol, a week
STOPS_AN_HOUR = 0.05
COMPLAINTS_A_RESIDENT = 0.0003  # a week
ADVISED_WEEKS, ADVISED_SHARE = 52, 0.1  # weeks with advice, and areas that get one
TASTE = 0.5  # of whoever advises, beside the records of the area
FOLLOWED = {"gevolgd": 0.6, "deels_gevolgd": 0.25, "niet_gevolgd": 0.15}
DAYS = 7


@dataclass(frozen=True)
class Setting:
    """What the tables are about: a city with its true intensity per theme, and its one dial."""

    city: City
    truth: Mapping[str, Field]
    dial: float
    weeks: int
    end: date

    @property
    def areas(self) -> int:
        """How many neighbourhoods."""
        return len(self.city.residents)

    @property
    def attention(self) -> Field:
        """Hours on patrol where there are too many, over those elsewhere, per area."""
        policed = policed_cells(self.city)
        found = np.ones(self.areas)
        found[self.city.area[policed]] = 1 + 2 * self.dial
        return found

    def by_area(self, values: Field) -> Field:
        """Return the sum over the cells of each area."""
        kept = self.city.kept
        summed = np.bincount(self.city.area[kept], values[kept], self.areas)
        return summed.astype(float)

    def days(self, week: NDArray[np.int64], day: NDArray[np.int64] | int = 0) -> pd.Index:
        """Return the day in each week as text; weeks are counted from the start."""
        start = pd.Timestamp(self.end) - pd.Timedelta(weeks=self.weeks)
        return (start + pd.to_timedelta(week * DAYS + day, unit="D")).strftime("%Y-%m-%d")


def name_areas(numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the codes of neighbourhoods."""
    return np.char.add("BU9999", np.char.zfill(numbers.astype(str), 4))


def draw_beside(rng: np.random.Generator, setting: Setting) -> dict[str, pd.DataFrame]:
    """Draw every table, each from its own stream.

    Args:
        rng: the only source of chance.
        setting: what they are about.
    """
    tables = {
        "survey": _survey,
        "patrols": _patrols,
        "decisions": _decisions,
        "complaints": _complaints,
        "stops": _stops,
    }
    streams = zip(tables.items(), rng.spawn(len(tables)), strict=True)
    return {name: draw(stream, setting) for (name, draw), stream in streams}


def _survey(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """Ask a share of the victims in each area whether they went to the police."""
    names = name_areas(np.arange(setting.areas))
    rows = []
    for (name, theme), stream in zip(THEMES.items(), rng.spawn(len(THEMES)), strict=True):
        if name not in setting.truth:
            continue
        share = setting.by_area(setting.truth[name])
        victims = share * theme.a_week * setting.weeks / theme.reported
        asked = stream.poisson(victims * SURVEYED_SHARE)
        told = stream.binomial(asked, theme.reported)
        some = asked > 0
        rows.append(
            pd.DataFrame(
                {
                    "buurtcode": names[some],
                    "thema": theme.code,
                    "ondervraagden": asked[some],
                    "gemeld_procent": (100 * told[some] / asked[some]).round(2),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _patrols(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """Spread hours by the size of an area, by chance, and by attention where there is too much."""
    cells = setting.by_area(setting.city.kept.astype(float))
    usual = cells * HOURS_A_CELL * setting.attention
    hours = usual * rng.gamma(20, 1 / 20, (setting.weeks, setting.areas))
    week, area = (axis.ravel() for axis in np.indices(hours.shape))
    return pd.DataFrame(
        {
            "buurtcode": name_areas(area),
            "dag": setting.days(week),
            "uren": hours.ravel().round(1),
        }
    )


def _decisions(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """Advise, each week of the last year, areas where most is brought; and decide what is done."""
    number = max(1, round(ADVISED_SHARE * setting.areas))
    first = max(0, setting.weeks - ADVISED_WEEKS)
    rows = []
    for name, truth in setting.truth.items():
        known = np.log(setting.by_area(truth))
        score = known + TASTE * rng.gumbel(size=(setting.weeks - first, setting.areas))
        chosen = np.argsort(-score, axis=1)[:, :number]
        week = np.repeat(np.arange(first, setting.weeks), number)
        drawn = rng.choice(list(FOLLOWED), week.size, p=list(FOLLOWED.values()))
        rows.append(
            pd.DataFrame(
                {
                    "buurtcode": name_areas(chosen.ravel()),
                    "besluitdatum": setting.days(week),
                    "thema": THEMES[name].code,
                    "besluit": drawn,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _complaints(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """Draw complaints by residents, and more of them where there is too much attention."""
    rate = setting.city.residents * COMPLAINTS_A_RESIDENT * setting.attention
    week, area = np.nonzero(rng.poisson(rate, (setting.weeks, setting.areas)))
    day = rng.integers(0, DAYS, week.size)
    codes = name_areas(area)
    return pd.DataFrame({"buurtcode": codes, "ontvangen": setting.days(week, day)})


def _stops(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """Draw stops at cells, in proportion to the hours on patrol."""
    row, column = np.nonzero(setting.city.kept)
    rate = HOURS_A_CELL * STOPS_AN_HOUR * setting.attention[setting.city.area[row, column]]
    week, cell = np.nonzero(rng.poisson(rate, (setting.weeks, row.size)))
    place = np.column_stack([column[cell], row[cell]]) + rng.uniform(0.02, 0.98, (cell.size, 2))
    metres = np.round(place * CELL_SIZE_M + ORIGIN_M, 1)
    day = setting.days(week, rng.integers(0, DAYS, week.size))
    return pd.DataFrame({"x_rd": metres[:, 0], "y_rd": metres[:, 1], "dag": day})
