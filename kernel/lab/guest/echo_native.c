// SPDX-License-Identifier: GPL-2.0-only
/*
 * The echo template as a function of a process, for lab-afxdp: the same source as
 * the BPF programs. The Makefile makes its .rodata writable, to be configured.
 */
#include "../../../templates/echo/echo.bpf.c"
