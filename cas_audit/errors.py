"""What can go wrong, as a tree.

CasAuditError
├── InputError         something handed in cannot be used: names what, where, and what was expected
│   ├── ConfigError    the configuration
│   ├── ContractError  a table does not fit its contract
│   └── ProgrammeError a check, framework, suite or text does not load
├── EvidenceError      the evidence is changed, incomplete or not ours
└── Unavailable        a dossier lacks what a check asks for (becomes an outcome, never an exit)

Every message names file, place, what was found and what was expected.
No message holds a value from the data: a value may be about a person.
"""

__all__ = [
    "CasAuditError",
    "ConfigError",
    "ContractError",
    "EvidenceError",
    "InputError",
    "ProgrammeError",
    "Unavailable",
]


class CasAuditError(Exception):
    """Root of all errors that end a command with exit code 3 and one sentence."""


class InputError(CasAuditError):
    """Something that was handed in cannot be used."""


class ConfigError(InputError):
    """The configuration file cannot be used."""


class ContractError(InputError):
    """A source table does not fit its contract."""


class ProgrammeError(InputError):
    """A check, framework, suite or text of the audit programme does not load."""


class EvidenceError(CasAuditError):
    """Evidence is changed, incomplete or not written by us."""


class Unavailable(CasAuditError):  # noqa: N818 - the name of an outcome, not of a failure
    """The dossier lacks an input that a check asks for."""
