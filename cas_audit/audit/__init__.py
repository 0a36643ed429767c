"""What is audited and what is found: the dossier, the checks, the findings.

The package can be called: `cas_audit.audit(forecasts, incidents, areas, config)` audits tables and
models in memory (`cas_audit/in_memory.py`). A function of that name would hide the package.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *tables: Any, **chosen: Any) -> Any:  # noqa: ANN401 - see `in_memory.audit`
        """Audit from Python; see `cas_audit.in_memory.audit`."""
        # By name: imports run down only, and this one is for who calls from outside.
        return importlib.import_module("cas_audit.in_memory").audit(*tables, **chosen)


sys.modules[__name__].__class__ = _Callable
