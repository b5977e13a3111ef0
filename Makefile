# Needs Python 3.11 or later and make, nothing else. Everything is installed into .venv, from PyPI.

VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 10
# Tests wait more than they compute, so there may be more of them than cores; simulations only compute.
WORKERS ?= 6
JOBS ?= 2
MODULE ?= tg1/rules tg1/trading
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A test that starts a process pays for what it imports: compiled once, and not by each of them.
unexport PYTHONDONTWRITEBYTECODE

# The example of architecture 19. At sixty times the speed of a day, entries, targets and a hedge fill within a minute.
GRID := --bot-name "IRFC-SBIN Grid" --trade-type gridocots --token-a IRFC --token-b SBIN \
	--entry-price 50.00 --steps 5 --spread 1.0 --target-spread 0.50 --oco-spread 2.0 --qty-a 100 --qty-b 50
EXAMPLE := --paper --paper-speed 60 $(GRID)
# The same grid over one made day, whose positions the broker closes as he does with intraday ones.
MADE_DAY := --made-days 1 --seed 1 --square-off-at 15:17

.PHONY: run replay test checked compiled simulate lint clean soak bench sharedkey mutate docs help setup

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

# With job control of its own, Ctrl-C reaches the bot alone, and make ends as the bot does.
run: $(VENV)/.run ## trade the example on the embedded paper exchange (ARGS="…" adds flags)
	@if [ -t 0 ]; then set -m; fi; $(BIN)/python -m tg1.run $(EXAMPLE) $(ARGS)

replay: $(VENV)/.insight ## live one made day with the example's grid, and draw it as a page (ARGS="…" adds flags)
	@$(BIN)/python -m tg1.replay $(GRID) $(MADE_DAY) $(ARGS)

setup: $(VENV)/.run ## install into .venv and do nothing else

test: checked ## lint, types and every test but the long simulation
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not simulation"

# mypy keeps one core busy; meanwhile another compiles the tests, which every worker would do for itself otherwise.
checked: $(VENV)/.dev
	@$(MAKE) -j 2 lint compiled

# Whatever is wrong with the collection is told by the tests themselves.
compiled:
	@$(BIN)/python -m pytest --collect-only -q >/dev/null 2>&1 || true

simulate: $(VENV)/.dev ## 250 simulated days with faults, the crash matrix, every mutation caught, real prices (if here) lived again
	$(BIN)/python -m tests.simulation.soak --days 250 --jobs $(JOBS)
	$(BIN)/python -m tests.simulation.crash_matrix --jobs $(JOBS)
	$(BIN)/python -m pytest -n $(JOBS) -m simulation

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: $(VENV)/.dev ## simulated trading days with faults, for MINUTES minutes
	$(BIN)/python -m tests.simulation.soak --minutes $(MINUTES) --jobs $(JOBS) $(ARGS)

mutate: $(VENV)/.dev ## plant faults in MODULE (files or folders of tg1), one at a time, and ask its tests
	$(BIN)/python -m tests.mutation.run $(MODULE) --workers $(JOBS) $(ARGS)

bench: $(VENV)/.dev ## CPU per cycle, saves, memory, time to the first order; how long an emergency stop takes
	$(BIN)/python -m bench.run
	$(BIN)/python -m bench.stopping

sharedkey: $(VENV)/.dev ## ten processes on one app key: refused reads, books seen, fill to target (ARGS="--count 4")
	$(BIN)/python -m bench.shared_key $(ARGS)

docs: $(VENV)/.dev ## write the pages of docs/ anew that are made from code and data
	$(BIN)/python -m tests.docs.faults
	$(BIN)/python -m tests.docs.clauses
	$(BIN)/python -m tests.docs.pictures
	$(BIN)/python -m tests.docs.ladder_svg

clean: ## remove what make and the tools made; state/ and logs/ are yours and stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutation
	find tg1 tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is the proof of a finished installation. The stamps go before pip begins, and without one the environment is
# made anew: whatever an interrupted attempt left behind is never built upon. What a bot runs from is compiled by pip,
# what only the tests need by whoever imports it first.
$(VENV)/.run: pyproject.toml
	@$(call install,.)
	@touch $@

$(VENV)/.insight: pyproject.toml
	@$(call install,.[insight])
	@touch $(VENV)/.run $@

$(VENV)/.dev: pyproject.toml
	@$(call install,.[dev],--no-compile)
	@touch $(VENV)/.run $(VENV)/.insight $@

define install
set -e; \
if [ ! -e $(VENV)/.run ] && [ ! -e $(VENV)/.insight ] && [ ! -e $(VENV)/.dev ]; then \
	python=; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'TG1 needs Python 3.11 or later: install it, or name it with "make PYTHON=/path/to/python3.11 …".' >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$python can't make virtual environments: install its venv package (Debian and Ubuntu: sudo apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$python; this happens once and takes about a minute."; \
	"$$python" -m venv --clear $(VENV); \
fi; \
rm -f $(VENV)/.run $(VENV)/.insight $(VENV)/.dev; \
$(BIN)/python -m pip install --quiet $(2) --editable '$(1)'
endef
