# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# hwirq.mk - build a hard-IRQ program and its loader. A Makefile sets and includes:
#
#	APP := name		program APP.bpf.c, loader APP
#	OBJS := name.o ...	the loader's objects; the skeleton is name.skel.h
#	include hwirq.mk
#
# Targets: all, verify (the kernel's verdict), run (a guest with it), clean. Variables:
# HWIRQ_SDK, a checkout, else pkg-config's SDK is used; STATIC=1, no shared libraries;
# CLANG, BPFTOOL, CC, CFLAGS, LDFLAGS, BPF_CFLAGS; RUN='COMMAND', what the guest runs
# instead of a shell; FORWARD=udp:PORT:GUEST_PORT (or tcp), the way to it from 127.0.0.1.

CLANG ?= clang
BPFTOOL ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool)
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g -Wall -Wextra
BPF_CFLAGS ?= -O2 -g -Wall -Wextra -mcpu=v3
OUT := .output

ifneq ($(HWIRQ_SDK),)
SDK_CFLAGS := -I$(abspath $(HWIRQ_SDK))/sdk-include
BOOT := $(HWIRQ_SDK)/kernel/scripts/boot
VERIFY = $(MAKE) --no-print-directory -C $(HWIRQ_SDK) verify T= V= JSON= PROG=$(call quoted,$(abspath $(OUT)/$(APP).bpf.o))
else
SDK_CFLAGS := $(shell $(PKG_CONFIG) --cflags hwirq-sdk)
BOOT := $(dir $(lastword $(MAKEFILE_LIST)))kernel/scripts/boot
VERIFY = $(or $(wildcard $(shell $(PKG_CONFIG) --variable=prefix hwirq-sdk)/bin/hwirq),hwirq) verify $(OUT)/$(APP).bpf.o
endif
ifdef STATIC
LIBBPF_LIBS = -static $(shell $(PKG_CONFIG) --static --libs libbpf)
else
LIBBPF_LIBS = $(shell $(PKG_CONFIG) --libs libbpf)
endif

# clang -target bpf does not look where distributions keep <asm/types.h>.
SYS_CFLAGS := $(shell $(CLANG) -v -E -x c /dev/null -o /dev/null 2>&1 | \
	awk '/^#include </,/^End/ { if ($$1 ~ "^/") print "-idirafter", $$1 }')

HWIRQ_CC = $(CC) $(CFLAGS) $(SDK_CFLAGS) -I$(OUT)
HWIRQ_BPF_CC = $(CLANG) $(BPF_CFLAGS) -target bpf $(SDK_CFLAGS) $(SYS_CFLAGS)

all: $(APP) compile_commands.json

# All depends on how it is made, too: see the FORCE rule.
FLAGS := $(HWIRQ_CC) $(LDFLAGS) $(HWIRQ_BPF_CC) $(STATIC)

$(APP): $(OBJS:%=$(OUT)/%) $(OUT)/flags
	$(CC) $(CFLAGS) $(LDFLAGS) $(OBJS:%=$(OUT)/%) $(LIBBPF_LIBS) -o $@

$(OUT)/%.o: %.c $(OUT)/flags | $(OUT)/$(APP).skel.h
	$(HWIRQ_CC) -MMD -MP -c $< -o $@

$(OUT)/$(APP).skel.h: $(OUT)/$(APP).bpf.o
	$(BPFTOOL) gen skeleton $< name $(subst -,_,$(APP))_bpf > $@.tmp
	mv $@.tmp $@

$(OUT)/$(APP).bpf.o: $(APP).bpf.c $(OUT)/flags
	$(HWIRQ_BPF_CC) -MMD -MP -c $< -o $@

$(OUT)/flags: FORCE | tools
	@mkdir -p $(OUT)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@

# For the shell, also where a path has an apostrophe
quoted = '$(subst ','\'',$(1))'

# For clangd and other editors: how each file is compiled, for either side.
json = $(subst ",\",$(subst \,\\,$(1)))
hwirq_command = { "directory": "$(call json,$(CURDIR))", "file": "$(1)", "command": "$(call json,$(2) -c $(1))" }
compile_commands.json: $(OUT)/flags $(MAKEFILE_LIST)
	@printf '%s\n' '[' $(foreach c,$(OBJS:.o=.c),$(call quoted,$(call hwirq_command,$(c),$(HWIRQ_CC))),) \
		$(call quoted,$(call hwirq_command,$(APP).bpf.c,$(HWIRQ_BPF_CC))) ']' > $@

verify: $(OUT)/$(APP).bpf.o
	@$(VERIFY)

export RUN
run: $(APP)
	@test -x $(BOOT) || \
		$(call missing,there is no $(BOOT). On Debian it is in the package hwirq)
	@echo "The guest has it as hwirq-$(APP), its interface is eth0 with 10.0.2.15."
	@$(BOOT) --nic user $(FORWARD:%=--forward %) --add $(APP):/bin/hwirq-$(APP) $(if $(RUN),-- "$$RUN")

# What is missing is said before a compiler says it in its own words.
missing = { echo "$(APP): $(1)" >&2; exit 1; }
tools:
	@command -v $(CLANG) >/dev/null || \
		$(call missing,'$(CLANG)' is missing. On Debian: apt install clang)
	@test -n '$(BPFTOOL)' || \
		$(call missing,'bpftool' is missing. On Debian: apt install bpftool)
	@$(PKG_CONFIG) --exists libbpf || \
		$(call missing,libbpf or pkg-config is missing. On Debian: apt install libbpf-dev pkg-config)

clean:
	rm -rf $(OUT) $(APP) compile_commands.json

.PHONY: all verify run clean tools FORCE
.DELETE_ON_ERROR:

-include $(wildcard $(OUT)/*.d)
