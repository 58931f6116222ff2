// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * abi_check.c - compare hwirq_abi.h with the <linux/bpf.h> of a patched kernel
 *
 * Compiled, never run. The patched header comes first on the include path; the
 * constants below record what it says before hwirq_abi.h puts its macros over
 * the same names. With -DABI_FIRST the SDK header is included first instead,
 * which only checks that this order compiles, too.
 */
#include <stddef.h>

#ifdef ABI_FIRST
#include "hwirq_abi.h"
#include <linux/bpf.h>
#else
#include <linux/bpf.h>

enum {
	UAPI_PROG_TYPE = BPF_PROG_TYPE_HWIRQ,
	UAPI_ATTACH_TYPE = BPF_HWIRQ,
	UAPI_LINK_TYPE = BPF_LINK_TYPE_HWIRQ,
	UAPI_MAP_TYPE = BPF_MAP_TYPE_HWIRQ_RINGBUF,
	UAPI_ABORTED = HWIRQ_ABORTED,
	UAPI_DROP = HWIRQ_DROP,
	UAPI_PASS = HWIRQ_PASS,
	UAPI_TX = HWIRQ_TX,
	UAPI_ACTION_SIZE = sizeof(enum hwirq_action),
	UAPI_OFF_PRODUCER_POS = HWIRQ_RING_OFF_PRODUCER_POS,
	UAPI_OFF_DROPPED = HWIRQ_RING_OFF_DROPPED,
	UAPI_OFF_RECORDS = HWIRQ_RING_OFF_RECORDS,
};

typedef struct hwirq_md uapi_md;
typedef struct hwirq_ring_hdr uapi_ring_hdr;

#include "hwirq_abi.h"

#define SAME(what, uapi, sdk) \
	_Static_assert((uapi) == (sdk), what ": hwirq_abi.h differs from UAPI")

SAME("BPF_PROG_TYPE_HWIRQ", UAPI_PROG_TYPE, BPF_PROG_TYPE_HWIRQ);
SAME("BPF_HWIRQ", UAPI_ATTACH_TYPE, BPF_HWIRQ);
SAME("BPF_LINK_TYPE_HWIRQ", UAPI_LINK_TYPE, BPF_LINK_TYPE_HWIRQ);
SAME("BPF_MAP_TYPE_HWIRQ_RINGBUF", UAPI_MAP_TYPE, BPF_MAP_TYPE_HWIRQ_RINGBUF);
SAME("HWIRQ_ABORTED", UAPI_ABORTED, (int)HWIRQ_ABORTED);
SAME("HWIRQ_DROP", UAPI_DROP, (int)HWIRQ_DROP);
SAME("HWIRQ_PASS", UAPI_PASS, (int)HWIRQ_PASS);
SAME("HWIRQ_TX", UAPI_TX, (int)HWIRQ_TX);
SAME("enum hwirq_action", (size_t)UAPI_ACTION_SIZE, sizeof(enum hwirq_action));

#define SAME_TYPE(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define SAME_FIELD(uapi, sdk, f)						\
	_Static_assert(SAME_TYPE(((uapi *)0)->f, ((sdk *)0)->f) &&		\
		       offsetof(uapi, f) == offsetof(sdk, f),			\
		       #sdk "." #f ": hwirq_abi.h differs from UAPI")

SAME("struct hwirq_md", sizeof(uapi_md), sizeof(struct hwirq_md));
SAME_FIELD(uapi_md, struct hwirq_md, data);
SAME_FIELD(uapi_md, struct hwirq_md, data_end);
SAME_FIELD(uapi_md, struct hwirq_md, ingress_ifindex);
SAME_FIELD(uapi_md, struct hwirq_md, rx_queue_index);
SAME_FIELD(uapi_md, struct hwirq_md, timestamp);

SAME("HWIRQ_RING_OFF_PRODUCER_POS", UAPI_OFF_PRODUCER_POS, HWIRQ_RING_OFF_PRODUCER_POS);
SAME("HWIRQ_RING_OFF_DROPPED", UAPI_OFF_DROPPED, HWIRQ_RING_OFF_DROPPED);
SAME("HWIRQ_RING_OFF_RECORDS", UAPI_OFF_RECORDS, HWIRQ_RING_OFF_RECORDS);
SAME("struct hwirq_ring_hdr", sizeof(uapi_ring_hdr), sizeof(struct hwirq_ring_hdr));
SAME_FIELD(uapi_ring_hdr, struct hwirq_ring_hdr, len);
SAME_FIELD(uapi_ring_hdr, struct hwirq_ring_hdr, pg_off);
SAME_FIELD(uapi_ring_hdr, struct hwirq_ring_hdr, seq);

/* The queue travels in target_btf_id: same place, same width. */
typedef union bpf_attr attr;
SAME("link_create.hwirq.queue_plus1",
     offsetof(attr, link_create.hwirq.queue_plus1),
     offsetof(attr, link_create.target_btf_id));
SAME("link_create.hwirq.queue_plus1 size",
     sizeof(((attr *)0)->link_create.hwirq.queue_plus1),
     sizeof(((attr *)0)->link_create.target_btf_id));

/* The SDK reads link info at the place of the union's other members. */
typedef __typeof__(((struct bpf_link_info *)0)->hwirq) uapi_link_info;
SAME("bpf_link_info.hwirq", offsetof(struct bpf_link_info, hwirq),
     offsetof(struct bpf_link_info, xdp));
SAME("bpf_link_info.hwirq size", sizeof(uapi_link_info),
     sizeof(struct hwirq_sdk_link_info));
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, ifindex);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, queue_plus1);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, mode);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, nr_queues);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, irqs);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, aborted);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, drop);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, pass);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, tx);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, hardirq_packets);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, napi_packets);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, ns_total);
SAME_FIELD(uapi_link_info, struct hwirq_sdk_link_info, ns_max);
#endif /* ABI_FIRST */

int abi_check(void);

int abi_check(void)
{
	struct hwirq_md md = { .timestamp = HWIRQ_QUEUE_PLUS1(HWIRQ_ALL_QUEUES) };
	enum hwirq_action action = HWIRQ_ABORTED;

	return (int)md.timestamp + (int)action;
}
