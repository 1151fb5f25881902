# Minxin: `make run` opens the house, `make test` tests it. Needs Python 3.11 or newer and a package index.

SHELL := /bin/sh
VENV := .venv
LOCKED := pyproject.toml uv.lock
WORKERS ?= 2
ARGS ?=

.PHONY: help run test check bench demo clean
.DEFAULT_GOAL := help

help:
	@echo 'make run     start everything, Ctrl-C stops it   (PORT=8000 DEMO=0 MINXIN_DATABASE_URL=… MINXIN_SURFACES=…)'
	@echo 'make test    run every test                      (ARGS="minxin/kernel", WORKERS=2, MINXIN_NO_BROWSER=1)'
	@echo 'make check   format, lint, types, contracts, templates, migrations, deployment'
	@echo 'make bench   print the tables of speed'
	@echo 'make demo    load the demo'
	@echo 'make clean   remove what was installed and built; data under var/ stays'

# A stamp each, so that a second start installs nothing. Running needs less than testing.
$(VENV)/.run: $(LOCKED) scripts/environment.sh
	@sh scripts/environment.sh run
	@touch $@

$(VENV)/.test: $(LOCKED) scripts/environment.sh
	@sh scripts/environment.sh test
	@touch $@ $(VENV)/.run

run: $(VENV)/.run
	@$(VENV)/bin/minxin up

demo: $(VENV)/.run
	@$(VENV)/bin/minxin demo $(ARGS)

bench: $(VENV)/.test
	@$(VENV)/bin/minxin bench $(ARGS)

test: $(VENV)/.test
	@sh scripts/browser.sh
	@$(VENV)/bin/pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: $(VENV)/.test
	@sh scripts/check.sh

clean:
	rm -rf $(VENV) .uv var/test var/check var/chromium var/browser .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
