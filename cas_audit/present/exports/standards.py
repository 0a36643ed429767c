"""The schemas of others, held against what we hand over before anyone sees it."""

import json
from functools import cache
from typing import Any

import jsonschema
from referencing import Registry, Resource

from cas_audit.errors import EvidenceError
from cas_audit.rooms import room

__all__ = ["CARDS", "OSCAL", "REGISTER", "demand_valid", "load_standard"]

OSCAL = "oscal_assessment-results_schema"
CARDS = ("systemcard_schema", "modelcard_schema", "assessmentcard_schema")
REGISTER = "algorithm-register-1.0.schema"
LETTER, NUMBER = "[^\\W\\d_]", "\\d"  # what `re` knows for \p{L} and \p{N}


def demand_valid(name: str, content: Any) -> None:  # noqa: ANN401 - JSON
    """Refuse what does not fit a standard.

    Raises:
        EvidenceError: it does not; the message names the place and no value.
    """
    for fault in _validator(name).iter_errors(content):
        place = "/".join(map(str, fault.absolute_path)) or "the whole"
        message = f"{name}: {place} does not fit ({fault.validator}); nothing was written."
        raise EvidenceError(message)


def load_standard(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a schema as its publisher wrote it."""
    return json.loads(room("reports", "standards", f"{name}.json").read_text(encoding="utf-8"))


@cache
def _validator(name: str) -> Any:  # noqa: ANN401 - of jsonschema
    schema = _readable(load_standard(name))
    schema.pop("$id", None)  # the cards share one, by which they would be one
    kind = jsonschema.validators.validator_for(schema)
    others = [(f"{one}.json", Resource.from_contents(load_standard(one))) for one in CARDS]
    return kind(schema, registry=Registry().with_resources(others))


def _readable(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Write the two classes of letters and digits as Python's `re` reads them."""
    if isinstance(schema, dict):
        return {key: _pattern(key, _readable(value)) for key, value in schema.items()}
    return [_readable(one) for one in schema] if isinstance(schema, list) else schema


def _pattern(key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    if key != "pattern" or not isinstance(value, str):
        return value
    return value.replace(r"\p{L}", LETTER).replace(r"\p{N}", NUMBER)
