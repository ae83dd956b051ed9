# Everything is installed and cached inside the checkout: .venv and .cache. `make demo` and `make test` are the two to know.
CACHE  := $(CURDIR)/.cache
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/lambda
export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(CACHE)/npm
export npm_config_update_notifier := false
export XDG_CACHE_HOME := $(CACHE)/xdg
export CDK_HOME := $(CACHE)/cdk
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CACHE)/jsii
export CDK_DISABLE_CLI_TELEMETRY := true

.PHONY: install demo test check clean
