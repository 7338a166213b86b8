# The front door to Meson: targets only, no flags (they live in meson.build).
# SPDX-License-Identifier: Apache-2.0
MESON ?= meson
OPTIONS ?=

all: build/configured
	@ninja -C build hearth

# Reconfigure when the list of source files has changed.
build/configured: build/sources.txt meson.build meson_options.txt
	@if [ -f build/build.ninja ]; then $(MESON) setup --reconfigure build $(OPTIONS) >build/setup.log || { cat build/setup.log; exit 1; }; \
	else $(MESON) setup build $(OPTIONS) >build/setup.log || { cat build/setup.log; exit 1; }; fi
	@touch $@

build/sources.txt: FORCE
	@mkdir -p build && find src tests include -name '*.[ch]' 2>/dev/null | LC_ALL=C sort >$@.new && \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

FORCE:
.PHONY: all FORCE
