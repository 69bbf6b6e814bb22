# The two commands a newcomer needs are `make demo` and `make test`; both install first, from requirements.lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
MESH   := .venv-mesh
UV     := uv==0.13.9
# uv does not read pip's configuration: hand a configured index on, where there is one.
INDEX   = $(or $(UV_DEFAULT_INDEX),$(PIP_INDEX_URL),$(shell $(PYTHON) -m pip config get global.index-url 2>/dev/null))
UVENV   = $(if $(strip $(INDEX)),UV_DEFAULT_INDEX="$(strip $(INDEX))")

.PHONY: setup demo airflow test test-e2e test-browser test-region test-acceptance test-mesh test-scale test-image check docs lock

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@echo "[setup] making $(VENV) and installing the locked packages (one to three minutes the first time)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(UVENV) $(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	$(UVENV) $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

demo: $(STAMP)
	$(BIN)/riskstrat demo

# A real Airflow on this machine over an invented region, until Ctrl-C. ARGUMENTS="--port 8081", "--home FOLDER", ….
airflow: $(STAMP)
	@$(BIN)/python deploy/airflow_here.py $(ARGUMENTS)

# Two to four processes, each taking whole modules; `.venv/bin/pytest <path>` runs in one, and is the way to debug.
test: $(STAMP)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope

test-browser: $(STAMP)
	$(BIN)/python -m pytest -m browser

# The invented region against the facts, at 200,000 people: some minutes.
test-region: $(STAMP)
	$(BIN)/python -m pytest -m region

# Every kind of fault planted at least 20 times, and 300 clean deliveries: some minutes.
test-acceptance: $(STAMP)
	$(BIN)/python -m pytest -m acceptance -n auto --maxprocesses 4 --dist loadscope

# The components of compose.yaml as processes, on PostgreSQL, and nights run by them: six to ten minutes.
test-e2e: $(STAMP)
	$(BIN)/python -m pytest -m e2e tests/e2e

# Against the MESH sandbox, which pins libraries that ours cannot have: an environment of its own. Some minutes.
test-mesh: $(STAMP) $(MESH)/.installed
	$(BIN)/python -m pytest -m mesh tests/mesh

$(MESH)/.installed: requirements-mesh-sandbox.lock $(STAMP)
	$(PYTHON) -m venv $(MESH)
	$(UVENV) $(BIN)/uv pip install --quiet --python $(MESH)/bin/python --require-hashes -r requirements-mesh-sandbox.lock
	touch $@

# The targets of a release on 400,000 people: over an hour, by hand. RISKSTRAT_TEST_SCALE_HOME keeps the home.
test-scale: $(STAMP)
	$(BIN)/python -m pytest -m scale tests/scale

# As root, with buildah and debootstrap; about ten minutes.
test-image: $(STAMP)
	$(BIN)/python -m pytest -m image tests/image

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_rooms.py tests/docs

docs: $(STAMP)
	$(BIN)/riskstrat docs

lock: $(STAMP)
	$(UVENV) $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --extra airflow --group dev pyproject.toml -o requirements.lock
	printf 'mesh-sandbox==1.0.137\n' | $(UVENV) $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements-mesh-sandbox.lock
