"""Every trial of a theme: those that each theme gets, and those that the configuration asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.fitting import Fitted, fit
from cas_audit.forecast.leaks import find_leaks, fit_blind
from cas_audit.forecast.means import Known, know_features, write_known
from cas_audit.forecast.necessity import Lacking, try_necessity, write_necessity
from cas_audit.forecast.random_data import concentrate
from cas_audit.forecast.sensitivity import try_choices
from cas_audit.forecast.stability import Changed, try_stability, write_stability
from cas_audit.forecast.trials import Redrawn, compare, refit, without_future, write_refits
from cas_audit.forecast.work import Work

__all__ = ["Tried", "try_theme", "write_trials"]


@dataclass(frozen=True)
class Tried:
    """What came of the trials of a theme: `always` by file name; the others where asked for."""

    always: dict[str, Any]
    known: Known
    choices: list[dict[str, Any]]
    redrawn: Redrawn | None
    steady: list[Changed]
    lacking: Lacking | None


def try_theme(
    config: Config,
    city: City,
    work: Work,
    of: tuple[int, str],
    *,
    made: Fitted,
    wide: NDArray[np.int64],
) -> Tried:
    """Run every trial of a theme.

    Args:
        config: which trials.
        city: weeks and cells.
        work: who does the work on tiles.
        of: number and name of the theme.
        made: the model that is audited.
        wide: the wide block of each cell, -1 where no cell takes part, shape (rows, columns).
    """
    asked, seed = config.forecast, [config.forecast.seed, of[0]]
    return Tried(
        _always(config, city, work, of, made),
        know_features(config, city, of[1], work),
        try_choices(config, city, of[1], made, seed) if asked.sensitivity else [],
        refit(config, city, work, of, made) if asked.refits else None,
        try_stability(config, city, work, of, made) if asked.stability else [],
        try_necessity(config, city, work, of, base=made, wide=wide) if asked.necessity else None,
    )


def _always(
    config: Config, city: City, work: Work, of: tuple[int, str], made: Fitted
) -> dict[str, Any]:
    """Run the trials that every theme gets; a rerun only where no new process will make one."""
    number, theme = of
    counts, seed = panel_of(city, theme, config.channels), [config.forecast.seed, number]
    blind = fit_blind(config, city, theme, made, work, seed=seed)
    share = config.forecast.flagged_share
    found = {
        "future": without_future(config, city, theme),
        "leaks": find_leaks(config, city, theme, made, blind),
        "random_data": concentrate(city, counts, blind.made.flagged, share, seed),
    }
    if not config.forecast.rerun:
        again = fit(config, city, (theme, counts), seed, work)
        found["reproducibility"] = compare(city, made, again)
    return found


def write_trials(config: Config, dossier: Path, tried: Mapping[str, Tried]) -> None:
    """Write `trials/`, and in `model/` what checks know of the values of features.

    Args:
        config: which trials were asked for.
        dossier: folder that gains them.
        tried: what came of the trials, by theme.
    """
    for name in next(iter(tried.values())).always:
        found = {theme: one.always[name] for theme, one in tried.items()}
        write_json(dossier / f"trials/{name}.json", found)
    write_known({theme: one.known for theme, one in tried.items()}, dossier)
    if config.forecast.sensitivity:
        choices = {theme: one.choices for theme, one in tried.items()}
        write_json(dossier / "trials/sensitivity.json", choices)
    redrawn = {theme: one.redrawn for theme, one in tried.items() if one.redrawn is not None}
    if redrawn:
        write_refits(dossier, redrawn)
    if config.forecast.stability:
        steady = [one for part in tried.values() for one in part.steady]
        histories = [one for part in redrawn.values() for one in part.changed]
        write_stability(dossier, [*steady, *histories])
    lacking = {theme: one.lacking for theme, one in tried.items() if one.lacking is not None}
    if lacking:
        write_necessity(dossier, lacking)
