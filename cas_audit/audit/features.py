"""What the model knew of each cell, on average over the periods it is judged on."""

import pandas as pd

from cas_audit.audit.dossier import Dossier

__all__ = ["open_features"]

NAMES = ["theme", "cell"]


def open_features(dossier: Dossier) -> dict[str, pd.DataFrame]:
    """Read the mean of each feature, per theme a table indexed by cell, in the order of cells.

    A feature that says the same in every cell is left out; so is one that the theme has not got.

    Raises:
        Unavailable: the dossier holds none, as with forecasts that were made elsewhere.
    """
    table = dossier.table("model/feature_means.parquet")
    features = sorted(str(name) for name in table if name not in NAMES)
    found = {}
    for theme in dossier.manifest.themes:
        part = table[table["theme"] == theme].set_index("cell").sort_index()[features]
        part = part.dropna(axis=1, how="all").astype(float)
        found[theme] = part.loc[:, part.max() > part.min()]
    return found
