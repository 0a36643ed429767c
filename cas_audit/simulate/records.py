"""Records of the trial city's own work: who has access, what was changed, restored and logged.

Nobody in them exists. They are in order: what is wrong with a version of the trial city is its
bias, and is to be seen as such.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ADVISORIES", "draw_records"]

USERS, DEVELOPERS, APPROVERS, ADMINISTRATORS, TECHNICAL = 24, 4, 3, 2, 2
CHANGES, CHANGES_A_VERSION = 90, 6
TRIAL_DAYS = (40, 130, 222, 313)  # before the reference date
ENTRIES, LOGGED_DAYS = 4_000, 360
YEAR = 365
INVENTED = "Verzonnen voor de demonstratie. / Invented for the demonstration."
ADVISORIES = [  # about versions of long ago: nothing is said of the packages that are installed
    {
        "id": f"DEMO-2025-{number:04d}",
        "modified": "2025-12-29T00:00:00Z",
        "details": INVENTED,
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": name},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.0.2"}]}
                ],
            }
        ],
    }
    for number, name in enumerate(("numpy", "pandas", "scipy"), start=1)
]


@dataclass(frozen=True)
class _Days:
    """Days counted back from the reference date."""

    end: date

    def back(self, days: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return the days as text."""
        moments = pd.Timestamp(self.end) - pd.to_timedelta(days, unit="D")
        return moments.strftime("%Y-%m-%d").to_numpy(dtype=object)


def draw_records(rng: np.random.Generator, end: date) -> dict[str, pd.DataFrame]:
    """Draw every table, each from its own stream.

    Args:
        rng: the only source of chance.
        end: the reference date.
    """
    tables = {"access": _access, "changes": _changes, "restores": _restores, "log": _log}
    streams = zip(tables.items(), rng.spawn(len(tables)), strict=True)
    return {name: draw(stream, _Days(end)) for (name, draw), stream in streams}


def _access(rng: np.random.Generator, days: _Days) -> pd.DataFrame:
    """Give each account one role; all were reviewed this year, and nobody who left has one."""
    roles = (
        ["gebruiker"] * USERS
        + ["ontwikkelaar"] * DEVELOPERS
        + ["vrijgever"] * APPROVERS
        + ["beheerder"] * (ADMINISTRATORS + TECHNICAL)
    )
    number = len(roles)
    technical = np.arange(number) >= number - TECHNICAL
    reviewed = rng.integers(10, 200, number)
    return pd.DataFrame(
        {
            "account": [f"account{one:02d}" for one in range(number)],
            "naam": "verzonnen",  # offered, and in no contract
            "rol": roles,
            "soort": np.where(technical, "technisch", "persoonlijk"),
            "eigenaar": np.where(technical, "account33", ""),
            "toegekend_op": days.back(reviewed + rng.integers(0, 900, number)),
            "laatst_gebruikt": days.back(rng.integers(1, 60, number)),
            "laatst_beoordeeld": days.back(reviewed),
            "dienstverband": "in_dienst",
        }
    )


def _changes(rng: np.random.Generator, days: _Days) -> pd.DataFrame:
    """Have every change reviewed by another developer, tested, and released by somebody else."""
    author = rng.integers(0, DEVELOPERS, CHANGES)
    other = (author + rng.integers(1, DEVELOPERS, CHANGES)) % DEVELOPERS
    version = np.arange(CHANGES) // CHANGES_A_VERSION + 1
    approver = rng.integers(0, APPROVERS, version.max() + 1)[version]
    return pd.DataFrame(
        {
            "auteur": [f"ontwikkelaar{one}" for one in author],
            "beoordelaar": [f"ontwikkelaar{one}" for one in other],
            "vrijgever": [f"vrijgever{one}" for one in approver],
            "besloten_op": days.back(np.linspace(YEAR - 5, 10, CHANGES).astype(np.int64)),
            "tests": "geslaagd",
            "versie": [f"v{one}" for one in version],
        }
    )


def _restores(rng: np.random.Generator, days: _Days) -> pd.DataFrame:
    """Try recovery each quarter; the map that is made again has the same digests."""
    back = np.array(TRIAL_DAYS) + rng.integers(0, 5, len(TRIAL_DAYS))
    steps = ("hersteld", "opnieuw_berekend", "zelfde_digests")
    return pd.DataFrame({"datum": days.back(back), **dict.fromkeys(steps, "ja")})


def _log(rng: np.random.Generator, days: _Days) -> pd.DataFrame:
    """Number the entries of almost a year, each with the digest of the one before."""
    seconds = np.sort(rng.integers(0, LOGGED_DAYS * 86_400, ENTRIES))
    start = pd.Timestamp(days.end) - pd.Timedelta(days=LOGGED_DAYS)
    moment = (start + pd.to_timedelta(seconds, unit="s")).strftime("%Y-%m-%dT%H:%M:%S")
    chain = [""]
    for one in moment:
        chain.append(hashlib.sha256(f"{chain[-1]}{one}".encode()).hexdigest())
    return pd.DataFrame(
        {
            "moment": moment,
            "nummer": np.arange(1, ENTRIES + 1),
            "digest": chain[1:],
            "vorige_digest": chain[:-1],
        }
    )
