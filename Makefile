# Two commands for a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# Nothing but what a lock names, with its hash.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
export DAGSTER_DISABLE_TELEMETRY := yes
# Names of files are UTF-8, whatever the locale says.
export PYTHONUTF8 := 1

.PHONY: demo test test-unit test-long test-spark test-browser test-services test-pythons image spark lint ui bench simulate misprints lock clean docs site picture

demo: .venv/.installed
	@$(BIN)/frs run
	@echo "  frs is $(BIN)/frs; '. $(BIN)/activate' lets you say frs alone."

test: .venv/.installed
	@$(BIN)/python -m pytest -n 2 --dist worksteal

# What needs no run of the pipeline: while you work.
test-unit: .venv/.installed
	@$(BIN)/python -m pytest -n 2 --dist worksteal tests/unit

# What takes minutes: the shipped delivery made again, all its tables released, forms erased, runs killed, the pages done.
test-long: .venv/.installed
	@$(BIN)/python -m pytest -m minutes -n 2 --dist worksteal

# Counting by Apache Spark with worker processes, in Debian's Java 17; JAVA_HOME names another Java.
test-spark: .venv/.spark
	@home=$${JAVA_HOME:-/usr/lib/jvm/java-17-openjdk-$$(dpkg --print-architecture)}; \
		test -x $$home/bin/java || \
		(apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless) >/dev/null || \
		{ echo "make test-spark needs Java 17: install it, or say JAVA_HOME=/path/to/it" >&2; exit 1; }; \
		JAVA_HOME=$$home JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" $(BIN)/python -m pytest tests/spark -n 2 --dist loadgroup

# The report in Debian's Chromium; FRS_CHROMIUM names another one.
CHROMIUM := $(or $(FRS_CHROMIUM),/usr/bin/chromium)
test-browser: .venv/.installed
	@test -x $(CHROMIUM) || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium) >/dev/null || \
		{ echo "make test-browser needs Chromium: install it, or say FRS_CHROMIUM=/path/to/it" >&2; exit 1; }
	@$(BIN)/python -m pytest tests/browser -n 2 --dist worksteal

# What speaks to services: PostgreSQL, which tests start by themselves, systemd's own check, a container's root. MINUTES=yes takes
# along a kill of all processes, with PostgreSQL.
SERVICES := postgresql openssh-client age systemd mmdebstrap
test-services: .venv/.postgres
	@dpkg-query -W $(SERVICES) >/dev/null 2>&1 || (apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SERVICES)) >/dev/null || \
		{ echo "make test-services needs $(SERVICES): install them" >&2; exit 1; }
	@$(BIN)/python -m pytest tests/services $(if $(MINUTES),-m "minutes or not minutes") -n 2 --dist loadgroup

# The image of an installation, on a bare Debian made here; make image BASE=… takes another base, IMAGE=… another name.
IMAGE := localhost/frs_pipeline
image:
	@deploy/image '$(IMAGE)' '$(BASE)'

# Unit tests and a refresh by the lock on each Python that is there; the roots have to be one.
PYTHONS := python3.11 python3.12 python3.13
test-pythons:
	@roots=$$(mktemp); trap 'rm -f '$$roots EXIT; for python in $(PYTHONS); do \
		found=$$($$python -c 'import sys; print(sys.executable)' 2>/dev/null) || { echo "$$python: skipped, it isn't on this machine"; continue; }; \
		place=build/$$python; rm -rf $$place; $$found -m venv $$place && \
		$$place/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock && \
		$$place/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
		$$place/bin/python -m pytest -n 2 --dist worksteal tests/unit && \
		mkdir -p $$place/data/raw && cp -r data/raw/2020-11-30 $$place/data/raw/ && \
		FRS_DATA_DIR=$$place/data $$place/bin/frs run >/dev/null && grep '"root"' $$place/data/curated/2020-11-30/manifest.json >> $$roots && \
		echo "$$python: $$(tail -n 1 $$roots)" || exit 1; \
	done; test $$(sort -u $$roots | wc -l) = 1 || { echo "the roots differ" >&2; exit 1; }

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m frs_pipeline.handbook --check
	$(BIN)/dagster definitions validate -w workspace.yaml
	DAGSTER_HOME=$(CURDIR)/.dagster_home $(BIN)/dg check defs
	$(BIN)/zensical build --clean --strict

# What is made from code and data and kept in the repository.
docs: .venv/.installed
	$(BIN)/python -m frs_pipeline.handbook

# docs/ as a site, which opens from a disk; a link that leads nowhere fails.
site: .venv/.installed
	@$(BIN)/zensical build --clean --strict
	@echo "build/site/index.html"

# What README.md shows of the report; after `make demo`, where the report looks different now.
picture: .venv/.installed
	@cd tests && ../$(BIN)/python -m support.picture ../data

# Webserver and daemon on this machine only; history in .dagster_home. make ui PORT=3001 takes another port.
PORT := 3000
ui: .venv/.installed
	@exec $(BIN)/python -m frs_pipeline.operations.serving '$(PORT)'

# Measures, and makes benchmarks/RESULTS.md anew, on a quiet machine; what else lies in benchmarks/ is run by itself.
bench: .venv/.bench
	$(BIN)/python benchmarks/results.py

# Holds intervals and tests against data of which the truth is known, and makes benchmarks/SIMULATION.md anew: some minutes.
simulate: .venv/.installed
	@$(BIN)/python benchmarks/simulate.py

# Plants misprints in printed tables that are consistent, holds the audit against them, and makes benchmarks/MISPRINTS.md anew.
misprints: .venv/.installed
	@$(BIN)/python benchmarks/misprints.py

# Needs uv; exact versions with hashes, and no address of an index.
LOCK := uv pip compile --generate-hashes --no-emit-index-url --no-strip-extras --no-header --python-version 3.11
OF_EXTRA = @$(PYTHON) -c 'import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
		print(*extras["$(1)"],
lock:
	$(LOCK) pyproject.toml --extra dev -o requirements.lock
	$(call OF_EXTRA,spark) "setuptools", sep="\n")' | $(LOCK) - -o requirements-spark.lock
	$(call OF_EXTRA,bench) sep="\n")' | $(LOCK) - -o requirements-bench.lock
	$(call OF_EXTRA,postgres) sep="\n")' | $(LOCK) - -c requirements.lock -o requirements-postgres.lock
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --extra postgres -c requirements.lock -c requirements-postgres.lock --no-annotate -o requirements-serve.lock

# Journals stay, and which deliveries are counted as one: they can't be made again.
clean:
	rm -rf data/curated/2* data/restricted/2*
	find data/curated -mindepth 2 -maxdepth 2 -not -name together.yaml -exec rm -rf {} +

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "frs_pipeline needs Python 3.11 or newer; say make PYTHON=python3.11")'
	@echo "Setting up .venv (a minute or two) …"
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.bench: requirements-bench.lock .venv/.installed
	@$(INSTALL) -r requirements-bench.lock
	@touch $@

.venv/.postgres: requirements-postgres.lock .venv/.installed
	@$(INSTALL) -r requirements-postgres.lock
	@touch $@

.venv/.spark: requirements-spark.lock .venv/.installed
	@echo "Setting up Spark (half a minute) …"
	@sed -n '/^setuptools==/,$$p' requirements-spark.lock | $(INSTALL) -r /dev/stdin
	@$(INSTALL) --no-build-isolation -r requirements-spark.lock
	@touch $@
