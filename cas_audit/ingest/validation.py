"""Great Expectations suites on what was admitted; only counts leave. The library's door."""

import logging
import os
from typing import Any

import pandas as pd

from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml
from cas_audit.ingest.known import Known, possible
from cas_audit.rooms import room

__all__ = ["validate"]

PARAMETER = "$PARAMETER"
NAMING = ("column", "week", "whole")  # keys of an expectation that name a column


def validate(table: pd.DataFrame, suite: str, known: Known) -> dict[str, Any]:
    """Run a suite of the expectations room on a table.

    Args:
        table: admitted and coarsened rows.
        suite: name of the suite, such as `incidents`.
        known: what is known beside the table.

    Returns:
        `success`, and per expectation, in the order of the suite, its type, column, success and
        counts; no values. `success` is null where it was not asked, because what it names is not
        known or no column of this contract; it is false where it is `broken`.

    Raises:
        ProgrammeError: the suite does not load.
    """
    path = room("expectations", f"{suite}.suite.yaml")
    content = read_yaml(path)
    batch = _batch(table)
    try:
        filled = [_fill_in(one, suite, known) for one in content["expectations"]]
        loaded = [(one, _load(one) if asked else None) for one, asked in filled]
    except Exception as error:  # noqa: BLE001 - the library raises many kinds
        message = f"{path} does not load as a suite ({type(error).__name__})."
        raise ProgrammeError(message) from None
    results = [_judge(batch, one, expectation) for one, expectation in loaded]
    success = all(one["success"] is not False for one in results)
    return {"suite": suite, "success": success, "rows": len(table), "results": results}


def _fill_in(one: dict[str, Any], suite: str, known: Known) -> tuple[dict[str, Any], bool]:
    """Fill in what is known; say whether all that an expectation names is there.

    The library fills in most fields by itself, but no list of columns; and a name it does not know
    breaks an expectation, where it should stop the suite.
    """
    facts, kwargs = known.plain(), {}
    for key, value in one.get("kwargs", {}).items():
        named = isinstance(value, dict) and set(value) == {PARAMETER}
        kwargs[key] = facts[value[PARAMETER]] if named else value
    columns = {kwargs[key] for key in NAMING if key in kwargs}
    unknown = columns - set(known.columns) - possible(suite)
    if unknown or not one["meta"]["notes"].strip():
        message = f"{one['type']} names no column of {suite}, or does not say why"
        raise ValueError(message)
    asked = columns <= set(known.columns) and None not in kwargs.values()
    return {**one, "kwargs": kwargs}, asked


def _batch(table: pd.DataFrame) -> Any:  # noqa: ANN401 - of the library
    """Hand a table to the library, told to be silent and to make no site of its own."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx  # noqa: PLC0415, TID251 - heavy, and told to be silent first
    from great_expectations.data_context.types import base  # noqa: PLC0415, TID251

    import cas_audit.ingest.expectations  # noqa: PLC0415, F401 - makes ours known to the library

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)  # it quotes values
    without_site = base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    settings = base.DataContextConfig(
        store_backend_defaults=without_site,
        analytics_enabled=False,
        progress_bars={"globally": False},
    )
    context = gx.get_context(mode="ephemeral", project_config=settings)
    asset = context.data_sources.add_pandas("admitted").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})


def _load(one: dict[str, Any]) -> Any:  # noqa: ANN401 - of the library
    from great_expectations import ExpectationSuite  # noqa: PLC0415, TID251 - heavy

    [expectation] = ExpectationSuite(name="one", expectations=[one]).expectations
    return expectation


def _judge(batch: Any, one: dict[str, Any], expectation: Any) -> dict[str, Any]:  # noqa: ANN401
    """Judge one expectation; one at a time, or the library changes their order."""
    row = {
        "expectation": one["type"],
        "column": one["kwargs"].get("column"),
        "success": None,
        "broken": False,
        "elements": None,
        "unexpected": None,
    }
    if expectation is None:
        return row
    try:
        said = batch.validate(expectation, result_format="SUMMARY").to_json_dict()
    except Exception:  # noqa: BLE001 - of any kind, and its text could quote the data
        return {**row, "success": False, "broken": True}
    return {**row, **_counts(said)}


def _counts(said: dict[str, Any]) -> dict[str, Any]:
    """Keep nothing of a result but counts: the rest can hold values."""
    broken = _raised(said["exception_info"])
    found = {} if broken else said["result"]
    return {
        "success": bool(said["success"]) and not broken,
        "broken": broken,
        "elements": _whole(found.get("element_count")),
        "unexpected": _whole(found.get("unexpected_count")),
    }


def _raised(info: dict[str, Any]) -> bool:
    """Say whether something was raised; where a metric broke, the library nests it by metric."""
    nested = [one for one in info.values() if isinstance(one, dict)]
    return any(one.get("raised_exception", False) for one in [info, *nested])


def _whole(number: Any) -> int | None:  # noqa: ANN401 - JSON
    return int(number) if isinstance(number, int) else None
