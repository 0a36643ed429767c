"""The published JSON Schemas of all that passes between steps or to users.

They are made of the models that the engine itself reads with, so they cannot say otherwise.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cas_audit.assure.answers import Answers
from cas_audit.assure.compare import Comparison
from cas_audit.assure.framework import Framework
from cas_audit.assure.policy import Policy
from cas_audit.assure.risks import Register
from cas_audit.assure.seal import Seal
from cas_audit.assure.signing import Envelope
from cas_audit.assure.statements import Statement
from cas_audit.audit.dossier import Manifest
from cas_audit.audit.finding import Findings
from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.ingest.contract import Contract
from cas_audit.ingest.receipt import Receipt
from cas_audit.present.exports.summary import Exported

__all__ = ["MODELS", "schema_of", "write_schemas"]

MODELS: dict[str, type[BaseModel]] = {
    "answers": Answers,
    "comparison": Comparison,
    "config": Config,
    "contract": Contract,
    "export": Exported,
    "findings": Findings,
    "framework": Framework,
    "manifest": Manifest,
    "policy": Policy,
    "receipt": Receipt,
    "risks": Register,
    "seal": Seal,
    "signed": Envelope,
    "statement": Statement,
}


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one kind of file."""
    made = MODELS[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def write_schemas(folder: Path) -> None:
    """Write every schema as `<name>.schema.json`."""
    for name in MODELS:
        write_json(folder / f"{name}.schema.json", schema_of(name))
