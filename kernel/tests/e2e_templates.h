/* SPDX-License-Identifier: GPL-2.0-only */
/* The cases of e2e_templates.c, for the table in e2e.c */
#ifndef HWIRQ_TESTS_E2E_TEMPLATES_H
#define HWIRQ_TESTS_E2E_TEMPLATES_H

void filter_rules(void);
void filter_reload(void);
void filter_refusals(void);
void filter_toggle(void);
void logger_frames(void);
void logger_pass(void);
void logger_burst(void);
void logger_pcapng(void);
void logger_queues(void);
void logger_undone(void);
void logger_ends(void);

#endif
