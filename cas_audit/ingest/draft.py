"""The first hour: a contract drafted from a header, in which every column is still refused."""

import json
from pathlib import Path

from cas_audit.errors import InputError
from cas_audit.ingest.names import resembles
from cas_audit.ingest.sources import OF_ROWS, read_names

__all__ = ["begin", "draft_contract"]

HEAD = """\
# Drafted from a header; no row was read. A column without a purpose is refused and never read.
# Write for each column that is needed: role, meaning, purpose, ground, retention, whom it could
# concern and how it is coarsened; leave or strike the rest. Roles: x, y, moment (or date and
# hour), theme, channel; area, residents, group; count. Schema: `cas-audit schema contract`.
"""
COLUMN = """\
- name: {name}
  role: ""{hint}
  type: ""
  meaning: {{nl: "", en: ""}}
  purpose: {{nl: "", en: ""}}
  ground: ""
  retention_years: 1
  concerns: {{nl: "", en: ""}}
"""
CONFIG = """\
# Begun by `cas-audit init`. Fill in what is empty; schema: `cas-audit schema config`.
name: my-system
version: "1"
title: {{nl: "", en: ""}}
reference_date:  # the day against which age is measured, such as 2026-01-05
regime:  # wpg_8, wpg_9, wpg_13, avg or open_data
retention_years: 5

purpose:  # and success, stop, owner, decided_on, review_on, kept_years
  goal: {{nl: "", en: ""}}
  action: {{nl: "", en: ""}}
decided: []  # the choices that were made: about, chosen, reason, owner, decided_on
# law: when it was last gone through: reviewed_on, reviewed_by, texts

sources:
  incidents: {{path: {incidents}, contract: incidents.contract.yaml}}
  areas: {{path: {areas}, contract: areas.contract.yaml}}
themes: []  # such as [home_burglary]: the names that the contract gives to the source's codes
channels: [brought]
groups: []  # such as [{{name: born_outside_europe}}]: groups that the contract of the areas names
statements: statements
"""


def begin(folder: Path, incidents: Path, areas: Path) -> None:
    """Write a configuration and two drafted contracts; only headers are read.

    Raises:
        InputError: the folder exists, or a file has no readable header.
    """
    if folder.exists():
        message = f"{folder} exists; expected a folder that is yet to be made."
        raise InputError(message)
    drafts = {"incidents": draft_contract(incidents), "areas": draft_contract(areas, "areas")}
    paths = {"incidents": json.dumps(str(incidents.absolute()), ensure_ascii=False)}
    paths["areas"] = json.dumps(str(areas.absolute()), ensure_ascii=False)
    (folder / "statements").mkdir(parents=True)
    for name, text in drafts.items():
        (folder / f"{name}.contract.yaml").write_text(text, encoding="utf-8")
    (folder / "config.yaml").write_text(CONFIG.format(**paths), encoding="utf-8")


def draft_contract(path: Path, table: str | None = None) -> str:
    """Return a contract as YAML that lists every column of a file and admits none.

    Args:
        path: CSV, Parquet, GeoParquet, GeoJSON or GeoPackage; only its header is read.
        table: incidents or areas; by default what the format is most used for.

    Raises:
        InputError: the file is absent or its header cannot be read.
    """
    names = read_names(path)
    if not names:
        message = f"{path} has no columns; expected a header."
        raise InputError(message)
    table = table or ("incidents" if path.suffix in OF_ROWS else "areas")
    crs = "EPSG:4326" if table == "areas" else "EPSG:28992"
    columns = "".join(COLUMN.format(name=_quote(name), hint=_hint(name)) for name in names)
    title = f'title: {{nl: "", en: ""}}\ncrs: {crs}\ncolumns:\n'
    return f"{HEAD}table: {table}\n{title}{columns}"


def _quote(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hint(name: str) -> str:
    """Warn where a name suggests what should rarely come in."""
    found = resembles(name)
    return f"  # looks like {found}: think twice" if found else ""
