# The front door to Meson: targets only, no flags of the compiler (they live in meson.build).
# SPDX-License-Identifier: Apache-2.0
#
#   make           build/hearth                  make run      talk with the model in the box
#   make quick     the tests that take seconds   make test     everything that needs no GPU
#   make lint      checks of the source          make format   clang-format
#   make bench     speed against the machine     make fuzz     FUZZ_SECONDS for each target
#   make night     TSan, fault sweep, aarch64    make install  DESTDIR and PREFIX
#   make deb       a Debian package in build-deb
MESON ?= meson
PYTHON ?= python3
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
BENCH ?=
# For your own build folder: make OPTIONS=-Dchecks=true
OPTIONS ?=

sanitized = -Dbuildtype=debugoptimized -Dchecks=true -Db_ndebug=false
options_build = -Dprefix=$(PREFIX) $(OPTIONS)
options_build-san = $(sanitized) -Db_sanitize=address,undefined
options_build-tsan = $(sanitized) -Db_sanitize=thread
options_build-fuzz = $(sanitized) -Db_sanitize=address,undefined -Db_lundef=false -Dfuzzers=true -Dtests=false
options_build-arm = --cross-file tools/aarch64.ini -Dbuildtype=debugoptimized -Dchecks=true \
                    -Db_ndebug=false -Dkernels_only=true
options_build-deb = -Dprefix=/usr -Dtests=false $(OPTIONS)
folders = build build-san build-tsan build-fuzz build-arm build-deb
build-fuzz/configured: export CC = clang

all: build/configured
	@ninja -C build hearth

run: all
	@echo 'ember, the model in the box, answers questions about Hearth in English and Chinese, such as'
	@echo '"How do I see which licence a model claims?" or "写一首关于秋天的五言绝句". Ctrl-D leaves.'
	@build/hearth chat models/ember

test: build-san/configured
	@ninja -C build-san
	@$(PYTHON) tools/run_tests --build build-san --checks

quick: build/configured
	@ninja -C build
	@$(PYTHON) tools/run_tests --build build --quick

lint:
	@tools/lint

format:
	@tools/format_files | xargs clang-format -i

bench: all
	@tools/bench $(BENCH)

fuzz: build-fuzz/configured
	@ninja -C build-fuzz
	@tools/run_fuzz build-fuzz $(FUZZ_SECONDS)

night:
	@MAKE="$(MAKE)" tools/night

install: all
	@ninja -C build man1
	@$(MESON) install -C build --no-rebuild --tags runtime

deb: build-deb/configured
	@ninja -C build-deb hearth man1
	@MESON="$(MESON)" tools/make_deb build-deb

clean:
	@rm -rf $(folders)

# Sources are found when Meson configures: a new or removed file is seen here, by the list.
$(folders:%=%/configured): %/configured: %/sources.txt meson.build meson_options.txt tools/sources
	@if [ -f $*/build.ninja ]; then again=--reconfigure; else again=; fi; \
	$(MESON) setup $$again $* $(options_$*) >$*/setup.log 2>&1 || { cat $*/setup.log; exit 1; }
	@touch $@

$(folders:%=%/sources.txt): FORCE
	@mkdir -p $(@D) && find src tests include -name '*.[ch]' 2>/dev/null | LC_ALL=C sort >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

FORCE:
.PHONY: all run test quick lint format bench fuzz night install deb clean FORCE
