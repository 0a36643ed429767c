"""The first hour: a contract drafted from a header, in which every column is still refused."""

from pathlib import Path

from cas_audit.errors import InputError
from cas_audit.ingest.names import normalise
from cas_audit.ingest.sources import read_names

__all__ = ["draft_contract"]

HEAD = """\
# Drafted from a header; no row was read. A column without a purpose is refused and never read.
# Write for each column that is needed: role, meaning, purpose, ground, retention, whom it could
# concern and how it is coarsened; leave or strike the rest. Roles: x, y, moment (or date and
# hour), theme, channel; area, residents, group; count. Schema: `cas-audit schema contract`.
"""
COLUMN = """\
- name: {name}
  role: ""{hint}
  meaning: {{nl: "", en: ""}}
  purpose: {{nl: "", en: ""}}
  ground: ""
  retention_years: 1
  concerns: {{nl: "", en: ""}}
"""
SENSITIVE = {
    "bsn": "a citizen service number",
    "naam": "a name",
    "name": "a name",
    "mail": "an e-mail address",
    "telefoon": "a telephone number",
    "phone": "a telephone number",
    "nationaliteit": "nationality",
    "nationality": "nationality",
    "geboorte": "birth",
    "birth": "birth",
    "etni": "ethnicity",
    "ethni": "ethnicity",
    "religi": "religion",
    "geloof": "religion",
    "gezondheid": "health",
    "health": "health",
    "straat": "an address",
    "adres": "an address",
    "address": "an address",
    "postcode": "an address",
    "kenteken": "a licence plate",
    "toelichting": "free text",
    "omschrijving": "free text",
    "remark": "free text",
}


def draft_contract(path: Path) -> str:
    """Return a contract as YAML that lists every column of a file and admits none.

    Args:
        path: CSV, Parquet, GeoJSON or GeoPackage; only its header is read.

    Raises:
        InputError: the file is absent or its header cannot be read.
    """
    names = read_names(path)
    if not names:
        message = f"{path} has no columns; expected a header."
        raise InputError(message)
    table = "areas" if path.suffix in {".geojson", ".json", ".gpkg"} else "incidents"
    crs = "EPSG:4326" if table == "areas" else "EPSG:28992"
    columns = "".join(COLUMN.format(name=_quote(name), hint=_hint(name)) for name in names)
    title = f'title: {{nl: "", en: ""}}\ncrs: {crs}\ncolumns:\n'
    return f"{HEAD}table: {table}\n{title}{columns}"


def _quote(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hint(name: str) -> str:
    """Warn where a name suggests what should rarely come in."""
    plain = normalise(name)
    found = next((what for part, what in SENSITIVE.items() if part in plain), None)
    return f"  # looks like {found}: think twice" if found else ""
