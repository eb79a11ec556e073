# Two commands to begin with: `make demo` and `make test`. Both set up everything that is missing.
# Options go through: make demo ARGS="--json out.json", make test ARGS="-k alarm".
.PHONY: setup demo test check chaos screenshots bench-ingest bench-memory bench-models bench-desk bench-diagnostics bench-reading bench-console lock clean

setup:
	@scripts/setup

demo: setup
	@.venv/bin/aftercare demo $(ARGS)

test: setup
	@scripts/run-tests $(ARGS)

check: setup
	.venv/bin/ruff check --no-cache .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

chaos: setup
	@.venv/bin/python -m bench.chaos $(ARGS)

bench-ingest: setup
	@.venv/bin/python -m bench.ingest $(ARGS)

bench-memory: setup
	@.venv/bin/python -m bench.memory $(ARGS)

bench-models: setup
	@.venv/bin/python -m bench.models $(ARGS)

bench-desk: setup
	@.venv/bin/python -m bench.desk $(ARGS)

bench-diagnostics: setup
	@.venv/bin/python -m bench.diagnostics $(ARGS)

bench-reading: setup
	@.venv/bin/python -m bench.reading $(ARGS)

bench-console: setup
	@.venv/bin/python -m bench.console $(ARGS)

# The pictures of docs/images: a demo's fleet at work, seen by Chromium, which is installed when it is missing.
screenshots: setup
	@.venv/bin/python scripts/screenshots.py

# Names, versions and hashes only: no address of any registry.
lock: setup
	.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock
	cd tests/integration/ingest/sparkplug_device && ../../../../.venv/bin/uv pip compile --quiet --universal --generate-hashes \
		--no-emit-index-url --no-header --python-version 3.11 requirements.in -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
