"""The laws that a framework may name, and their provisions: another reference is a typo."""

from datetime import date
from functools import cache

from cas_audit.config import Strict, Text, read_record
from cas_audit.errors import ProgrammeError
from cas_audit.rooms import room

__all__ = ["Statute", "list_laws"]


class Statute(Strict):
    """One law: how a report calls it, and each provision that may be named.

    `text_of` is the day from which the text is in force that the provisions were read in.
    """

    short: Text
    title: Text
    text_of: date
    provisions: list[str]


class _Laws(Strict):
    wpg: Statute
    avg: Statute
    ai_act: Statute


@cache
def list_laws() -> dict[str, Statute]:
    """Return the laws of the programme, by the key under which a point names them.

    Raises:
        ProgrammeError: the file does not fit.
    """
    laws = read_record(_Laws, room("reports", "laws.yaml"), ProgrammeError)
    return {name: getattr(laws, name) for name in _Laws.model_fields}
