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
.PHONY: book section compare pdf serve notebook test lint check lock clean help .venv

book: $(READY) ## run the whole study and render the book (STUDY=lab HUB=directory JOBS=2 EXECUTOR=slurm)
	@$(PY) -m xit build $(STUDY_ARGS) --jobs "$$XIT_JOBS" $${XIT_EXECUTOR:+--executor "$$XIT_EXECUTOR"}

section: $(READY) ## run one section again and what depends on it (S=intermediate/squad_v1 PARAMS="learning_rate=2e-5")
	@$(PY) -m xit section "$$XIT_S" $(STUDY_ARGS) --jobs "$$XIT_JOBS" $${XIT_EXECUTOR:+--executor "$$XIT_EXECUTOR"} --params "$$XIT_PARAMS"

pdf: book; @$(PY) -m xit pdf ## print the whole book as one PDF, book/_build/book.pdf (needs chromium)
serve: book; @$(PY) -m xit serve --port "$${PORT:-8000}" ## serve the book on a port of this machine (PORT=8000)
compare: $(READY) ## say what differs between two built studies, and which scores (A=lab B=smoke)
	@$(PY) -m xit compare "$$XIT_A" "$$XIT_B"

notebook: $(READY) ## open the notebooks in JupyterLab
	@$(PY) -m jupyter lab notebooks

test: $(READY) ## run the tests (ARGS="-k site" is passed to pytest)
	@$(PY) -m pytest $(ARGS)

lint: $(READY) ## check style, format and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

check: $(READY) ## say whether a study could run, and what is missing, without running it (STUDY=lab HUB=directory)
	@$(PY) -m xit check $(STUDY_ARGS)

lock: $(READY) ## pin every package anew in requirements.lock (needs the network)
	@$(PY) -m pip install --quiet pip-tools
	@$(PY) -m piptools compile --quiet --upgrade --allow-unsafe --strip-extras --extra test \
	  --all-build-deps --annotation-style line --no-annotate --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-find-links --output-file requirements.lock pyproject.toml
	@sed -i.old 's/^\(torch==[^+]*\)+cpu/\1/' requirements.lock && rm requirements.lock.old

clean: ## remove the rendered book and the executed notebooks; finished runs in runs/ are kept
	rm -rf book/_build book/study

# The stamp is written last, so an installation cut short is done again on the next call.
$(READY): requirements.lock pyproject.toml
	@$(PY) -m pip --version >/dev/null 2>&1 || $(MAKE) --no-print-directory .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv:
	@for python in python3.11 python3; do \
	  $$python -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	    && exec $$python -m venv --clear .venv; done; \
	echo 'xit needs Python 3.11 with venv: install it (Debian: python3.11-venv) or use environment.yml' >&2; exit 1

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
