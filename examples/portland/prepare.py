"""Put Portland's open data in the form that the gate reads.

    python examples/portland/prepare.py FOLDER

Reads `portland/` in the folder that CAS_AUDIT_DATA names, and writes into FOLDER the incidents of
both themes as one CSV file, and the districts as GeoPackage: the gate reads no shapefile.
"""

import os
import sys
from pathlib import Path

import pandas as pd
from pyogrio import read_dataframe, write_dataframe

CRS = "EPSG:2913"  # Oregon North, international feet; the shapefile does not say so itself
FILES = {"burglary": "crimes_bur.csv", "vehicle_theft": "crimes_veh.csv"}


def prepare(source: Path, folder: Path) -> None:
    """Write `incidents.csv` and `districts.gpkg` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [pd.read_csv(source / file).assign(theme=theme) for theme, file in FILES.items()]
    pd.concat(tables).to_csv(folder / "incidents.csv", index=False)
    districts = read_dataframe(source / "Portland_Police_Districts.shp").set_crs(CRS)
    write_dataframe(districts, folder / "districts.gpkg")


if __name__ == "__main__":
    prepare(Path(os.environ["CAS_AUDIT_DATA"]) / "portland", Path(sys.argv[1]))
