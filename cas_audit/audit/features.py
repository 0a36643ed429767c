"""What the model knew of each cell, on average over the periods it is judged on, or before them."""

from typing import Literal

import pandas as pd

from cas_audit.audit.dossier import Dossier

__all__ = ["open_features"]

NAMES = ["theme", "cell"]


def open_features(
    dossier: Dossier, kind: Literal["means", "before"] = "means"
) -> dict[str, pd.DataFrame]:
    """Read what is known of each feature, per theme a table indexed by cell, in the order of cells.

    A feature that says the same in every cell is left out; so is one that the theme has not got.

    Args:
        dossier: a sealed dossier.
        kind: means over the periods that are judged, in which is what happened in them; or what
            was known before the first of them.

    Raises:
        Unavailable: the dossier holds none, as with forecasts that were made elsewhere.
    """
    table = dossier.table(f"model/feature_{kind}.parquet")
    features = sorted(str(name) for name in table if name not in NAMES)
    found = {}
    for theme in dossier.manifest.themes:
        part = table[table["theme"] == theme].set_index("cell").sort_index()[features]
        part = part.dropna(axis=1, how="all").astype(float)
        found[theme] = part.loc[:, part.max() > part.min()]
    return found
