"""The configuration: one YAML file that says what is audited and how.

Its JSON Schema is published in `cas_audit/schemas/config.schema.json`.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from cas_audit.errors import CasAuditError, ConfigError
from cas_audit.files import read_json, read_yaml

__all__ = [
    "SMALLEST_COUNT",
    "Area",
    "Config",
    "Decided",
    "Elsewhere",
    "Evidence",
    "Group",
    "Law",
    "Publication",
    "Strict",
    "Text",
    "explain",
    "fill_in",
    "first_fault",
    "load_config",
    "read_record",
]

Record = TypeVar("Record", bound=BaseModel)

SMALLEST_COUNT = 5  # in what is public in kind, one to four are not told apart
SCHEDULER = r"^(\$\{\w+\}|[a-z+]+://.+)$"
VARIABLE = re.compile(r"\$\{(\w+)\}")
Model = Literal[
    "cas_ensemble",
    "blend",
    "counting",
    "counting_long",
    "decayed",
    "kde",
    "hotspot",
    "self_exciting",
    "table",
]
Measure = Literal["hit_rate", "near_hit_rate", "pai", "precision"]
Share = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]


def _refuse_secret(value: str | None) -> str | None:
    """The configuration is kept in the dossier, so a password may not stand in it."""
    if value and (urlsplit(value).password or "password" in value.lower()):
        message = "holds a password; name the whole URI as ${VARIABLE} instead"
        raise ValueError(message)
    return value


class Strict(BaseModel):
    """A frozen record in which an unknown key or a NaN is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Text(Strict):
    """One text in both languages of the report."""

    nl: str
    en: str


class Success(Strict):
    """The success criterion: a measure of the evaluation and the value it must reach."""

    measure: Measure
    at_least: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _can_be_missed(self) -> "Success":
        if self.measure != "pai" and self.at_least >= 1:
            message = "a share must be at least something below 1"
            raise ValueError(message)
        return self


class Stop(Text):
    """When the system stops, in words; and as a figure, by which anyone can see that it must.

    It stops when `measure` has been below `below` for `for_weeks` weeks.
    """

    measure: Measure | None = None
    below: Annotated[float, Field(gt=0)] | None = None
    for_weeks: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Stop":
        if len({one is None for one in (self.measure, self.below, self.for_weeks)}) > 1:
            message = "has a part of a figure; expected measure, below and for_weeks, or none"
            raise ValueError(message)
        return self


class Purpose(Strict):
    """Why the system exists, measurable, and when it stops.

    `decided_on` is the day on which all of it was laid down, `review_on` the day on which the
    system is judged again or ends, `kept_years` how long code, data and evidence are kept then.
    """

    goal: Text
    action: Text
    success: Success | None = None
    stop: Stop | None = None
    owner: str | None = None
    decided_on: date | None = None
    review_on: date | None = None
    kept_years: Annotated[int, Field(ge=0, le=100)] | None = None


class Decided(Strict):
    """A choice of those who made the system: what was chosen and why, by whom and when.

    `value` is the number that was chosen, where there is one, to be held against what ran: the side
    of a cell in metres, or the share of cells that is flagged.
    """

    about: Literal["design", "data", "cell_size", "flagged_share", "limits", "sensitivity"]
    chosen: Text
    reason: Text
    owner: str | None = None
    decided_on: date | None = None
    value: float | None = None


class Law(Strict):
    """When it was last gone through whether the system fits the law, by whom, in which text.

    `texts` names for each law the day from which the text that was read is in force.
    """

    reviewed_on: date
    reviewed_by: Annotated[str, Field(min_length=1)]
    texts: dict[Literal["wpg", "avg", "ai_act"], date]


class Area(Strict):
    """The grid: a projected CRS in metres, and the size of a cell."""

    crs: str = "EPSG:28992"
    cell_size_m: Annotated[float, Field(ge=25, le=5000)] = 125.0


class Source(Strict):
    """One source table: its file, or its database and table; and the contract it must fit.

    `database` is a variable of the environment that holds an SQLAlchemy URL: a URL can hold a
    password, and the configuration is kept as evidence. `control_total` is how many rows the
    source system says that it handed over.
    """

    path: str | None = None
    database: Annotated[str, Field(pattern=r"^\$\{\w+\}$")] | None = None
    table: str | None = None
    contract: str
    control_total: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> "Source":
        if bool(self.path) == bool(self.database) or bool(self.database) != bool(self.table):
            message = "expected either path, or database and table"
            raise ValueError(message)
        return self

    @property
    def shown(self) -> str:
        """What a message calls it; never a URL."""
        return self.path or f"table {self.table}"


class Sources(Strict):
    """The source tables; all but incidents and areas are counts per place, never of a person.

    The last four are records of the organisation's own work: who has access, who changed what, what
    was restored on trial, and what was logged. Of them only numbers come in.

    `forecasts` are those of a system that is audited from its output; then incidents may be absent.
    """

    incidents: Source | None = None
    areas: Source
    forecasts: Source | None = None
    suspects: Source | None = None
    decisions: Source | None = None
    survey: Source | None = None
    patrols: Source | None = None
    stops: Source | None = None
    complaints: Source | None = None
    access: Source | None = None
    changes: Source | None = None
    restores: Source | None = None
    log: Source | None = None


class Elsewhere(Strict):
    """A fitted model of someone else, scored on our features; `{theme}` stands for each theme.

    Either `skops`, a file; or `mlflow`, a URI models:/NAME/VERSION of a model in `registry` (a
    tracking URI; `${VARIABLE}` where it holds a password). `trusted` are types it may hold besides
    those of scikit-learn. `runs_code` lets a model be loaded that is a pickle or runs its own code.
    """

    skops: str | None = None
    mlflow: Annotated[str, Field(pattern=r"^models:/[^/]+/[^/]+$")] | None = None
    registry: str | None = None
    trusted: list[str] = []
    runs_code: bool = False

    @field_validator("registry")
    @classmethod
    def _without_secret(cls, value: str | None) -> str | None:
        return _refuse_secret(value)

    @model_validator(mode="after")
    def _is_one_place(self) -> "Elsewhere":
        if bool(self.skops) == bool(self.mlflow) or bool(self.mlflow) != bool(self.registry):
            message = "expected either skops, or mlflow and registry"
            raise ValueError(message)
        if self.skops and self.runs_code:
            message = "expected runs_code with mlflow only: a skops file runs none"
            raise ValueError(message)
        return self


class Choice(Strict):
    """A rule that flags groups more evenly than the plain top, and who decided on it.

    `setting` is the highest exposure ratio for `exposure_bound`, the strength for `penalty`, and
    absent for the others; `cas-audit mitigate` shows what each would cost. `survey_weight` needs a
    victim survey; the others use where groups live, so the contract of the areas must have that as
    a purpose.
    """

    method: Literal["exposure_bound", "penalty", "equal_share", "survey_weight"]
    setting: float | None = None
    reason: Text
    decided_by: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> "Choice":
        if self.method in {"equal_share", "survey_weight"}:
            fits, expected = self.setting is None, "no setting"
        elif self.method == "penalty":
            fits, expected = self.setting is not None and self.setting > 0, "a setting above 0"
        else:
            fits, expected = self.setting is not None and self.setting >= 1, "a setting from 1"
        if not fits:
            message = f"{self.method} takes {expected}"
            raise ValueError(message)
        return self


class Loop(Strict):
    """The model deployed for a simulated year, in which it learns of what police find.

    `replicates` is how often the year is drawn; with fewer than five nothing is decided. `find` is
    the chance that police in a flagged cell find an incident that nobody brings: an assumption.
    """

    replicates: Annotated[int, Field(ge=1, le=1000)] = 5
    find: Annotated[float, Field(ge=0, le=1)] = 0.5


class Forecast(Strict):
    """How the forecast is made and on which weeks it is judged.

    `refits` is how often the history is drawn again and the model refitted on it, to see how far
    flags follow chance; without refits, checks of exposure have stretches of weeks to go by.
    `model` is the look-alike of CAS, our own `blend`, or a baseline; see docs/models.md.
    `period_weeks` is how long a period is that one map is made for.
    `sensitivity` tries other grids, windows, shares and places of incidents; see docs/models.md.
    `stability` fits again with another seed and with one period more, and keeps what each history
    drawn again left of the map.
    `rerun` makes the forecast again in a new process and compares the bytes; without it the model
    is fitted a second time in the same one.
    `choice` flags other cells than the plain top, so that groups are flagged more evenly.
    `necessity` fits without each family of features and each source, and on coarser data.
    `loop` deploys the model for a simulated year, beside the same model never deployed.
    `scheduler` is the address of a Dask scheduler, or a variable of the environment that holds it;
    without it, threads of this machine do the work.
    With `table` nothing is fitted: the forecasts come from the source of that name. Nor is it with
    a model of someone else.
    """

    model: Model | Elsewhere = "cas_ensemble"
    period_weeks: Literal[1, 2] = 1
    flagged_share: Share = 0.03
    train_weeks: Annotated[int, Field(ge=4)] = 52
    test_weeks: Annotated[int, Field(ge=4)] = 52
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    refits: Annotated[int, Field(ge=0, le=1000)] = 20
    sensitivity: bool = False
    stability: bool = False
    rerun: bool = False
    choice: Choice | None = None
    necessity: bool = False
    loop: Loop | None = None
    scheduler: Annotated[str, Field(pattern=SCHEDULER)] | None = None

    @field_validator("scheduler")
    @classmethod
    def _without_secret(cls, value: str | None) -> str | None:
        return _refuse_secret(value)

    @model_validator(mode="after")
    def _ours_to_choose(self) -> "Forecast":
        if self.choice and (self.model == "table" or isinstance(self.model, Elsewhere)):
            message = "choice is for a model that is fitted here; these flags are set elsewhere"
            raise ValueError(message)
        return self


class Group(Strict):
    """A group of residents and who it is compared with (`others`: everyone else).

    As `fifths`, residents of the fifth of the areas with the largest share of the group are
    compared with those of the fifth with the smallest (`lowest`), or with everyone else.
    """

    name: str
    reference: str = "others"
    as_: Annotated[Literal["residents", "fifths"], Field(alias="as")] = "residents"

    @model_validator(mode="after")
    def _has_a_reference(self) -> "Group":
        if self.as_ == "fifths" and self.reference not in {"lowest", "others"}:
            message = "a group as fifths has the reference lowest or others"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> list[str]:
        """The groups of the contract that it is made of."""
        if self.as_ == "fifths" or self.reference == "others":
            return [self.name]
        return [self.name, self.reference]


class Publication(Strict):
    """What may be shown of a place.

    Nothing is published about a place where fewer people live: there a flag would point at a
    household, and with what the neighbours know at a person. One household is at most about five.
    """

    smallest_population: Annotated[int, Field(ge=SMALLEST_COUNT)] = 10


class Evidence(Strict):
    """Where MLflow keeps the evidence; without a URI a sqlite store beside the audit folder."""

    tracking_uri: str | None = None
    experiment: str = "cas-audit"
    log_dossier: bool = False

    @field_validator("tracking_uri")
    @classmethod
    def _without_secret(cls, value: str | None) -> str | None:
        return _refuse_secret(value)


class Config(Strict):
    """One audit of one version of one system.

    `decided` are the choices that were made, `law` is the last time that the law was gone through.
    `advisories` is a file of security advisories (OSV), against which packages are held.
    `comparison` says, under Wpg 8, what records older than a year are compared with. Without
    `groups` nobody learns who is affected, and checks that compare groups are unavailable.
    """

    name: Name
    version: Name
    title: Text
    reference_date: date
    regime: Literal["wpg_8", "wpg_9", "wpg_13", "avg", "open_data"]
    retention_years: Annotated[int, Field(ge=1, le=30)] = 5
    comparison: Text | None = None
    purpose: Purpose
    decided: list[Decided] = []
    law: Law | None = None
    area: Area = Area()
    sources: Sources
    themes: Annotated[list[str], Field(min_length=1)]
    channels: list[Literal["brought", "found", "unknown"]] = []
    max_refused_share: Annotated[float, Field(ge=0, lt=1)] = 0.01
    forecast: Forecast = Forecast()
    publication: Publication = Publication()
    groups: list[Group] = []
    checks: dict[str, dict[str, float]] = {}
    framework: str = "rekenkamer-2.0"
    statements: str | None = None
    policy: str | None = None
    advisories: str | None = None
    evidence: Evidence = Evidence()

    @field_validator("themes")
    @classmethod
    def _are_file_names(cls, value: list[str]) -> list[str]:
        """A model is kept in a file that is called like its theme."""
        if any(not name.strip(". ") or set(name) & set("/\\\0") for name in value):
            message = "holds a name that cannot be that of a file"
            raise ValueError(message)
        return value

    @field_validator("themes", "channels")
    @classmethod
    def _no_repeats(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            message = "holds the same name twice"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _has_what_it_is_made_of(self) -> "Config":
        given = self.forecast.model == "table"
        if given != bool(self.sources.forecasts):
            message = "expected sources.forecasts with forecast.model table, and only then"
            raise ValueError(message)
        if not given and not self.sources.incidents:
            message = "expected sources.incidents, from which a forecast is made"
            raise ValueError(message)
        if bool(self.sources.incidents) != bool(self.channels):
            message = "expected channels with sources.incidents, and only then"
            raise ValueError(message)
        return self


def load_config(path: Path) -> Config:
    """Read a configuration; relative paths in it are made absolute, beside the file.

    Raises:
        ConfigError: the file does not fit the schema, or names a variable that is not set.
    """
    config = read_record(Config, path, ConfigError)
    return config.model_copy(update=_absolute(config, path))


def _absolute(config: Config, path: Path) -> dict[str, Any]:
    given: dict[str, Source | None] = {
        name: getattr(config.sources, name) for name in Sources.model_fields
    }
    sources = {
        name: source and source.model_copy(update=_located(source, path))
        for name, source in given.items()
    }
    beside = {name: getattr(config, name) for name in ("statements", "policy", "advisories")}
    named = {name: value and resolve(value, path) for name, value in beside.items()}
    changed = config.sources.model_copy(update=sources)
    forecast = config.forecast.model_copy(update=_placed(config.forecast, path))
    return {"sources": changed, "forecast": forecast, **named}


def _placed(forecast: Forecast, path: Path) -> dict[str, Any]:
    """Locate the file of a model of someone else, and fill in where the scheduler is."""
    scheduler = {"scheduler": fill_in(forecast.scheduler, path)} if forecast.scheduler else {}
    chosen = forecast.model
    if isinstance(chosen, str) or not chosen.skops:
        return {**scheduler}
    return {**scheduler, "model": chosen.model_copy(update={"skops": resolve(chosen.skops, path)})}


def _located(source: Source, path: Path) -> dict[str, str | None]:
    """A contract is a name of the programme, or a file beside the configuration."""
    is_file = source.contract.endswith(".yaml")
    contract = resolve(source.contract, path) if is_file else source.contract
    place = {"path": resolve(source.path, path)} if source.path else {}
    url = {"database": fill_in(source.database, path)} if source.database else {}
    return {"contract": contract, **place, **url}


def resolve(text: str, beside: Path) -> str:
    """Fill in `${VARIABLE}` and make a path absolute, relative to the file that names it.

    Raises:
        ConfigError: the variable is not set.
    """
    return str((beside.absolute().parent / fill_in(text, beside)).resolve())


def fill_in(text: str, beside: Path) -> str:
    """Fill in `${VARIABLE}`.

    Raises:
        ConfigError: the variable is not set.
    """
    for name in VARIABLE.findall(text):
        if name not in os.environ:
            message = f"{beside} names ${{{name}}}, which is not set in the environment."
            raise ConfigError(message)
    return VARIABLE.sub(lambda match: os.environ[match.group(1)], text)


def read_record(model: type[Record], path: Path, wrong: type[CasAuditError]) -> Record:
    """Read a JSON or YAML file as a record.

    Raises:
        InputError: the file is absent or cannot be parsed.
        wrong: the content does not fit the record; names file and place, never a value.
    """
    raw = read_json(path) if path.suffix == ".json" else read_yaml(path)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise wrong(explain(str(path), error)) from None


def explain(file: str, error: ValidationError) -> str:
    """Say in one sentence what the first fault in a file is, without the value found."""
    first = first_fault(error)
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    if first["type"] == "extra_forbidden":
        return f"{file}: unknown key {where}; expected only the keys of its published schema."
    return f"{file}: {where}: {first['msg'][0].lower()}{first['msg'][1:]}."


def first_fault(error: ValidationError) -> Any:  # noqa: ANN401 - a dict of pydantic's own
    """Return the fault to speak of: a mistyped key, rather than the key that it left missing."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
