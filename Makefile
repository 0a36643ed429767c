.DEFAULT_GOAL := help
.PHONY: help demo test check schemas pictures clean
PYTHON ?= python3
BIN := .venv/bin

help:  ## say what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ .venv/runtime

.venv/runtime: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

demo: .venv/runtime  ## set up, and audit two versions of a trial city into demo/
	$(BIN)/cas-audit demo --out demo

test: .venv/installed  ## set up, and run the tests and doctests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

check: .venv/installed  ## format, lint, types and import direction, as CI does
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

schemas: .venv/installed  ## write the published JSON Schemas from the models
	$(BIN)/python -c "from pathlib import Path; from cas_audit import schemas; schemas.write_schemas(Path('cas_audit/schemas'))"

pictures: demo  ## draw the pictures of the README again; needs chromium
	chromium --headless --no-sandbox --disable-gpu --user-data-dir=$$(mktemp -d) --window-size=1100,1000 \
	  --screenshot=docs/pictures/report.png file://$(CURDIR)/demo/v1/report.en.html

clean:  ## remove the environment
	rm -rf .venv
