# Two commands for a newcomer: `make demo` and `make test`.
PYTHON ?= python3.11
# Where pip finds torch. On Linux the package index serves a CUDA build of several GB by default; for the CPU build:
#   make demo TORCH_ARGS="--index-url https://download.pytorch.org/whl/cpu"
TORCH_ARGS ?=
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/.installed
	$(BIN)/python -m spacy project run demo
	@echo
	@echo "The model is in demo/model/model-best, its scores in demo/scores.json, an annotated note in demo/note.html."
	@echo "Next, annotate a note of yours, or compare taggers on real case reports:"
	@echo "  $(BIN)/python -m spacy clinner annotate demo/model/model-best YOUR_NOTE.txt --html page.html"
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
