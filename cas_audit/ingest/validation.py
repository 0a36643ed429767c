"""Great Expectations suites on what was admitted; only counts leave. The library's only door."""

import logging
import os
from typing import Any

import pandas as pd

from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml
from cas_audit.rooms import room

__all__ = ["validate"]


def validate(table: pd.DataFrame, suite: str) -> dict[str, Any]:
    """Run a suite of the expectations room on a table.

    Args:
        table: admitted and coarsened rows.
        suite: name of the suite, such as `incidents`.

    Returns:
        `success`, and per expectation its type, column, success and counts; no values.

    Raises:
        ProgrammeError: the suite does not load.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx  # noqa: PLC0415, TID251 - heavy, and told to be silent first

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    path = room("expectations", f"{suite}.suite.yaml")
    try:
        loaded = gx.ExpectationSuite(**read_yaml(path))
    except Exception as error:  # noqa: BLE001 - the library raises many kinds
        message = f"{path} does not load as a suite ({type(error).__name__})."
        raise ProgrammeError(message) from None
    asset = context.data_sources.add_pandas("admitted").add_dataframe_asset(suite)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
    result = batch.validate(loaded, result_format="BOOLEAN_ONLY")
    rows = [_counts(one.to_json_dict()) for one in result.results]
    return {"suite": suite, "success": bool(result.success), "rows": len(table), "results": rows}


def _counts(result: dict[str, Any]) -> dict[str, Any]:
    expectation = result["expectation_config"]
    return {
        "expectation": expectation["type"],
        "column": expectation["kwargs"].get("column"),
        "success": bool(result["success"]),
        "broken": bool(result["exception_info"].get("raised_exception", False)),
    }
