# SPDX-License-Identifier: GPL-2.0-only
# hwirq-sdk: BPF programs in the NIC's hard interrupt handler

K := kernel/scripts
export KERNEL_SRC KERNEL_IMAGE KERNEL_IMAGE_DEBUG KERNEL_IMAGE_LAB JOBS
export PREFIX DESTDIR

help:
	@echo 'make demo         see it work: builds the kernel, boots it in QEMU, sends it frames'
	@echo 'make test         all tests; the last line counts them'
	@echo 'make test T=NAME  those whose name holds NAME'
	@echo 'make test-list    the names'
	@echo 'make verify       what programs may do: the verifier'"'"'s test corpus (T=NAME, V=1, JSON=1)'
	@echo 'make verify PROG=FILE.bpf.o  the kernel'"'"'s verdict on your program'
	@echo 'make bench        latency of hard-IRQ programs and their rivals, a few cells (T=PATTERN)'
	@echo 'make bench-full   all cells (hours; an interrupted run goes on); bench-list names them'
	@echo 'make shell        a shell in a guest, with the echo template and test programs'
	@echo 'make install      the SDK, below PREFIX=/usr/local; DESTDIR= for packagers'
	@echo 'make command      the command hwirq, in helpers/command/build/'
	@echo 'make uninstall    what make install with the same variables has put there'
	@echo 'make deb          Debian packages of the SDK, in build/deb/ (the kernel has its own)'
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

verify verify-rules:
	@$(MAKE) -s -C verifier-tests $(if $(filter verify-rules,$@),rules)
	@$(if $(filter verify,$@),verifier-tests/build/verify $(if $(filter-out 0,$(V)),--verbose) \
		$(if $(filter-out 0,$(JSON)),--json) $(if $(PROG),--prog "$$PROG") -- '$(T)')

# JSON=1: on stdout, instead of the table
bench bench-full bench-list:
	@kernel/lab/bench $(if $(filter bench-full,$@),--full --continue --out kernel/lab/build/full) \
		$(if $(filter bench-list,$@),--full --list) $(if $(filter-out 0,$(JSON)),--json) \
		$(if $(FLAVOUR),--flavour '$(FLAVOUR)') -- '$(T)'

# Of the files of one package or of all: see cmake/manifest
install: command
install uninstall:
	@cmake/install $@ $(PACKAGE)

deb:
	@cmake/deb

command:
	@$(MAKE) -s -C helpers/command

shell:
	@$(K)/shell

deps:
	@$(K)/deps install

lint:
	@$(K)/lint

clean:
	@$(MAKE) -s -C kernel/tests clean
	@$(MAKE) -s -C kernel/lab clean
	@$(MAKE) -s -C helpers clean
	@$(MAKE) -s -C helpers/command clean
	@$(MAKE) -s -C cookbook clean
	@$(MAKE) -s -C verifier-tests clean
	@$(MAKE) -s -C verifier-tests/fuzz clean
	@for d in templates/*/; do $(MAKE) -s -C "$$d" clean; done

distclean: clean
	@$(K)/distclean

.PHONY: help demo test test-list bench bench-full bench-list verify verify-rules install uninstall \
	command deb shell deps lint clean distclean
