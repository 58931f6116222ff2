# SPDX-License-Identifier: GPL-2.0-only
# hwirq-sdk: BPF programs in the NIC's hard interrupt handler

K := kernel/scripts
export KERNEL_SRC KERNEL_IMAGE KERNEL_IMAGE_DEBUG JOBS

help:
	@echo 'make demo         see it work: builds the kernel, boots it in QEMU, sends it frames'
	@echo 'make test         all tests; the last line counts them'
	@echo 'make test T=NAME  those whose name holds NAME'
	@echo 'make test-list    the names'
	@echo 'make shell        a shell in a guest, with the echo template and test programs'
	@echo 'make deps         install the Debian packages that all this needs'
	@echo 'make lint         shellcheck over all scripts'
	@echo 'make clean        remove what was built here'
	@echo 'make distclean    and the cache of sources and kernels'
	@echo 'make -C kernel    source, patch, build, refresh, deb: the kernel by itself'
	@echo 'make -C helpers   the SDK'"'"'s unit tests by themselves'

demo:
	@$(K)/demo

test:
	@$(K)/test '$(T)'

test-list:
	@$(K)/test --list '$(T)'

shell:
	@$(K)/shell

deps:
	@$(K)/deps install

lint:
	@$(K)/lint

clean:
	@$(MAKE) -s -C kernel/tests clean
	@$(MAKE) -s -C helpers clean
	@for d in templates/*/; do $(MAKE) -s -C "$$d" clean; done

distclean: clean
	@$(K)/distclean

.PHONY: help demo test test-list shell deps lint clean distclean
