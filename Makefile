# SPDX-License-Identifier: GPL-2.0-only
# hwirq-sdk: BPF programs in the NIC's hard interrupt handler

K := kernel/scripts
export KERNEL_SRC KERNEL_IMAGE KERNEL_IMAGE_DEBUG JOBS

help:
	@echo 'make demo         see it work: builds the kernel, boots it in QEMU, sends it frames'
	@echo 'make test         all tests; the last line counts them'
	@echo 'make test T=NAME  those whose name holds NAME'
	@echo 'make test-list    the names'
	@echo 'make verify       what programs may do: the verifier'"'"'s test corpus (T=NAME, V=1, JSON=1)'
	@echo 'make verify PROG=FILE.bpf.o  the kernel'"'"'s verdict on your program'
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

verify verify-rules:
	@$(MAKE) -s -C verifier-tests $(if $(filter verify-rules,$@),rules)
	@$(if $(filter verify,$@),verifier-tests/build/verify $(if $(filter-out 0,$(V)),--verbose) \
		$(if $(filter-out 0,$(JSON)),--json) $(if $(PROG),--prog '$(PROG)') -- '$(T)')

shell:
	@$(K)/shell

deps:
	@$(K)/deps install

lint:
	@$(K)/lint

clean:
	@$(MAKE) -s -C kernel/tests clean
	@$(MAKE) -s -C helpers clean
	@$(MAKE) -s -C cookbook clean
	@$(MAKE) -s -C verifier-tests clean
	@$(MAKE) -s -C verifier-tests/fuzz clean
	@for d in templates/*/; do $(MAKE) -s -C "$$d" clean; done

distclean: clean
	@$(K)/distclean

.PHONY: help demo test test-list verify verify-rules shell deps lint clean distclean
