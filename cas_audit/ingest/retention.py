"""How old a record may be: by its regime, its contract and the configuration."""

from datetime import date

import pandas as pd

from cas_audit.config import Config
from cas_audit.ingest.contract import Contract

__all__ = ["EXPIRED", "years_allowed", "years_before"]

FREE_YEARS = 1  # Wpg 8: daily police work uses its records freely for a year
COMPARED_YEARS = 5  # and for four more only to compare with; then they are removed
EXPIRED = ("older_than_retention", "removed_from_use")


def years_allowed(config: Config, contract: Contract) -> int:
    """Return how many whole years before the reference date a record may lie.

    The shortest holds of what the regime, the configuration and each column of the contract allow.
    Under Wpg 8 that is one year, or five where the configuration writes down what the older records
    are compared with. The other regimes have no number in the law: their own limits hold.
    """
    own = min(config.retention_years, *(column.retention_years for column in contract.columns))
    if config.regime != "wpg_8":
        return own
    return min(own, COMPARED_YEARS if config.comparison else FREE_YEARS)


def years_before(day: date, years: int) -> pd.Timestamp:
    """Return the same day some years earlier; 29 February becomes the 28th."""
    return pd.Timestamp(day) - pd.DateOffset(years=years)
