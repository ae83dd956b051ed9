# `make demo` and `make test` are the two to know. Everything is installed and cached inside the checkout: .venv and .cache.
PYTHON ?= python3
CACHE  := $(CURDIR)/.cache
NODE_PACKAGES := aws-cdk@2.1148.0 asl-validator@3.16.0

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/lambda
export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(CACHE)/npm
export npm_config_prefix := $(CURDIR)/.venv
export npm_config_update_notifier := false
export XDG_CACHE_HOME := $(CACHE)/xdg
export CDK_HOME := $(CACHE)/cdk
export CDK_DISABLE_CLI_TELEMETRY := true
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CACHE)/jsii

.PHONY: actions install demo test bench check cdk kinds kind clean

install: .venv/installed

# Once, and again when a requirement changes; the bundle's packages too, so that nothing after this needs the network.
.venv/installed: requirements.txt requirements-dev.txt lambda/requirements.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	python -m pip install --quiet -r requirements-dev.txt
	npm install --silent --no-audit --no-fund --global $(NODE_PACKAGES)
	python -m venv .venv/aws-cli  # apart, for it pins a botocore of its own
	.venv/aws-cli/bin/python -m pip install --quiet awscli==1.45.64
	ln -sf ../aws-cli/bin/aws .venv/bin/aws
	python -c 'from infra.bundling import packages; packages()'
	@touch $@

# MANIFEST=path takes your own manifest; KEEP=1 leaves it all up until Ctrl-C.
demo: install
	@python -m local.demo $(if $(MANIFEST),--manifest '$(MANIFEST)') $(if $(KEEP),--keep)

test: check
	python -m pytest -n 2 --dist loadgroup

# Tables here, and with plots in docs/bench and the README; under ten minutes. PART="polling fleet" prints only those.
bench: install
	@python -m tests.bench $(PART)

check: install
	ruff check
	ruff format --check
	mypy

# make cdk ARGS="deploy -c email=you@example.com": the CDK as it is installed here, for an account of yours.
cdk: install
	cdk $(ARGS)

# The resources that each describe call can be limited to, anew from AWS's list; after changes of the catalogue.
actions: install
	python -m infra.actions

# The counts of the catalogue, its share of botocore's describe operations, and docs/kinds.md anew.
kinds: install
	@python -m infra.coverage

# make kind SERVICE=glue OPERATION=GetJobRun: a table for a new kind, proposed from botocore's model.
kind: install
	@python -m infra.propose '$(SERVICE)' '$(OPERATION)'

clean:
	rm -rf .venv .cache cdk.out
