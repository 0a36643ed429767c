"""The dossier: a sealed folder that holds all an auditor may ask about one model version."""

import json
import zipfile
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from cas_audit.config import Strict, Text, read_record
from cas_audit.errors import EvidenceError, Unavailable
from cas_audit.files import digest, read_json, read_yaml, tree, write_json

__all__ = ["Dossier", "Manifest", "read_manifest", "seal_dossier"]


class Manifest(Strict):
    """What the dossier is about, and the digest of each file in it."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    name: str
    version: str
    title: Text
    origin: Literal["synthetic", "observed"]
    restricted: Literal[True] = True
    reference_date: date
    regime: str
    themes: list[str]
    channels: list[str]
    flagged_share: float
    framework: str
    thresholds: dict[str, dict[str, float]] = {}
    seed: int
    cas_audit: str
    python: str
    packages: dict[str, str]
    code_commit: str | None = None
    files: dict[str, str] = {}

    @property
    def judged_on(self) -> list[str]:
        """Channels whose incidents a forecast is judged on; none named, all of them.

        What the public brought, where that is told from what the police found.
        """
        return ["brought"] if "brought" in self.channels else []


def seal_dossier(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with the digest of every file in the folder."""
    files = {name: digest(folder / name) for name in tree(folder) if name != "manifest.json"}
    sealed = manifest.model_copy(update={"files": files})
    write_json(folder / "manifest.json", sealed.model_dump(mode="json", by_alias=True))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a dossier.

    Raises:
        EvidenceError: there is none, or it does not fit its schema.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        message = f"{folder} holds no manifest.json; run `cas-audit forecast` first."
        raise EvidenceError(message)
    return read_record(Manifest, path, EvidenceError)


def find_width(schema: Any) -> int | None:  # noqa: ANN401 - JSON
    """Return the number of columns of the outermost estimator of a skops schema that has one.

    >>> find_width({"content": {"steps": [{"n_features_in_": {"content": "12"}}]}})
    12
    """
    level = [schema]
    while level:
        for part in level:
            if isinstance(part, dict) and "n_features_in_" in part:
                return int(part["n_features_in_"]["content"])
        level = [inner for part in level for inner in _inside(part)]
    return None


def _inside(part: Any) -> list[Any]:  # noqa: ANN401 - JSON
    if isinstance(part, dict):
        return list(part.values())
    return part if isinstance(part, list) else []


class Dossier:
    """Reads a sealed dossier, and remembers what was read: the inputs of a finding."""

    def __init__(self, folder: Path) -> None:
        """Open the dossier in `folder`.

        Raises:
            EvidenceError: the folder is not a sealed dossier.
        """
        self.folder = folder
        self.inputs: dict[str, str] = {}

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest."""
        return read_manifest(self.folder)

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return the content of a JSON file.

        Raises:
            Unavailable: the dossier does not hold it.
        """
        return read_json(self._path(name))

    def yaml(self, name: str) -> Any:  # noqa: ANN401 - YAML
        """Return the content of a YAML file.

        Raises:
            Unavailable: the dossier does not hold it.
        """
        return read_yaml(self._path(name))

    def table(self, name: str) -> pd.DataFrame:
        """Return a Parquet table.

        Raises:
            Unavailable: the dossier does not hold it.
        """
        return pd.read_parquet(self._path(name))

    def fitted_width(self, name: str) -> int | None:
        """Return how many columns the model in a skops archive was fitted on, if it says so.

        What the archive says of itself is read as JSON; no object is made of it. Its digest is not
        among the inputs of a finding: it is another one each time that the same model is stored.

        Raises:
            Unavailable: the dossier does not hold it.
        """
        path = self._path(name)
        del self.inputs[name]
        with zipfile.ZipFile(path) as archive:
            return find_width(json.loads(archive.read("schema.json")))

    def has(self, name: str) -> bool:
        """Say whether the dossier holds a file."""
        return name in self.manifest.files

    def names(self, start: str) -> list[str]:
        """Return the files whose path begins with `start`, sorted."""
        return sorted(name for name in self.manifest.files if name.startswith(start))

    def ingested(self, kind: str) -> list[str]:
        """Return the files of a kind that ingest left, one a table: receipt or validation.

        Raises:
            Unavailable: there is none.
        """
        found = [name for name in self.names("ingest/") if name.endswith(f".{kind}.json")]
        if not found:
            message = f"The dossier holds no {kind} of any table."
            raise Unavailable(message)
        return found

    def _path(self, name: str) -> Path:
        if not self.has(name):
            message = f"The dossier holds no {name}."
            raise Unavailable(message)
        self.inputs[name] = self.manifest.files[name]
        return self.folder / name
