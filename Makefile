.DEFAULT_GOAL := help
PYTHON ?= python3.11
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SAM := SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam

.PHONY: help setup run test fuzz faults bench backtest screenshots realism catalog lint format pr deploy-check deploy lock licenses clean
STAGE ?= dev
METERS ?= 10000

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready .venv-sam/.ready .venv-cloud/.ready .venv-checkov/.ready  ## make .venv with the `electrocloud` command, and the tools beside it

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.ready: locks/dev.txt pyproject.toml | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r locks/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv-%/.ready: | $(UV)
	$(UV) venv --quiet --clear --python $(PYTHON) .venv-$*
	$(UV) pip install --quiet --python .venv-$*/bin/python --require-hashes -r locks/$*.txt
	@touch $@

.venv-sam/.ready: locks/sam.txt
.venv-cloud/.ready: locks/cloud.txt
.venv-checkov/.ready: locks/checkov.txt

run: setup  ## start all of it on this laptop; Ctrl-C stops it (RUN="--meters 200 --speed 10")
	$(BIN)/electrocloud up $(RUN)

test: setup  ## run every test
	$(BIN)/python -m pytest tests/unit tests/integration tests/faults tests/browser tests/deploy $(PYTEST)

fuzz: setup  ## throw many more bad calls and records at it than `make test` does (FUZZ_CASES=1000)
	FUZZ_CASES=$${FUZZ_CASES:-1000} $(BIN)/python -m pytest --timeout 7200 tests/integration/test_openapi_fuzz.py tests/integration/test_decode_fuzz.py

catalog: setup  ## generate the Glue tables of sql/views and of the registry
	$(BIN)/python -m tools.glue_catalog

lint: setup  ## check form, types, layers and the template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml
	.venv-checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download
	AWS_DEFAULT_REGION=eu-central-1 $(SAM) validate --lint

faults: setup  ## live many months with all that can go wrong, and show what was lost (a few minutes)
	$(BIN)/python -m tests.faults

bench: setup  ## time metering, tables, the whole path, Parquet and rating; tables, and build/benchmarks.json
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.rating

backtest: setup  ## forecast days that have been, and measure the error
	$(BIN)/python -m benchmarks.backtest

screenshots: setup  ## take the README's pictures of the dashboard; it must be running
	$(BIN)/python -m tools.screenshots

realism: setup  ## hold the simulated fleet against measured load: a table, and build/realism.png
	mkdir -p build
	$(BIN)/python -m benchmarks.realism build/realism.png

format: setup  ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pr: lint test  ## all that CI runs

deploy-check: setup  ## say what `make deploy` would change and what METERS would cost a month, and create nothing (STAGE=dev or prod)
	$(BIN)/python -m tools.deploy_check --stage $(STAGE) --meters $(METERS)

deploy: setup  ## build and deploy to your AWS account (STAGE=dev or prod)
	$(SAM) build
	$(SAM) deploy --config-env $(STAGE)

lock: | $(UV)  ## pin every dependency anew, with hashes
	$(UV) pip compile --quiet --upgrade layer/requirements.in -o layer/requirements.txt --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-package botocore --no-emit-package urllib3
	$(UV) pip compile --quiet --upgrade forecasting/requirements.in -o forecasting/requirements.txt --python-version 3.12 --generate-hashes --no-annotate --no-header --no-emit-package botocore --no-emit-package urllib3
	for name in dev sam cloud checkov; do $(UV) pip compile --quiet --upgrade locks/$$name.in -o locks/$$name.txt --python-version 3.11 --generate-hashes --no-annotate --no-header || exit 1; done

licenses: setup  ## list the license of every package that is pinned
	$(BIN)/python -m tools.licenses

clean:  ## remove what was built, and the environments
	rm -rf .venv .venv-sam .venv-cloud .venv-checkov .aws-sam .electrocloud build
