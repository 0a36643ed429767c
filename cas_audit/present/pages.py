"""The templates of the pages; what is missing in one is an error, and text is escaped."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from cas_audit.rooms import room

__all__ = ["load_template"]


def load_template(name: str) -> Template:
    """Return a template of the reports room."""
    environment = Environment(
        loader=FileSystemLoader(room("reports", "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
