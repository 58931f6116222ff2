/* SPDX-License-Identifier: GPL-2.0-only */
/* The cases of e2e_survive.c, for the table in e2e.c */
#ifndef HWIRQ_TESTS_E2E_SURVIVE_H
#define HWIRQ_TESTS_E2E_SURVIVE_H

void attach_faults(void);
void trace_lines(void);
void affinity_moves(void);
void refill_fails(void);
void capture(void);
void packet_rules(void);
void suspend(void);
void unplug(void);
void surprise_removal(void);
void offloads(void);
void afxdp_socket(void);
void tx_napi_stays(void);
void refill_elsewhere(void);
void cycles_in_flood(void);
void observe(void);
void ethtool_stats(void);
void flood_livelock(void);
void flood_pass(void);
void flood_ends(void);
void flood_teardown(void);

/* How many of these flows a program sends back, each of one frame. */
unsigned int answered_flows(unsigned int flows);

#endif
