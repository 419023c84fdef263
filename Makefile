# Two commands do everything on a fresh machine: `make run` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
CONSTRAINTS := packaging/constraints.txt

.PHONY: run test check native locale starter starter-quick clean

run: .venv/installed
	@packaging/system-libraries.sh window || true
	$(BIN)/avila

test: .venv/installed
	@packaging/system-libraries.sh window tests
	$(MAKE) check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile  # a module's models are made once

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Builds the native engine's library, stable-diffusion.cpp, and installs it: some minutes, with a C++ compiler.
native: .venv/installed
	packaging/native-wheel.sh $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) dist/stable_diffusion_cpp_python-*.whl

# Takes new texts into the translations and compiles them; then edit resources/locale/*/LC_MESSAGES/avila.po.
locale: .venv/installed
	$(BIN)/pybabel -q extract --no-location --sort-output --project "Avila Diffusion" --omit-header \
		-o build/avila.pot app/avila
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap -D avila -i build/avila.pot -d resources/locale
	$(BIN)/pybabel -q compile -D avila -d resources/locale

# Trains models/starter further: hours. From nothing, and at toy size: see models/training/README.md.
starter: .venv/installed
	$(BIN)/python models/training/make.py --from models/starter

starter-quick: .venv/installed
	$(BIN)/python models/training/make.py --quick --work build/starter-quick

.venv/installed: pyproject.toml $(CONSTRAINTS)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[test]'
	touch $@

clean:
	rm -rf .venv build dist
