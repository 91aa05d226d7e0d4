# dv.  `make help` lists what can be made.
#
# make V=1		show the commands
# make DEVELOPER=1	warnings are errors
# make O=<folder>	build there instead of in build/
# make SANITIZE=address,undefined | thread		in a folder of its own
# make DV_TEST_CRASH=1	with the points at which t/t8* kills dv, likewise
# make check T=<name>	only units and scripts whose name begins so

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
# A sanitizer's report names lines, for which -g1 is enough and sooner made.
CFLAGS  ?= -O2 $(if $(SANITIZE),-g1,-g)
PKG_CONFIG ?= pkg-config
SUBMAKE  = $(MAKE) --no-print-directory
O        = build
T        =

bindir     = $(PREFIX)/bin
libdir     = $(PREFIX)/lib
includedir = $(PREFIX)/include
datadir    = $(PREFIX)/share
mandir     = $(datadir)/man
bash       = $(DESTDIR)$(datadir)/bash-completion/completions
zsh        = $(DESTDIR)$(datadir)/zsh/site-functions
fish       = $(DESTDIR)$(datadir)/fish/vendor_completions.d

LIB_ROOMS = base chunk store git work remote transfer migrate source keep
CLI_ROOMS = cli builtin
SONAME    = libdv.so.0

ifneq ($(V),1)
Q = @printf '  %-5s %s\n' $1 '$(patsubst $O/%,%,$@)';
endif

# --- what it is built with ---------------------------------------------------

# libcurl, libyaml, libgit2 and libcrypto are loaded when they are needed;
# --as-needed keeps the last two out of the program.
LINKED  = libgit2 libzstd libxxhash libcrypto expat jansson
PACKAGES = $(LINKED) libcurl yaml-0.1
GOALS = $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out clean help check-layers uninstall,$(GOALS)),)
ifneq ($(shell $(PKG_CONFIG) --exists $(PACKAGES) && echo yes),yes)
$(error $(shell $(PKG_CONFIG) --print-errors --exists $(PACKAGES) 2>&1); \
	contrib/install-deps.sh build installs what is needed)
endif
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
LIBS := $(shell $(PKG_CONFIG) --libs $(LINKED)) -pthread -ldl -lm
endif

WARNINGS = -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wshadow -Wwrite-strings \
	-Wpointer-arith $(if $(DEVELOPER),-Werror)
# One set of objects makes the program, libdv.a and libdv.so; what libdv.so
# shows is up to src/libdv.map.
DV_CFLAGS = -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -pthread -fno-common \
	-fPIC -fno-semantic-interposition \
	-ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(PACKAGE_CFLAGS)
DV_LDFLAGS = -pthread -Wl,--as-needed

ifdef SANITIZE
DV_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
export ASAN_OPTIONS  ?= exitcode=99:detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= exitcode=99:halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS  ?= exitcode=99:halt_on_error=1
else
DV_CFLAGS  += -fstack-protector-strong
DV_LDFLAGS += -Wl,-z,relro,-z,now
endif
DV_CFLAGS += $(if $(DV_TEST_CRASH),-DDV_TEST_CRASH)

DV_VERSION := $(shell cat VERSION 2>/dev/null || \
	git describe --tags --always --dirty 2>/dev/null || echo unknown)

COMPILE = $(CC) $(DV_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP
LINK    = $(CC) $(DV_CFLAGS) $(CFLAGS) $(DV_LDFLAGS) $(LDFLAGS)

objs_of  = $(patsubst %.c,$O/%.o,$(wildcard $(1:%=src/%/*.c)))
LIB_OBJS = $(call objs_of,$(LIB_ROOMS))

# --- the program and the library ---------------------------------------------

all: $O/dv $O/libdv.a $O/libdv.so $O/dv.pc	## the program and the library

$O/dv: $O/src/dv.o $(call objs_of,$(CLI_ROOMS)) $O/libdv.a
	$(call Q,LD)$(LINK) -o $@ $^ $(LIBS)

$O/libdv.a: $(LIB_OBJS)
	$(call Q,AR)rm -f $@ && $(AR) rcsD $@ $^

$O/$(SONAME): $(LIB_OBJS) src/libdv.map
	$(call Q,LD)$(LINK) -shared -Wl,-soname,$(SONAME) \
		-Wl,--version-script=src/libdv.map \
		$(if $(SANITIZE),,-Wl,-z,defs) -o $@ $(LIB_OBJS) $(LIBS)

$O/libdv.so: $O/$(SONAME)
	@ln -sf $(SONAME) $@

$O/dv.pc: src/dv.pc.in $O/version
	$(call Q,GEN)sed -e 's|@PREFIX@|$(PREFIX)|' \
		-e 's|@VERSION@|$(DV_VERSION)|' src/dv.pc.in >$@

$O/%.o: %.c $O/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(COMPILE) $(OBJ_CFLAGS) -c -o $@ $<

$O/src/builtin/version.o: OBJ_CFLAGS = -DDV_VERSION='"$(DV_VERSION)"'
$O/src/builtin/version.o: $O/version

# Rewritten when they differ, so that what depends on them is made again.
$O/version: STAMP = $(DV_VERSION) $(PREFIX)
$O/flags:   STAMP = $(subst ','\'',$(COMPILE) $(LINK))
$O/version $O/flags: FORCE
	@mkdir -p $O && echo '$(STAMP)' | cmp -s - $@ || echo '$(STAMP)' >$@

# --- the manual --------------------------------------------------------------

# A page begins "= name(section)".
MAN_ADOC  := $(shell grep -lE '^= [a-z0-9.-]+\([1-9]\)$$' \
	Documentation/dv*.adoc 2>/dev/null)
MAN_PAGES := $(foreach f,$(MAN_ADOC),$O/man/$(basename $(notdir $f)).$(shell \
	sed -n '1s/.*(\([1-9]\))$$/\1/p' $f))

doc: $(MAN_PAGES)				## man pages (wants asciidoctor)

define man_rule
$O/man/%.$1: Documentation/%.adoc $O/version
	@mkdir -p $$(@D)
	$$(call Q,DOC)asciidoctor -b manpage --failure-level=WARN \
		-a manmanual='dv manual' -a mansource='dv $(DV_VERSION)' \
		-a reproducible -o $$@ $$<
endef
$(foreach s,1 5 7,$(eval $(call man_rule,$s)))

# --- tests -------------------------------------------------------------------

UNITS   = $(patsubst t/unit/%.c,$O/%,$(wildcard t/unit/$(or $T,u-)*.c))
SCRIPTS = $(sort $(wildcard t/$(or $T,t[0-9])*.sh))
FUZZ    = $(patsubst t/fuzz/%.c,%,$(wildcard t/fuzz/fuzz-*.c))
REPLAYS = $(if $T,,$(FUZZ:fuzz-%=$O/replay-%))
# More than there are cores: servers and the disk are waited for.
JOBS   ?= $(shell expr $$(nproc) + 2)
FAULTS ?= kill
# A unit test is linked with the rooms that src/LAYERS lets its room see.
room_of  = $(firstword $(subst -, ,$1))
rooms_of = $(call room_of,$1) \
	$(shell sed -n 's/^$(call room_of,$1)://p' src/LAYERS)

.SECONDEXPANSION:
$O/u-%: $O/t/unit/u-%.o $$(call objs_of,$$(call rooms_of,$$*))
	$(call Q,LD)$(LINK) -o $@ $^ -lcmocka $(LIBS)

$O/replay-%: $O/t/fuzz/fuzz-%.o $O/t/fuzz/replay.o $O/libdv.a
	$(call Q,LD)$(LINK) -o $@ $^ $(LIBS)
$O/t/fuzz/%.o: OBJ_CFLAGS = -Wno-missing-prototypes

# One remote from the command line, for t/t51*
$O/remote-tool: $O/t/helper/remote-tool.o $(call objs_of,base chunk remote)
	$(call Q,LD)$(LINK) -o $@ $^ $(LIBS)

# A directory of 2^40 paths in a store, for t/t8020-unfold.sh
$O/tree-bomb: $O/t/helper/tree-bomb.o $(call objs_of,base chunk store)
	$(call Q,LD)$(LINK) -o $@ $^ $(LIBS)

# A disk that fails, for t/t3210-fsck.sh and t/t8310-late-errors.sh; no
# sanitizer's business
$O/bad-disk.so: t/helper/bad-disk.c
	$(call Q,LD)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror \
		-fPIC -shared -o $@ $<

# dv with crash points, for t/t8*: what passes none is not compiled again.
CRASHING := $(patsubst %.c,$O/%.o,$(shell grep -l '"base/crash.h"' src/*/*.c))
CRASH_OBJS = $(LIB_OBJS) $(call objs_of,$(CLI_ROOMS))

$O/crash/dv: $O/src/dv.o $(filter-out $(CRASHING),$(CRASH_OBJS)) \
		$(CRASHING:$O/%=$O/crash/%)
	$(call Q,LD)$(LINK) -o $@ $^ $(LIBS)

$O/crash/%.o: %.c $O/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(COMPILE) -DDV_TEST_CRASH -c -o $@ $<

check: check-layers check-headers all		## all tests
	@+$(SUBMAKE) run-tests

HELPERS = $O/remote-tool $O/tree-bomb $O/bad-disk.so
run-tests: $(UNITS) $(REPLAYS) $(HELPERS) $(if $(filter-out t8%,$T),,$O/crash/dv)
	@DV_BUILD='$(abspath $O)' contrib/tap-run $(V:1=-v) -j $(JOBS) \
		$(abspath $(UNITS) $(REPLAYS)) $(SCRIPTS)

check-layers:					## no room looks up
	@contrib/check-layers.sh src

ALONE = -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c
check-headers:					## each header stands alone
	@for h in include/dv/*.h; do \
		$(CC) -std=c11 -pedantic $(ALONE) $$h || exit 1; done
	@for h in src/*/*.h; do \
		$(CC) -std=gnu11 -D_GNU_SOURCE -Isrc $(PACKAGE_CFLAGS) \
			$(ALONE) $$h || exit 1; done

check-docs: doc					## the manual is well formed
	@! mandoc -T lint -W error $(MAN_PAGES) | \
		grep -vE 'request: mso|macro: +LINKSTYLE|in table: sp'

sanitize:					## check with ASan and UBSan
	@+$(SUBMAKE) O=build-asan SANITIZE=address,undefined check

soak: all				## two clones, gc and kills (see t/README)
	DV_BUILD='$(abspath $O)' t/soak.sh $(SOAK)

faults: all				## a fault at every system call (strace)
	PATH='$(abspath $O)':"$$PATH" t/helper/faults.py $(FAULTS)

# --- fuzzing -----------------------------------------------------------------

FUZZ_CC     ?= clang
FUZZ_CFLAGS  = -g -O1 -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -pthread \
	-fsanitize=address,undefined $(PACKAGE_CFLAGS)

fuzz: $(FUZZ:%=$O/fuzz/%)		## libFuzzer (clang, libclang-rt-dev)

$O/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call Q,CC)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link \
		-MMD -MP -c -o $@ $<

$O/fuzz/fuzz-%: $O/fuzz/obj/t/fuzz/fuzz-%.o $(LIB_OBJS:$O/%=$O/fuzz/obj/%)
	$(call Q,LD)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

fuzz-replay: $(REPLAYS)			## the corpus and its neighbours
	@contrib/tap-run $(abspath $(REPLAYS))

# --- the rest ----------------------------------------------------------------

bench: all $O/perf-meter			## dv beside plain tools and peers
	DV_BUILD='$(abspath $O)' t/perf/bench.py $(BENCH)

bench-peers:					## which peers bench finds here
	@t/perf/bench.py --peers

$O/perf-meter: $O/t/perf/meter.o
	$(call Q,LD)$(LINK) -o $@ $^

demo: all					## the main job on real input
	PATH='$(abspath $O)':"$$PATH" contrib/demo.sh

install: all					## into DESTDIR and PREFIX
	install -D -m 755 $O/dv $(DESTDIR)$(bindir)/dv
	install -D -m 755 $O/$(SONAME) $(DESTDIR)$(libdir)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(libdir)/libdv.so
	install -m 644 $O/libdv.a $(DESTDIR)$(libdir)/libdv.a
	install -D -m 644 $O/dv.pc $(DESTDIR)$(libdir)/pkgconfig/dv.pc
	install -d $(DESTDIR)$(includedir)/dv
	install -m 644 include/dv/*.h $(DESTDIR)$(includedir)/dv
	install -d $(bash) $(zsh) $(fish)
	$O/dv completion bash >$(bash)/dv
	$O/dv completion zsh >$(zsh)/_dv
	$O/dv completion fish >$(fish)/dv.fish
	@+test ! -d $O/man || $(SUBMAKE) install-doc

install-doc: doc			## the man pages (wants asciidoctor)
	for page in $(notdir $(MAN_PAGES)); do \
		install -D -m 644 $O/man/$$page \
		$(DESTDIR)$(mandir)/man$${page##*.}/$$page || exit 1; done

uninstall:					## the files of install
	rm -rf $(DESTDIR)$(includedir)/dv
	rm -f $(DESTDIR)$(bindir)/dv $(bash)/dv $(zsh)/_dv $(fish)/dv.fish
	cd $(DESTDIR)$(libdir) && \
		rm -f libdv.a $(SONAME) libdv.so pkgconfig/dv.pc
	for page in $(notdir $(MAN_PAGES)); do \
		rm -f $(DESTDIR)$(mandir)/man$${page##*.}/$$page; done

clean:						## remove the build folders
	rm -rf $O build-asan

help:						## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | \
		expand -t 20

-include $(shell find $O -name '*.d' 2>/dev/null)
.SECONDARY:
.PHONY: all doc check run-tests check-layers check-headers \
	check-docs sanitize soak faults fuzz fuzz-replay bench bench-peers demo install install-doc \
	uninstall clean help FORCE
