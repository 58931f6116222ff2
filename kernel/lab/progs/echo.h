/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * echo.h - templates/echo as a function of other programs
 *
 * All systems that see frames run the same source. Declared static first and put into
 * no section, its function is inlined and no program of its own any more.
 */
#ifndef HWIRQ_LAB_ECHO_H
#define HWIRQ_LAB_ECHO_H

#include <hwirq_helpers.h>

static __always_inline int echo(struct hwirq_md *ctx);
#pragma push_macro("SEC")
#undef SEC
#define SEC(name)
#define LICENSE __attribute__((section("license"), used)) LICENSE
#include "../../../templates/echo/echo.bpf.c"
#undef LICENSE
#pragma pop_macro("SEC")

#endif
