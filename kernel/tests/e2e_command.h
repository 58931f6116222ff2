/* SPDX-License-Identifier: GPL-2.0-only */
/* The cases of e2e_command.c, for the table in e2e.c */
#ifndef HWIRQ_TESTS_E2E_COMMAND_H
#define HWIRQ_TESTS_E2E_COMMAND_H

void command_verbs(void);
void command_ring(void);
void command_all_or_nothing(void);

#endif
