# make run     the whole appliance on this machine: installs it, serves on port 8080, judges a simulated study
# make test    every test: ruff, mypy, and the tests on this Python and on Python 3.8 where there is one
# make soak    the kill test: 500 studies by every way, while parts are killed 200 times; and 2,000 damaged files
# make bench   the benchmarks
# make no-heads  whether 220 pictures that are no head CT are refused, photographed and not
# make arm64   the simulated study on arm64, emulated, against this machine; needs debootstrap, qemu-user-static, root
# make pictures  the README's pictures of the page, taken anew
# make wheelhouse  what a Jetson is installed from without a network: dist/jetpack5 and dist/jetpack6
# make clean   removes the environments and what tools left
#
# Everything is installed into .venv (and .venv38) in this folder; nothing else on the machine changes.
# PYTHON names the interpreter to use: make test PYTHON=python3.12

.ONESHELL:
.SILENT:
.PHONY: help run test soak bench no-heads arm64 pictures wheelhouse clean
.DEFAULT_GOAL := help

# Some shells forbid Python to keep what it compiled; each of the appliance's processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# A shim may be on PATH without an interpreter behind it, so each candidate is asked.
PYTHON38 := $(shell for python in python3.8 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.8*/bin/python; do \
    "$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 8))' 2>/dev/null \
    && echo "$$python" && break; done)

# training/, ruff and mypy need Python 3.10.
ifneq ($(filter 3.8 3.9,$(VERSION)),)
TESTS = $(APPLIANCE_TESTS)
endif
APPLIANCE_TESTS = --ignore=tests/training --ignore=tests/test_static.py --ignore=tests/benchmarks -m "not browser and not slow"

# This torch has a CPU-only wheel; where pip finds one (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL) it prefers it to the
# gigabytes of CUDA that come with the others.
TORCH = $(if $(filter 3.8 3.9,$(VERSION)),,torch==2.13.0)

# $(call environment,FOLDER,INTERPRETER,REQUIREMENTS)
define environment
$(2) -c 'import sys; sys.version_info >= (3, 8) or sys.exit("$(2) is too old: name Python 3.8 or newer with PYTHON=...")'
echo "Installing into $(1) ..."
$(2) -m venv $(1)
# Older ones know neither today's wheels nor editable installs of this project.
$(1)/bin/python -m pip install -qq --disable-pip-version-check 'pip>=22'
$(1)/bin/python -m pip install -qq --disable-pip-version-check --prefer-binary $(3)
endef

# $(call pytest,FOLDER,OPTIONS): four processes, since some tests wait for others more than they work (six were slower);
# the tests of a file share what they build, so they stay in one. Each keeps to one thread: more of them would wait for
# each other, and spin while they do. Each keeps the memory of its large arrays instead of handing it back to the kernel
# time and again, which cost some tests a quarter of their processor time.
ONE_THREAD = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENCV_FOR_THREADS_NUM=1
KEPT_MEMORY = MALLOC_MMAP_THRESHOLD_=268435456 MALLOC_TRIM_THRESHOLD_=536870912
pytest = $(ONE_THREAD) $(KEPT_MEMORY) $(1)/bin/python -m pytest --quiet -n 4 --dist loadfile $(2) | tee $(1)/test.log

WITH_TESTS = --editable '.[dev,training]'
WITH_APPLIANCE_TESTS = --editable '.[dev]'

help:
	sed -n 's/^# \(make .*\)/\1/p' Makefile

run: .venv/appliance.stamp
	exec .venv/bin/triage serve --demo

test:
	# both environments side by side
	$(MAKE) --no-print-directory --jobs=2 .venv/test.stamp $(if $(PYTHON38),.venv38/test.stamp)
	status=0
	echo "== Python $(VERSION)"
	$(call pytest,.venv,$(TESTS)) || status=1
	if [ -n "$(PYTHON38)" ]; then
		echo "== Python 3.8: the appliance"
		$(call pytest,.venv38,$(APPLIANCE_TESTS)) || status=1
	fi
	echo
	echo "Python $(VERSION): $$(tail -n 1 .venv/test.log)"
	if [ -n "$(PYTHON38)" ]; then
		echo "Python 3.8: $$(tail -n 1 .venv38/test.log)"
	else
		echo "Python 3.8: NOT TESTED, there is none on PATH or under pyenv"
	fi
	if [ -n "$(filter 3.8 3.9 3.10,$(VERSION))" ]; then
		echo "Python 3.11 or newer: NOT TESTED, $(PYTHON) is older; name one with PYTHON=..."
	fi
	exit $$status

soak: .venv/test.stamp
	.venv/bin/python -m tests.soak
	DAMAGES=2000 .venv/bin/python -m pytest --quiet -n 2 tests/test_damaged_files.py

bench: .venv/test.stamp
	exec .venv/bin/python -m tests.benchmarks

no-heads: .venv/test.stamp
	exec .venv/bin/python -m tests.benchmarks.no_heads

arm64: .venv/appliance.stamp
	.venv/bin/python -m tests.arm64

pictures: .venv/test.stamp
	.venv/bin/python -m tests.pictures_of_pages

# Built for any Python, so this machine makes it; the other wheels are those of JetPack's Python on aarch64. glibc 2.31
# is that of JetPack 5, and pip must be told each older one too.
GLIBCS = 31 28 27 24 17
wheelhouse: .venv/appliance.stamp
	# pip asks a source for its name and version, which takes what builds it
	.venv/bin/python -m pip install -qq --disable-pip-version-check setuptools wheel
	for jetpack in 5:3.8 6:3.10; do
		name=jetpack$${jetpack%%:*} python=$${jetpack##*:} folder=dist/jetpack$${jetpack%%:*}
		echo "Gathering $$folder ..."
		rm -rf $$folder
		mkdir -p $$folder/wheels
		.venv/bin/python -m pip download -qq --disable-pip-version-check --no-deps --require-hashes --no-build-isolation \
			--only-binary :all: --no-binary pycuda --implementation cp --python-version $$python \
			$(foreach glibc,$(GLIBCS),--platform manylinux_2_$(glibc)_aarch64) --platform manylinux2014_aarch64 \
			--dest $$folder/wheels --requirement requirements/$$name.txt --requirement requirements/$$name-cuda.txt
		.venv/bin/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation \
			--wheel-dir $$folder/wheels .
		cp -r install.sh systemd docs/jetson.md $$folder
		cp requirements/$$name.txt $$folder/requirements.txt
		cp requirements/$$name-cuda.txt $$folder/requirements-cuda.txt
		echo $$python >$$folder/python
		echo "$$folder: $$(ls $$folder/wheels | wc -l) packages, $$(du -sh $$folder | cut -f 1)"
	done

clean:
	rm -rf .venv .venv38 .arm64 build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/appliance.stamp: setup.py
	$(call environment,.venv,$(PYTHON),--editable .)
	touch $@

.venv/test.stamp: setup.py
	$(call environment,.venv,$(PYTHON),$(TORCH) $(WITH_TESTS))
	touch .venv/appliance.stamp $@

.venv38/test.stamp: setup.py
	$(call environment,.venv38,$(PYTHON38),$(WITH_APPLIANCE_TESTS))
	touch $@
