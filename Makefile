# Two commands for a newcomer: `make demo` and `make test`.
PYTHON ?= python3.11
# Where pip finds torch. On Linux the package index serves a CUDA build of several GB by default; for the CPU build:
#   make demo TORCH_ARGS="--index-url https://download.pytorch.org/whl/cpu"
TORCH_ARGS ?=
BIN := .venv/bin

.PHONY: demo test lint clean

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
	@echo "Next, annotate a note of yours, adapt to your specialty (docs/adapt.md), or compare taggers on real case reports:"
	@echo "  $(BIN)/python -m spacy clinner annotate demo/pipeline YOUR_NOTE.txt --html page.html"
	@echo "  $(BIN)/python -m spacy project run maccrobat"

test: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

.venv/.installed: setup.cfg constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(TORCH_ARGS) -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e ".[transformers,dev]"
	touch $@

clean:
	rm -rf .venv corpus training demo packages metrics project.lock
