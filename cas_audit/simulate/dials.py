"""The dials of the synthetic city: what is biased in it, and how much.

A city with every dial where it stands has hot spots and no bias: everything is reported, placed
and recorded at once, the police find nothing of their own, and crime knows nothing of groups.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

from cas_audit.errors import InputError
from cas_audit.simulate.fields import KINDS, Kind

__all__ = ["Dials"]


@dataclass(frozen=True)
class Dials:
    """Every setting of a city; "the group" is the first of `geography.GROUPS`.

    Attributes:
        weeks: length of the history.
        incidents_a_week: true incidents expected in a week.
        kind: how hot spots lie: exponential, gaussian, matern, patches or ridges.
        range_cells: distance in cells at which the log intensity's correlation is 1/e.
        log_sd: standard deviation over cells of the log intensity, the link with the group aside.
        group_effect: log of how much more happens where only the group lives than where it does
            not live at all; 0 makes the correlation of log intensity and group share zero.
        persistence_weeks: weeks after which the hot spots' correlation with now is 1/e.
        reporting: probability that an incident is brought to the police, by group of the victim;
            a cell's victims are its residents.
        found: records that the police make of their own, for each true incident.
        over_policing: such records added in the over-policed neighbourhoods.
        over_policed: those where the group's share is highest, or a random choice.
        over_policed_share: how many of the neighbourhoods are over-policed.
        over_policed_weeks: how long it lasted, from the first week on.
        place_loss: share of records without a place.
        place_loss_group: added to it where only the group lives, in proportion elsewhere.
        lag_weeks: weeks between incident and record, on average (geometric).
        lag_weeks_group: added to it where only the group lives, in proportion elsewhere.
        proxies: of each feature to make, its correlation with the group's share.
    """

    weeks: int = 156
    incidents_a_week: float = 120.0
    kind: Kind = "gaussian"
    range_cells: float = 2.0
    log_sd: float = 1.3
    group_effect: float = 0.0
    persistence_weeks: float = inf
    reporting: tuple[float, float, float] = (1.0, 1.0, 1.0)
    found: float = 0.0
    over_policing: float = 0.0
    over_policed: Literal["group", "random"] = "group"
    over_policed_share: float = 0.25
    over_policed_weeks: float = inf
    place_loss: float = 0.0
    place_loss_group: float = 0.0
    lag_weeks: float = 0.0
    lag_weeks_group: float = 0.0
    proxies: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a setting that means nothing.

        Raises:
            InputError: naming the dial and what it may be.
        """
        for name in ("weeks", "incidents_a_week", "range_cells", "persistence_weeks"):
            self._demand(name, getattr(self, name) > 0, "a number above 0")
        for name in ("log_sd", "found", "over_policing", "lag_weeks", "over_policed_weeks"):
            self._demand(name, getattr(self, name) >= 0, "a number from 0")
        for name in ("over_policed_share", "place_loss"):
            self._demand(name, 0 <= getattr(self, name) <= 1, "a share from 0 to 1")
        loss, lag = self.place_loss + self.place_loss_group, self.lag_weeks + self.lag_weeks_group
        self._demand("place_loss_group", 0 <= loss <= 1, "a share from 0 to 1 with place_loss")
        self._demand("lag_weeks_group", lag >= 0, "a number from 0 with lag_weeks")
        self._demand("reporting", all(0 <= one <= 1 for one in self.reporting), "shares, 0 to 1")
        self._demand("proxies", all(abs(one) <= 1 for one in self.proxies), "correlations")
        self._demand("kind", self.kind in KINDS, f"one of {KINDS}")
        self._demand("over_policed", self.over_policed in {"group", "random"}, "group or random")

    def _demand(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            message = f"Dial {name} is {getattr(self, name)}; expected {expected}."
            raise InputError(message)
