.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# The Python that the environments were made with, or else the first that there is. Another one makes them again.
PYTHONS := 3.11 3.12 3.13
PYTHON ?= $(firstword $(shell cat $(VENV)/.python 2>/dev/null; for v in $(PYTHONS); do command -v python$$v; done) python3)
VERSION = import sys; print("%d.%d" % sys.version_info[:2])
WANTED := $(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null)
HAVE := $(shell $(BIN)/python -c '$(VERSION)' 2>/dev/null)
UV := $(BIN)/uv
SAM := SAM_CLI_TELEMETRY=0 PYTHON=$(abspath $(BIN)/python) .venv-sam/bin/sam

ifdef AWS_REGION # which the AWS CLI reads; boto3 and SAM read the other
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

.PHONY: help setup run test slow conformance fuzz faults bench soak audit backtest screenshots realism catalog lint format pr deploy-check deploy deploy-dashboard scale lock licenses tariff-fields commands read-api clean
STAGE ?= dev
METERS ?= 10000

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready $(VENV)/wheels/.ready .venv-sam/.ready .venv-cloud/.ready .venv-checkov/.ready  ## create .venv with the `electrocloud` command, and the environments of its tools

$(VENV)/.python: $(if $(filter $(HAVE),$(WANTED)),,FORCE)
	@test -n "$(filter $(PYTHONS),$(WANTED))" || { echo "$(PYTHON) is $(if $(WANTED),Python $(WANTED),not there): install one of Python $(PYTHONS), and run \`make setup PYTHON=python3.12\` with its name" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(PYTHON) -c 'import sys; print(sys._base_executable)' > $@

FORCE:

$(VENV)/.ready: locks/dev.txt pyproject.toml $(VENV)/.python
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r locks/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

# The layers' packages for this Python, so that `make run` needs no network.
$(VENV)/wheels/.ready: layer/requirements.txt presentation/requirements.txt $(VENV)/.ready
	rm -rf $(@D)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
	    --requirement layer/requirements.txt --requirement presentation/requirements.txt --dest $(@D)
	@touch $@

.venv-%/.ready: $(VENV)/.python
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-$*
	$(UV) pip install --quiet --python .venv-$*/bin/python --require-hashes -r locks/$*.txt
	@touch $@

.venv-sam/.ready: locks/sam.txt
.venv-cloud/.ready: locks/cloud.txt
.venv-checkov/.ready: locks/checkov.txt
.venv-benchmarks/.ready: locks/benchmarks.txt

run: setup  ## start everything on this laptop; Ctrl-C stops it (RUN="--meters 200 --speed 10")
	$(BIN)/electrocloud up $(RUN)

test: setup  ## run the tests
	$(BIN)/python -m pytest -n 2 tests/unit tests/integration tests/faults $(PYTEST)
	$(BIN)/python -m pytest -m "not slow" tests/browser tests/deploy tests/laptop $(PYTEST)

slow: setup  ## run the tests that take minutes each, such as a fleet with 13 months of history
	$(BIN)/python -m pytest -m slow tests/laptop $(PYTEST)

conformance: setup  ## test against the engines behind the AWS services: Trino, Velocity, the KPL, DynamoDB's interface (needs Java 17, Maven, Node)
	$(BIN)/python -m tests.conformance.engines
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/conformance $(PYTEST)

fuzz: setup  ## send many more invalid calls and records than `make test` does (FUZZ_CASES=1000)
	FUZZ_CASES=$${FUZZ_CASES:-1000} $(BIN)/python -m pytest --timeout 7200 tests/integration/test_openapi_fuzz.py tests/integration/test_read_api_fuzz.py tests/integration/test_decode_fuzz.py tests/integration/test_meter_file_fuzz.py

catalog: setup  ## generate the Glue tables of sql/views and of the registry
	$(BIN)/python -m tools.glue_catalog

lint: setup  ## check format, types, import contracts and the template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml hosting/template.yaml examples/webhook/template.yaml
	.venv-checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download
	.venv-checkov/bin/checkov --file hosting/template.yaml --file hosting/Dockerfile --framework cloudformation dockerfile --compact --quiet --skip-download
	AWS_DEFAULT_REGION=eu-central-1 $(SAM) validate --lint

faults: setup  ## simulate a hundred months with injected faults and report any loss (10 minutes on two free cores)
	$(BIN)/python -m tests.faults

bench: setup .venv-benchmarks/.ready  ## benchmark metering, tables, the whole path, Parquet and rating; writes build/benchmarks.json
	$(UV) pip install --quiet --python .venv-benchmarks/bin/python --no-deps --editable .
	.venv-benchmarks/bin/python -m benchmarks
	$(BIN)/python -m benchmarks.rating

soak: setup  ## run everything for half an hour and report the memory of each process
	$(BIN)/python -m benchmarks.soak $(SOAK)

audit: setup  ## send 500,000 readings over both channels while workers are killed, audit them, and time the audit of 10,000 meters
	AUDIT_METERS=180 AUDIT_DAYS=30 $(BIN)/python -m pytest tests/laptop/test_audit.py $(PYTEST)
	$(BIN)/python -m benchmarks.audit $(AUDIT)

backtest: setup  ## backtest the forecasts and report their errors
	$(BIN)/python -m benchmarks.backtest

screenshots: setup  ## take the README's and other screenshots of the running dashboard
	$(BIN)/python -m tools.screenshots

realism: setup  ## compare the simulated fleet with measured load; writes build/realism.png
	mkdir -p build
	$(BIN)/python -m benchmarks.realism build/realism.png

format: setup  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pr: lint test slow conformance  ## run everything that CI runs

deploy-check: setup  ## show what `make deploy` would change and the monthly cost for METERS; creates nothing (STAGE=dev or prod)
	$(BIN)/python -m tools.deploy_check --stage $(STAGE) --meters $(METERS)

deploy: setup  ## build and deploy to your AWS account (STAGE=dev or prod)
	architecture=$$($(BIN)/python -m tools.stage $(STAGE) Architecture) && \
	    ARCHITECTURE=$$architecture $(SAM) build --cache-dir .aws-sam/cache-$$architecture
	$(SAM) deploy --config-env $(STAGE)

deploy-dashboard: setup  ## build and deploy the dashboard for a team (STAGE=dev SET="DomainName=..." the first time)
	$(BIN)/python -m tools.deploy_dashboard --stage $(STAGE) $(SET)

scale: setup  ## change parameters of the deployed stack, and nothing else (STAGE=prod SET="ShardCount=20")
	$(BIN)/python -m tools.scale --stage $(STAGE) $(SET)

lock: $(VENV)/.python  ## update the pins of all dependencies, with hashes
	$(UV) pip compile --quiet --upgrade layer/requirements.in -o layer/requirements.txt --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-package botocore --no-emit-package urllib3
	$(UV) pip compile --quiet --upgrade forecasting/requirements.in -o forecasting/requirements.txt --python-version 3.14 --generate-hashes --no-annotate --no-header --no-emit-package botocore --no-emit-package urllib3
	$(UV) pip compile --quiet --upgrade lake/requirements.in -o lake/requirements.txt --python-version 3.14 --generate-hashes --no-annotate --no-header
	for name in dev benchmarks sam cloud checkov; do $(UV) pip compile --quiet --upgrade locks/$$name.in -o locks/$$name.txt --python-version 3.11 --generate-hashes --no-annotate --no-header || exit 1; done
	$(UV) pip compile --quiet --upgrade presentation/requirements.in -o presentation/requirements.txt --python-version 3.11 --generate-hashes --no-annotate --no-header
	$(UV) pip compile --quiet --upgrade dashboard/requirements.in -o dashboard/requirements.txt --python-version 3.11 --generate-hashes --no-annotate --no-header

commands: setup  ## write docs/commands.md from the help of the command
	$(BIN)/python -m tools.command_reference

read-api: setup  ## write docs/read-api.json from the read API's routes
	$(BIN)/python -m tools.read_api_document

tariff-fields: setup  ## write the tables of docs/tariffs.md
	$(BIN)/python -m tools.tariff_fields

licenses: setup .venv-benchmarks/.ready  ## list the license of every pinned package
	$(UV) pip install --quiet --target build/licenses --no-deps --only-binary :all: --python-version 3.14 --require-hashes -r forecasting/requirements.txt
	$(BIN)/python -m tools.licenses

clean:  ## remove build output and the environments
	rm -rf .venv .venv-sam .venv-cloud .venv-checkov .venv-benchmarks .aws-sam .electrocloud build
