# make book · make test · make help. Logic longer than a line lives in `python -m xit`.
STUDY  ?= lab
JOBS   ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)

# What the user typed reaches the recipes as environment variables, word for word, so
# that a quote, a blank or a dollar sign in it is never read by make or by the shell.
export XIT_STUDY  := $(value STUDY)
export XIT_HUB    := $(value HUB)
export XIT_JOBS   := $(JOBS)
export XIT_EXECUTOR := $(value EXECUTOR)
export XIT_S      := $(value S)
export XIT_PARAMS := $(value PARAMS)
export XIT_A      := $(value A)
export XIT_B      := $(value B)
unexport STUDY HUB JOBS EXECUTOR S PARAMS A B
# Containers often have Python keep no compiled files, and each of a build's processes would compile
# the package anew.
unexport PYTHONDONTWRITEBYTECODE
STUDY_ARGS = --study "$$XIT_STUDY" $${XIT_HUB:+--hub "$$XIT_HUB"}

# An active conda environment made from environment.yml is used, or Binder's; otherwise .venv is made.
ifeq ($(CONDA_DEFAULT_ENV),xit)
ENV := $(CONDA_PREFIX)
else
ENV := $(or $(NB_PYTHON_PREFIX),.venv)
endif
PY    := $(ENV)/bin/python
READY := $(ENV)/.xit-installed

.DEFAULT_GOAL := help
.PHONY: book section plan compare verify pdf serve notebook test bench lint check lock audit clean help .venv

book: $(READY) ## run the whole study and render the book (STUDY=lab HUB=directory JOBS=2 EXECUTOR=slurm)
	@$(PY) -m xit build $(STUDY_ARGS) --jobs "$$XIT_JOBS" $${XIT_EXECUTOR:+--executor "$$XIT_EXECUTOR"}

section: $(READY) ## run one section again and what depends on it (S=intermediate/squad_v1 PARAMS="learning_rate=2e-5")
	@$(PY) -m xit section "$$XIT_S" $(STUDY_ARGS) --jobs "$$XIT_JOBS" $${XIT_EXECUTOR:+--executor "$$XIT_EXECUTOR"} --params "$$XIT_PARAMS"

plan: $(READY); @$(PY) -m xit plan $(STUDY_ARGS) --jobs "$$XIT_JOBS" ## say what a study will take, before it is run (STUDY=paper JOBS=8)
pdf: book; @$(PY) -m xit pdf ## print the whole book as one PDF, book/_build/book.pdf (needs chromium)
serve: book; @$(PY) -m xit serve --port "$${PORT:-8000}" ## serve the book on a port of this machine (PORT=8000)
bench: $(READY); @$(PY) -m tests.bench $${XIT_HUB:+--hub "$$XIT_HUB"} $(ARGS) ## time training and inference beside the Trainer (ARGS="--models lab")
compare: $(READY); @$(PY) -m xit compare "$$XIT_A" "$$XIT_B" ## say what differs between two built studies, and which scores (A=lab B=smoke)
verify: $(READY); @$(PY) -m xit verify --study "$$XIT_STUDY" ## hold a built study against its shipped scores (STUDY=lab)

notebook: $(READY); @$(PY) -m jupyter lab notebooks ## open the notebooks in JupyterLab
test: $(READY); @$(PY) -m pytest $(ARGS) ## run the tests (ARGS="-k site" is passed to pytest)
lint: $(READY) ## check style, format and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

check: $(READY); @$(PY) -m xit check $(STUDY_ARGS) ## say whether a study could run, and what is missing, without running it (STUDY=lab HUB=directory)
lock: $(READY); @$(PY) -m xit.packages lock ## pin every package anew in requirements.lock, with its hashes (needs the network)
audit: $(READY); @$(PY) -m xit.packages audit ## ask for known vulnerabilities of what requirements.lock names (needs the network)

clean: ## remove the rendered book and the executed notebooks; finished runs in runs/ are kept
	rm -rf book/_build book/study

# The stamp is written last, so an installation cut short is done again on the next call.
$(READY): requirements.lock pyproject.toml
	@$(PY) -m pip --version >/dev/null 2>&1 || $(MAKE) --no-print-directory .venv
	$(PY) xit/packages.py install
	@touch $@

.venv:
	@for python in python3.11 python3; do \
	  $$python -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	    && exec $$python -m venv --clear .venv; done; \
	echo 'xit needs Python 3.11 with venv: install it (Debian: python3.11-venv) or use environment.yml' >&2; exit 1

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
