# Decent Cloud: `make run` to look at it, `make test` to trust it. Everything lives in this folder (.venv, .local).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test soak check bench fmt lock system-for-tests

PY := .venv/bin/python
export PYTHON PORT DECENTCLOUD_HOME

# Stamps: a lock file that has not changed is not installed again.
RUNTIME := .venv/.installed-runtime
WORK := .venv/.installed-work
# An environment of its own for what only reads code: nobody's database, nobody's .env.
PRODUCTION = env DECENTCLOUD_HOME=/nonexistent DEBUG=off SECRET_KEY=only-for-checks-only-for-checks-only-for-checks-0123456789 \
	DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing SITE_URL=https://market.example ALLOWED_HOSTS=market.example \
	EMAIL_URL=smtp+tls://user:password@mail.example:587 SANDBOX_ENABLED=off $(SELLER)
SELLER := INVOICE_SELLER_NAME='Decent Cloud Market GmbH' INVOICE_SELLER_STREET='Am Markt 1' INVOICE_SELLER_POSTCODE=20457 \
	INVOICE_SELLER_CITY=Hamburg INVOICE_SELLER_COUNTRY=DE INVOICE_SELLER_VAT_ID=DE136695976 INVOICE_SELLER_EMAIL=invoices@market.test \
	INVOICE_SELLER_IBAN='DE89 3704 0044 0532 0130 00' INVOICE_SELLER_OSS=on

help: ## these lines
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: $(RUNTIME) ## the market on http://127.0.0.1:8000 (PORT=, DECENTCLOUD_HOME=); Ctrl-C stops it
	@# Without Pango the market runs, and documents wait for their files: the line that helps is printed.
	@scripts/system pango || true
	@exec $(PY) -m scripts.run

test: $(WORK) system-for-tests ## all tests but the long ones, in parallel
	$(PY) -m pytest -n auto --dist worksteal -m "not soak" $(ARGS)

soak: $(WORK) system-for-tests ## long random walks, a thousand kills, mutation testing; by hand, for an hour or more
	$(PY) -m pytest -n auto --dist worksteal -m soak $(ARGS)
	@rm -rf mutants
	DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing $(PY) -m mutmut run
	@$(PY) -m scripts.mutants

check: $(WORK) ## style, types, floors, migrations, production settings
	@scripts/system pango
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PRODUCTION) $(PY) -m mypy
	.venv/bin/lint-imports
	$(PRODUCTION) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) -m pytest -q -n0 tests/test_house.py

bench: $(WORK) ## speed and size, beside bare Django and PostgreSQL (SIZE=1m for the long one)
	$(PY) -m bench $(if $(SIZE),--size $(SIZE))

fmt: $(WORK) ## format and mend what can be mended
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

lock: $(WORK) ## write the lock files from requirements*.in
	$(PY) -m uv pip compile $(LOCK) --upgrade --output-file requirements.txt requirements.in
	$(PY) -m uv pip compile $(LOCK) --upgrade --constraints requirements.txt --output-file requirements-dev.txt requirements-dev.in

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

system-for-tests:
	@scripts/system chromium pango fonts

$(RUNTIME): requirements.txt
	@scripts/python $<
	@touch $@

# The tools of work stand on the same versions, so this installs both.
$(WORK): requirements.txt requirements-dev.txt
	@scripts/python requirements-dev.txt
	@touch $@ $(RUNTIME)
