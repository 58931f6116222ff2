// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BPF_MAP_TYPE_HWIRQ_RINGBUF: records from the interrupt handler to user space. */
#include "expect.h"

HWIRQ_RULE(ring_records,
	   "A record that was reserved is submitted or discarded on each path, once, and not touched afterwards.",
	   "There is one reservation at a time: one that is lost stops the ring for good, and one that is written to after it was submitted changes under the consumer's eyes.",
	   "Check the result of bpf_ringbuf_reserve() for NULL, fill the record, submit it right there.")

HWIRQ_RULE(ring_bounds,
	   "A record has a constant size, and nothing beyond it is accessed.",
	   "What is behind it in the ring belongs to the consumer.",
	   "bpf_ringbuf_output() takes a variable size.")

HWIRQ_RULE(ring_output,
	   "bpf_ringbuf_output() and bpf_xdp_load_bytes() copy from and to memory whose bounds are known; they cost 1 for each 8 bytes that the size may reach.",
	   "Their time grows with the bytes that they copy.",
	   "Compare the size with a constant first; compare what is copied of the frame with data_end.")

HWIRQ_RULE(ring_map,
	   "The ring map is for hwirq programs alone, and they have no other ring.",
	   "Its producer is the interrupt handler of one queue, which takes no lock against others.",
	   "BPF_MAP_TYPE_RINGBUF in other programs, BPF_MAP_TYPE_HWIRQ_RINGBUF in hwirq programs.")

HWIRQ_RULE(ring_attributes,
	   "A ring map has max_entries bytes, a power of 2 and a multiple of the page size, at most 64 MiB, and no keys, values or flags but BPF_F_NUMA_NODE.",
	   "Positions become addresses by a mask, without a division or a branch in hard IRQ.",
	   "HWIRQ_RING(name, bytes) from hwirq_helpers.h.")

struct {
	__uint(type, 62);
	__uint(max_entries, 4096);
} ring SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} stock SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} settings SEC(".maps");

#define RINGS	HWIRQ_LOAD("maps=ring,second")

#define CALL_OUTPUT	"call 130;"
#define CALL_RESERVE	"call 131;"
#define CALL_SUBMIT	"call 132;"
#define CALL_DISCARD	"call 133;"
#define CALL_QUERY	"call 134;"
#define CALL_LOAD_BYTES	"call 189;"

#define ASM(code...)	asm volatile(code :: IMM_ADDR(ring), IMM_ADDR(second) : __clobber_all)

/* R6 = a record of 16 bytes, or leave with HWIRQ_PASS */
#define RESERVE_UNCHECKED(ring, size)						\
	"r1 = %[" #ring "] ll; r2 = " #size "; r3 = 0;" CALL_RESERVE
#define COST_RESERVE	1 + 1 + 1 + 1 + 40
#define RESERVE									\
	RESERVE_UNCHECKED(ring, 16)						\
	"if r0 != 0 goto +2;" PASS						\
	"r6 = r0;"
#define SUBMIT	"r1 = r6; r2 = 0;" CALL_SUBMIT
#define COST_SUBMIT	1 + 1 + 1 + 250

/* Records */

HWIRQ_ACCEPTED(ring_records, COST_RESERVE + 1 + 1 + 1 + COST_SUBMIT + 2) RINGS
SEC("hwirq") __naked int submitted(void)
{
	ASM(RESERVE "*(u64 *)(r6 + 8) = r6;" SUBMIT PASS);
}

HWIRQ_ACCEPTED(helpers, COST_RESERVE + 1 + 1 + COST_SUBMIT + 2) RINGS
HWIRQ_COVERS("BPF_FUNC_ringbuf_reserve")
SEC("hwirq") __naked int call_reserve(void)
{
	ASM(RESERVE SUBMIT PASS);
}

HWIRQ_ACCEPTED(helpers, COST_RESERVE + 1 + 1 + COST_SUBMIT + 2) RINGS
HWIRQ_COVERS("BPF_FUNC_ringbuf_submit")
SEC("hwirq") __naked int call_submit(void)
{
	ASM(RESERVE SUBMIT PASS);
}

HWIRQ_ACCEPTED(helpers, COST_RESERVE + 1 + 1 + 1 + 1 + 1 + 250 + 2) RINGS
HWIRQ_COVERS("BPF_FUNC_ringbuf_discard")
SEC("hwirq") __naked int call_discard(void)
{
	ASM(RESERVE "r1 = r6; r2 = 0;" CALL_DISCARD PASS);
}

HWIRQ_REFUSED(ring_records, EINVAL,
	      "Unreleased reference id=2 alloc_insn=4") RINGS
SEC("hwirq") __naked int leaked(void)
{
	ASM(RESERVE PASS);
}

HWIRQ_REFUSED(ring_records, EINVAL,
	      "Unreleased reference id=2 alloc_insn=5") RINGS
SEC("hwirq") __naked int leaked_on_one_path(void)
{
	ASM("r7 = *(u32 *)(r1 + 12);" RESERVE "if r7 == 3 goto +3;" SUBMIT PASS);
}

HWIRQ_ACCEPTED(ring_records, 4 + COST_RESERVE + 1 + 1 + 1 + COST_SUBMIT + 2) RINGS
SEC("hwirq") __naked int submitted_or_discarded(void)
{
	ASM("r7 = *(u32 *)(r1 + 12);" RESERVE "if r7 == 3 goto +5;" SUBMIT PASS
	    "r1 = r6; r2 = 0;" CALL_DISCARD PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "R1 type=scalar expected=ringbuf_mem") RINGS
SEC("hwirq") __naked int submitted_twice(void)
{
	ASM(RESERVE SUBMIT SUBMIT PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "R1 type=scalar expected=ringbuf_mem") RINGS
SEC("hwirq") __naked int discarded_after_submit(void)
{
	ASM(RESERVE SUBMIT "r1 = r6; r2 = 0;" CALL_DISCARD PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "R6 invalid mem access 'scalar'") RINGS
SEC("hwirq") __naked int written_after_submit(void)
{
	ASM(RESERVE SUBMIT "r1 = 0; *(u64 *)(r6 + 0) = r1;" PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "R6 invalid mem access 'scalar'") RINGS
SEC("hwirq") __naked int read_after_submit(void)
{
	ASM(RESERVE SUBMIT "r0 = *(u64 *)(r6 + 0);" PASS);
}

/* Also not through a copy on the stack */
HWIRQ_REFUSED(ring_records, EACCES,
	      "R1 invalid mem access 'scalar'") RINGS
SEC("hwirq") __naked int copy_after_submit(void)
{
	ASM(RESERVE "*(u64 *)(r10 - 8) = r6;" SUBMIT "r1 = *(u64 *)(r10 - 8); r0 = *(u64 *)(r1 + 0);" PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "R6 invalid mem access 'ringbuf_mem_or_null'") RINGS
SEC("hwirq") __naked int null_not_checked(void)
{
	ASM(RESERVE_UNCHECKED(ring, 16) "r6 = r0; r1 = 0; *(u64 *)(r6 + 0) = r1;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "R1 type=ringbuf_mem_or_null expected=ringbuf_mem") RINGS
SEC("hwirq") __naked int null_submitted(void)
{
	ASM(RESERVE_UNCHECKED(ring, 16) "r6 = r0;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_records, EINVAL,
	      "R1 must have zero offset when passed to release func or trusted arg to kfunc") RINGS
SEC("hwirq") __naked int part_submitted(void)
{
	ASM(RESERVE "r6 += 8;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_records, EACCES,
	      "helper access to the packet is not allowed") RINGS
SEC("hwirq") __naked int frame_submitted(void)
{
	ASM(PARSE(14) "r6 = r2;" SUBMIT PASS);
}

/* Two at a time are no matter of safety: the second is NULL when it runs. */
HWIRQ_ACCEPTED(ring_records, 2 * (COST_RESERVE) + 1 + 1 + 1 + 1 + 2 * (COST_SUBMIT) + 2) RINGS
SEC("hwirq") __naked int of_two_rings(void)
{
	ASM(RESERVE RESERVE_UNCHECKED(second, 8)
	    "if r0 == 0 goto +4;"
	    "r7 = r0; r1 = r7; r2 = 0;" CALL_SUBMIT
	    SUBMIT PASS);
}

/* The function that reserves need not be the one that submits. */
static __attribute__((noinline, used, naked)) int submit_it(void)
{
	asm volatile("r2 = 0;" CALL_SUBMIT "r0 = 0; exit;");
}

HWIRQ_ACCEPTED(ring_records, COST_RESERVE + 1 + 1 + 1 + 1 + (1 + 1 + 250 + 2) + 2) RINGS
SEC("hwirq") __naked int submitted_by_function(void)
{
	asm volatile(RESERVE "r1 = r6; call %[submit_it];" PASS
		     :: IMM_ADDR(ring), IMM(submit_it) : __clobber_all);
}

/* Sizes */

HWIRQ_ACCEPTED(ring_bounds, COST_RESERVE + 1 + 1 + 1 + 1 + COST_SUBMIT + 2) RINGS
SEC("hwirq") __naked int write_last_byte(void)
{
	ASM(RESERVE "r1 = 0; *(u8 *)(r6 + 15) = r1;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_bounds, EACCES,
	      "invalid access to memory, mem_size=16 off=16 size=1") RINGS
SEC("hwirq") __naked int write_past_record(void)
{
	ASM(RESERVE "r1 = 0; *(u8 *)(r6 + 16) = r1;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_bounds, EACCES,
	      "invalid access to memory, mem_size=16 off=12 size=8") RINGS
SEC("hwirq") __naked int write_across_end(void)
{
	ASM(RESERVE "r1 = 0; *(u64 *)(r6 + 12) = r1;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_bounds, EACCES,
	      "invalid access to memory, mem_size=16 off=16 size=1") RINGS
SEC("hwirq") __naked int read_past_record(void)
{
	ASM(RESERVE "r1 = *(u8 *)(r6 + 16);" SUBMIT PASS);
}

/* The header */
HWIRQ_REFUSED(ring_bounds, EACCES,
	      "invalid access to memory, mem_size=16 off=-16 size=4") RINGS
SEC("hwirq") __naked int write_before_record(void)
{
	ASM(RESERVE "r1 = 0; *(u32 *)(r6 - 16) = r1;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_bounds, EACCES,
	      "R1 unbounded memory access, make sure to bounds check any such access") RINGS
SEC("hwirq") __naked int write_at_variable(void)
{
	ASM("r7 = *(u32 *)(r1 + 12);" RESERVE "r1 = r6; r1 += r7; r2 = 0; *(u8 *)(r1 + 0) = r2;" SUBMIT PASS);
}

HWIRQ_ACCEPTED(ring_bounds, 4 + 1 + COST_RESERVE + 1 + 1 + 4 + COST_SUBMIT + 2) RINGS
SEC("hwirq") __naked int write_at_bounded_variable(void)
{
	ASM("r7 = *(u32 *)(r1 + 12); r7 &= 15;" RESERVE "r1 = r6; r1 += r7; r2 = 0; *(u8 *)(r1 + 0) = r2;" SUBMIT PASS);
}

HWIRQ_REFUSED(ring_bounds, EACCES,
	      "R2 is not a known constant'") RINGS
SEC("hwirq") __naked int variable_size(void)
{
	ASM("r2 = *(u32 *)(r1 + 12); r2 &= 15;"
	    "r1 = %[ring] ll; r3 = 0;" CALL_RESERVE "if r0 != 0 goto +2;" PASS "r6 = r0;" SUBMIT PASS);
}

/* Output, and loading from the frame */

#define OUTPUT(size)								\
	"r1 = %[ring] ll; r2 = r10; r2 += -512; r3 = " #size "; r4 = 0;" CALL_OUTPUT
#define OUTPUT_COST(size)							\
	HWIRQ_ACCEPTED(ring_output, 5 + 1 + 290 + size / 8 + 2) RINGS		\
	SEC("hwirq") __naked int output_##size(void)				\
	{									\
		ASM(OUTPUT(size) PASS);						\
	}
OUTPUT_COST(0)
OUTPUT_COST(8)
OUTPUT_COST(64)
OUTPUT_COST(512)

HWIRQ_ACCEPTED(helpers, 5 + 1 + 290 + 16 / 8 + 2) RINGS
HWIRQ_COVERS("BPF_FUNC_ringbuf_output")
SEC("hwirq") __naked int call_output(void)
{
	ASM(OUTPUT(16) PASS);
}

HWIRQ_REFUSED(ring_output, EINVAL,
	      "invalid indirect access to stack R2 off=-512 size=520") RINGS
SEC("hwirq") __naked int output_past_stack(void)
{
	ASM(OUTPUT(520) PASS);
}

HWIRQ_ACCEPTED(ring_output, 11 + 1 + 1 + 1 + 1 + 290 + 64 / 8 + 2) RINGS
SEC("hwirq") __naked int output_frame(void)
{
	ASM(PARSE(64) "r1 = %[ring] ll; r3 = 64; r4 = 0;" CALL_OUTPUT PASS);
}

HWIRQ_REFUSED(ring_output, EACCES,
	      "invalid access to packet, off=0 size=65, R2(id=0,off=0,r=64)") RINGS
SEC("hwirq") __naked int output_past_frame(void)
{
	ASM(PARSE(64) "r1 = %[ring] ll; r3 = 65; r4 = 0;" CALL_OUTPUT PASS);
}

HWIRQ_ACCEPTED(ring_output, 4 + 1 + 4 + 1 + 290 + 63 / 8 + 2) RINGS
SEC("hwirq") __naked int output_variable(void)
{
	ASM("r3 = *(u32 *)(r1 + 12); r3 &= 63;"
	    "r1 = %[ring] ll; r2 = r10; r2 += -64; r4 = 0;" CALL_OUTPUT PASS);
}

HWIRQ_REFUSED(ring_output, EACCES,
	      "R3 unbounded memory access, use 'var &= const' or 'if (var < const)'") RINGS
SEC("hwirq") __naked int output_unbounded(void)
{
	ASM("r3 = *(u32 *)(r1 + 12);"
	    "r1 = %[ring] ll; r2 = r10; r2 += -64; r4 = 0;" CALL_OUTPUT PASS);
}

HWIRQ_REFUSED(ring_output, EACCES,
	      "R2 type=ctx expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_") RINGS
SEC("hwirq") __naked int output_context(void)
{
	ASM("r2 = r1; r1 = %[ring] ll; r3 = 8; r4 = 0;" CALL_OUTPUT PASS);
}

#define LOAD_BYTES(size)							\
	"r2 = 0; r3 = r10; r3 += -512; r4 = " #size ";" CALL_LOAD_BYTES
#define LOAD_BYTES_COST(size)							\
	HWIRQ_ACCEPTED(ring_output, 4 + 1 + 30 + size / 8 + 2)			\
	HWIRQ_LOAD("maps=none")							\
	SEC("hwirq") __naked int load_bytes_##size(void)			\
	{									\
		asm volatile(LOAD_BYTES(size) PASS ::: __clobber_all);		\
	}
LOAD_BYTES_COST(1)
LOAD_BYTES_COST(64)
LOAD_BYTES_COST(512)

HWIRQ_ACCEPTED(helpers, 4 + 1 + 30 + 14 / 8 + 2)
HWIRQ_COVERS("BPF_FUNC_xdp_load_bytes") HWIRQ_LOAD("maps=none")
SEC("hwirq") __naked int call_load_bytes(void)
{
	asm volatile(LOAD_BYTES(14) PASS ::: __clobber_all);
}

HWIRQ_REFUSED(ring_output, EINVAL,
	      "invalid indirect access to stack R3 off=-512 size=513") HWIRQ_LOAD("maps=none")
SEC("hwirq") __naked int load_bytes_past_stack(void)
{
	asm volatile(LOAD_BYTES(513) PASS ::: __clobber_all);
}

HWIRQ_REFUSED(ring_output, EACCES,
	      "R4 invalid zero-sized read: u64=[0,0]") HWIRQ_LOAD("maps=none")
SEC("hwirq") __naked int load_no_bytes(void)
{
	asm volatile(LOAD_BYTES(0) PASS ::: __clobber_all);
}

HWIRQ_REFUSED(ring_output, EACCES,
	      "R4 invalid zero-sized read: u64=[0,4294967295]") HWIRQ_LOAD("maps=none")
SEC("hwirq") __naked int load_bytes_unbounded(void)
{
	asm volatile("r4 = *(u32 *)(r1 + 12);"
		     "r2 = 0; r3 = r10; r3 += -512;" CALL_LOAD_BYTES PASS ::: __clobber_all);
}

/* Right into a record, at an offset that nobody has checked: the helper does. */
HWIRQ_ACCEPTED(ring_output, 1 + 4 + COST_RESERVE + 1 + 1 + 4 + 1 + 30 + 16 / 8 + COST_SUBMIT + 2) RINGS
SEC("hwirq") __naked int load_bytes_into_record(void)
{
	ASM("r8 = r1; r7 = *(u32 *)(r1 + 12);" RESERVE
	    "r1 = r8; r2 = r7; r3 = r6; r4 = 16;" CALL_LOAD_BYTES SUBMIT PASS);
}

HWIRQ_REFUSED(ring_output, EACCES,
	      "invalid access to memory, mem_size=16 off=0 size=17") RINGS
SEC("hwirq") __naked int load_bytes_past_record(void)
{
	ASM("r8 = r1;" RESERVE
	    "r1 = r8; r2 = 0; r3 = r6; r4 = 17;" CALL_LOAD_BYTES SUBMIT PASS);
}

HWIRQ_ACCEPTED(helpers, 2 + 1 + 40 + 2) RINGS
HWIRQ_COVERS("BPF_FUNC_ringbuf_query")
SEC("hwirq") __naked int call_query(void)
{
	ASM("r1 = %[ring] ll; r2 = 0;" CALL_QUERY PASS);
}

/* The map */

HWIRQ_ACCEPTED(ring_map, 5 + 1 + 290 + 8 / 8 + 2) RINGS
SEC("hwirq") __naked int hwirq_ring_in_hwirq(void)
{
	ASM(OUTPUT(8) PASS);
}

HWIRQ_REFUSED(ring_map, EINVAL,
	      "hwirq programs cannot use map 'stock' of type BPF_MAP_TYPE_RINGBUF: its producers are not made for hard interrupt context; use BPF_MAP_TYPE_HWIRQ_RINGBUF") HWIRQ_LOAD("maps=stock")
SEC("hwirq") __naked int stock_ring_in_hwirq(void)
{
	asm volatile("r1 = %[stock] ll; r2 = r10; r2 += -8; r3 = 8; r4 = 0;" CALL_OUTPUT PASS
		     :: IMM_ADDR(stock) : __clobber_all);
}

HWIRQ_REFUSED(ring_map, EINVAL,
	      "hwirq programs cannot pass map 'settings' to bpf_ringbuf_output(): it takes a map of type BPF_MAP_TYPE_HWIRQ_RINGBUF") HWIRQ_LOAD("maps=settings") HWIRQ_LOAD("freeze=settings")
SEC("hwirq") __naked int array_as_ring(void)
{
	asm volatile("r1 = %[settings] ll; r2 = r10; r2 += -8; r3 = 8; r4 = 0;" CALL_OUTPUT PASS
		     :: IMM_ADDR(settings) : __clobber_all);
}

#define IN_OTHER_TYPE(name, section)						\
	HWIRQ_ACCEPTED_UNCOUNTED(ring_map) HWIRQ_LOAD("maps=stock")		\
	SEC(section) __naked int stock_ring_in_##name(void)			\
	{									\
		asm volatile("r1 = 0; *(u64 *)(r10 - 8) = r1;"			\
			     "r1 = %[stock] ll; r2 = r10; r2 += -8; r3 = 8; r4 = 0;" CALL_OUTPUT \
			     "r0 = 0; exit;" :: IMM_ADDR(stock) : __clobber_all); \
	}									\
	HWIRQ_REFUSED(ring_map, EINVAL,						\
		      "only hwirq programs can use map 'ring' of type BPF_MAP_TYPE_HWIRQ_RINGBUF: its producer is the interrupt handler of one queue; use BPF_MAP_TYPE_RINGBUF") \
	RINGS									\
	SEC(section) __naked int hwirq_ring_in_##name(void)			\
	{									\
		asm volatile("r1 = 0; *(u64 *)(r10 - 8) = r1;"			\
			     "r1 = %[ring] ll; r2 = r10; r2 += -8; r3 = 8; r4 = 0;" CALL_OUTPUT \
			     "r0 = 0; exit;" :: IMM_ADDR(ring) : __clobber_all); \
	}
IN_OTHER_TYPE(xdp, "xdp")
IN_OTHER_TYPE(tc, "tc")
IN_OTHER_TYPE(socket_filter, "socket")
IN_OTHER_TYPE(kprobe, "kprobe")
IN_OTHER_TYPE(tracepoint, "tracepoint")
IN_OTHER_TYPE(raw_tracepoint, "raw_tracepoint")
IN_OTHER_TYPE(perf_event, "perf_event")
IN_OTHER_TYPE(cgroup_skb, "cgroup_skb/egress")
IN_OTHER_TYPE(syscall, "syscall")

HWIRQ_REFUSED(map_pointer, EACCES,
	      "hwirq programs cannot access 'struct hwirq_ringbuf_map' of map 'ring': a load through it may fault; read the value of the map") RINGS
SEC("hwirq") __naked int read_struct_of_ring(void)
{
	ASM("r1 = %[ring] ll; r0 = *(u32 *)(r1 + 0);" PASS);
}

/* Attributes */

#define BAD_RING(name, entries, flags, error, message)				\
	struct {								\
		__uint(type, 62);						\
		__uint(max_entries, entries);					\
		__uint(map_flags, flags);					\
	} name SEC(".maps");							\
	HWIRQ_REFUSED_BY_KERNEL_LOG(ring_attributes, error, message)		\
	HWIRQ_LOAD("maps=" #name)						\
	SEC("hwirq") __naked int use_##name(void)				\
	{									\
		asm volatile("r1 = %[" #name "] ll;" PASS :: IMM_ADDR(name) : __clobber_all); \
	}
#define GOOD_RING(name, entries, flags)						\
	struct {								\
		__uint(type, 62);						\
		__uint(max_entries, entries);					\
		__uint(map_flags, flags);					\
	} name SEC(".maps");							\
	HWIRQ_ACCEPTED(ring_attributes, 1 + 2)					\
	HWIRQ_LOAD("maps=" #name)						\
	SEC("hwirq") __naked int use_##name(void)				\
	{									\
		asm volatile("r1 = %[" #name "] ll;" PASS :: IMM_ADDR(name) : __clobber_all); \
	}
GOOD_RING(one_page, 4096, 0)
GOOD_RING(on_node_0, 4096, BPF_F_NUMA_NODE)
GOOD_RING(large, 1 << 20, 0)
BAD_RING(no_entries, 0, 0, EINVAL, "hwirq: ring map refused: max_entries 0 must be a power of 2 and a multiple of the page size, 4096")
BAD_RING(half_a_page, 2048, 0, EINVAL, "hwirq: ring map refused: max_entries 2048 must be a power of 2 and a multiple of the page size, 4096")
BAD_RING(three_pages, 12288, 0, EINVAL, "hwirq: ring map refused: max_entries 12288 must be a power of 2 and a multiple of the page size, 4096")
BAD_RING(too_large, 1 << 27, 0, E2BIG, "hwirq: ring map refused: max_entries 134217728 is more than 67108864 bytes")
BAD_RING(mmapable, 4096, BPF_F_MMAPABLE, EINVAL, "hwirq: ring map refused: map_flags 0x400, only BPF_F_NUMA_NODE is allowed")
BAD_RING(read_only, 4096, BPF_F_RDONLY_PROG, EINVAL, "hwirq: ring map refused: map_flags 0x80, only BPF_F_NUMA_NODE is allowed")

struct {
	__uint(type, 62);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4096);
} with_keys SEC(".maps");
HWIRQ_REFUSED_BY_KERNEL_LOG(ring_attributes, EINVAL, "hwirq: ring map refused: key_size 4 and value_size 8 must be 0")
HWIRQ_LOAD("maps=with_keys")
SEC("hwirq") __naked int use_with_keys(void)
{
	asm volatile("r1 = %[with_keys] ll;" PASS :: IMM_ADDR(with_keys) : __clobber_all);
}
