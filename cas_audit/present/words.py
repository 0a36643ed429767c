"""Sentences in Dutch or English: texts from the locale, values by the rules of the language."""

import string
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, format_scientific

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml
from cas_audit.present.feature_names import name_feature
from cas_audit.rooms import room

__all__ = ["LANGUAGES", "Language", "Words", "name_words"]

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")
SPREAD = {"nl": "procentpunt", "en": "percentage points"}


class Words(string.Formatter):
    """The texts of one language, and the names that a dossier adds to them."""

    def __init__(self, language: Language, names: Mapping[str, str] | None = None) -> None:
        """Take the texts of a language.

        Args:
            language: of the report.
            names: how to call groups and the like, by identifier.
        """
        self.language = language
        self.page: dict[str, Any] = _read("page")[language]
        self.receipts: dict[str, Any] = _read("receipt")[language]
        self.told: dict[str, str] = _read("people")[language]
        self.documents: dict[str, Any] = _read("documents")[language]
        self.names = {**self.page["names"], **(names or {})}

    def text(self, key: str, **values: object) -> str:
        """Return a text of the page, filled in."""
        return str(self.vformat(self.page["text"][key], (), values))

    def receipt(self, key: str, **values: object) -> str:
        """Return a text of the receipt page, filled in."""
        return str(self.vformat(self.receipts["text"][key], (), values))

    def people(self, key: str, **values: object) -> str:
        """Return a text about people, policy and risks, filled in."""
        return str(self.vformat(self.told[key], (), values))

    def document(self, key: str, **values: object) -> str:
        """Return a text of the documents for others, filled in."""
        return str(self.vformat(self.documents[key], (), values))

    def name(self, identifier: str) -> str:
        """Return how to call a theme, group, measure, column or feature."""
        if identifier in self.names:
            return str(self.names[identifier])
        feature = name_feature(self.page["features"], self.name, identifier)
        return feature or identifier.replace("_", " ")

    def years(self, number: int) -> str:
        """Write a number of years."""
        return self.text("one_year" if number == 1 else "years", years=number)

    def precise(self, value: float) -> str:
        """Write a number with three decimals."""
        return str(format_decimal(value, "#,##0.000", locale=self.language))

    def title(self, check: str) -> str:
        """Return the title of a check."""
        return str(self.of_check(check)["title"])

    def of_check(self, check: str) -> dict[str, Any]:
        """Return all texts of a check.

        Raises:
            ProgrammeError: the check has no texts in this language.
        """
        texts = _read(f"checks/{check}")
        if not isinstance(texts, dict) or self.language not in texts:
            message = f"reports/locale/checks/{check}.yaml holds no {self.language}."
            raise ProgrammeError(message)
        found: dict[str, Any] = texts[self.language]
        return found

    def sentence(self, finding: Finding) -> str:
        """Say in one sentence what a check found.

        A check may have a sentence of its own for what is lost with an input that is not there.

        Raises:
            ProgrammeError: there is no sentence for the message, or it asks for another value.
        """
        if finding.message in {Outcome.UNAVAILABLE, Outcome.ERROR}:
            return self.vformat(self.page[finding.message], (), finding.values)
        sentences = self.of_check(finding.check)["sentences"]
        values = {**finding.thresholds, **finding.values}
        try:
            return self.vformat(sentences[finding.message], (), values)
        except KeyError as error:
            message = f"reports/locale/checks/{finding.check}.yaml: no {error} for this finding."
            raise ProgrammeError(message) from None

    def vformat(self, format_string: str, args: Any, kwargs: Mapping[str, Any]) -> str:  # noqa: ANN401
        """Fill in a text; a PAI is a figure, other measures are shares."""
        self._figure = "decimal" if kwargs.get("measure") == "pai" else "percent"
        return super().vformat(format_string, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401
        """Write a value as its kind asks."""
        if value is None:
            return str(self.page["undefined"])
        kind = self._figure if format_spec == "figure" else format_spec
        locale = self.language
        if kind == "date":
            return str(format_date(date.fromisoformat(str(value)), "long", locale=locale))
        if kind == "name":
            return self.name(str(value))
        if kind == "list":
            return ", ".join(self.name(part) for part in str(value).split(", "))
        if kind in {"integer", "decimal", "percent", "percent2", "scientific", "points"}:
            return _number(float(value), kind, locale)
        return str(value)


def name_words(dossier: Dossier, language: Language) -> Words:
    """Return the words of a language, with the names of the dossier's groups."""
    plain, names = Words(language), {}
    for group in dossier.json("data/groups.json")["groups"]:
        fifths = {"": "highest_fifth", "reference_": "lowest_fifth"} if "fifths_of" in group else {}
        for key in ("", "reference_"):
            label = group.get(f"{key}label")
            if label:
                name, said = group["reference" if key else "name"], label[language]
                names[name] = plain.text(fifths[key], label=said) if fifths else said
    return Words(language, names)


def _number(value: float, kind: str, locale: Language) -> str:
    if kind in {"percent", "points"} and not round(value, 3):
        value = abs(value)  # no "-0.0 %"
    if kind == "integer":
        return str(format_decimal(value, "#,##0", locale=locale))
    if kind == "decimal":
        return str(format_decimal(value, "#,##0.00", locale=locale))
    if kind == "scientific":
        return str(format_scientific(value, "0.#E0", locale=locale)) if value else "0"
    if kind == "points":
        return f"{format_decimal(100 * value, '#,##0.0', locale=locale)} {SPREAD[locale]}"
    return str(format_percent(value, "0.00 %" if kind == "percent2" else "0.0 %", locale=locale))


@cache
def _read(name: str) -> Any:  # noqa: ANN401 - YAML
    return read_yaml(room("reports", "locale", f"{name}.yaml"))
