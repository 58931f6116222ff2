// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps: one program for each type that the kernel has. */
#include "expect.h"

HWIRQ_RULE_OVER(map_types, "bpf_map_type BPF_MAP_TYPE_",
	   "No map made for other contexts can be used: of all types only the frozen array behind .rodata, and BPF_MAP_TYPE_HWIRQ_RINGBUF, are accepted.",
	   "The interrupt may have hit the same CPU in the middle of an update of the map, in softirq or process context. Its locks would deadlock, and without them what it reads is half written.",
	   "Put settings into const volatile variables (.rodata); replace the program through its link to change them. Send what the program finds to user space by a ring of type BPF_MAP_TYPE_HWIRQ_RINGBUF.")

HWIRQ_RULE(map_constant,
	   "Data comes from an array with one entry, read-only for the program and frozen by user space: const volatile variables.",
	   "What nobody can write any more is consistent in any context, and the verifier knows its values.",
	   "const volatile variables, which libbpf puts into such an array; explicit maps need BPF_F_RDONLY_PROG and bpf_map_freeze().")

HWIRQ_RULE(map_fields,
	   "A map whose value holds a lock, a timer, a work queue or a kernel pointer cannot be used.",
	   "They are there to share the value with other contexts, by spinning, sleeping or running code later.",
	   "Plain const volatile data; leave such work to the network stack, return HWIRQ_PASS.")

HWIRQ_RULE(map_pointer,
	   "The value of a map can be read, the kernel's structure of the map cannot.",
	   "The structure leads to pointers whose loads may fault, and a fault has no place in the interrupt handler.",
	   "Read the value.")

#define USE(map)								\
	SEC("hwirq") __naked int use_##map(void)				\
	{									\
		asm volatile("r1 = %[" #map "] ll;" PASS :: IMM_ADDR(map) : __clobber_all); \
	}

#define PRODUCERS "its producers are not made for hard interrupt context; use BPF_MAP_TYPE_HWIRQ_RINGBUF"
#define DESIGNED "its consistency is designed for softirq and process context; use const volatile data (.rodata)"

/* The kernel cuts names off after 15 characters. */
#define REFUSED_TYPE(map, TYPE)		REFUSED_TYPE_AS(map, #map, TYPE, DESIGNED)
#define REFUSED_TYPE_AS(map, name, TYPE, reason)				\
	HWIRQ_REFUSED(map_types, EINVAL, "hwirq programs cannot use map '" name	\
		      "' of type BPF_MAP_TYPE_" #TYPE ": " reason)		\
	HWIRQ_LOAD("maps=" #map)						\
	HWIRQ_COVERS("BPF_MAP_TYPE_" #TYPE)					\
	USE(map)

#define MAP_4_8(map, number, flags)						\
	struct {								\
		__uint(type, number);						\
		__uint(key_size, 4);						\
		__uint(value_size, 8);						\
		__uint(max_entries, 4);						\
		__uint(map_flags, flags);					\
	} map SEC(".maps");
#define MAP_4_4(map, number)							\
	struct {								\
		__uint(type, number);						\
		__uint(key_size, 4);						\
		__uint(value_size, 4);						\
		__uint(max_entries, 4);						\
	} map SEC(".maps");
#define MAP_0_8(map, number)							\
	struct {								\
		__uint(type, number);						\
		__uint(key_size, 0);						\
		__uint(value_size, 8);						\
		__uint(max_entries, 4);						\
	} map SEC(".maps");
#define MAP_0_0(map, number, entries, flags)					\
	struct {								\
		__uint(type, number);						\
		__uint(max_entries, entries);					\
		__uint(map_flags, flags);					\
	} map SEC(".maps");
/* Storage that belongs to an object of the kernel */
#define MAP_LOCAL(map, number)							\
	struct {								\
		__uint(type, number);						\
		__type(key, int);						\
		__type(value, long);						\
		__uint(map_flags, BPF_F_NO_PREALLOC);				\
	} map SEC(".maps");
#define MAP_CGROUP(map, number)							\
	struct {								\
		__uint(type, number);						\
		__type(key, __u64);						\
		__type(value, long);						\
	} map SEC(".maps");

/* Types by number: the headers of the distribution need not know all. */
MAP_4_8(hash, 1, 0)			REFUSED_TYPE(hash, HASH)
MAP_4_8(array, 2, BPF_F_RDONLY_PROG)
MAP_4_4(prog_array, 3)			REFUSED_TYPE(prog_array, PROG_ARRAY)
MAP_4_4(perf_event_array, 4)		REFUSED_TYPE_AS(perf_event_array, "perf_event_arra", PERF_EVENT_ARRAY, PRODUCERS)
MAP_4_8(percpu_hash, 5, 0)		REFUSED_TYPE(percpu_hash, PERCPU_HASH)
MAP_4_8(percpu_array, 6, 0)		REFUSED_TYPE(percpu_array, PERCPU_ARRAY)
MAP_4_8(stack_trace, 7, 0)		REFUSED_TYPE(stack_trace, STACK_TRACE)
MAP_4_4(cgroup_array, 8)		REFUSED_TYPE(cgroup_array, CGROUP_ARRAY)
MAP_4_8(lru_hash, 9, 0)			REFUSED_TYPE(lru_hash, LRU_HASH)
MAP_4_8(lru_percpu_hash, 10, 0)		REFUSED_TYPE(lru_percpu_hash, LRU_PERCPU_HASH)
struct {
	__uint(type, 11);
	__uint(key_size, 8);
	__uint(value_size, 8);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} lpm_trie SEC(".maps");
REFUSED_TYPE(lpm_trie, LPM_TRIE)
struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 1);
};
struct {
	__uint(type, 12);
	__uint(key_size, 4);
	__uint(max_entries, 1);
	__array(values, struct inner);
} array_of_maps SEC(".maps");
REFUSED_TYPE(array_of_maps, ARRAY_OF_MAPS)
struct {
	__uint(type, 13);
	__uint(key_size, 4);
	__uint(max_entries, 1);
	__array(values, struct inner);
} hash_of_maps SEC(".maps");
REFUSED_TYPE(hash_of_maps, HASH_OF_MAPS)
MAP_4_4(devmap, 14)			REFUSED_TYPE(devmap, DEVMAP)
MAP_4_4(sockmap, 15)			REFUSED_TYPE(sockmap, SOCKMAP)
MAP_4_4(cpumap, 16)			REFUSED_TYPE(cpumap, CPUMAP)
MAP_4_4(xskmap, 17)			REFUSED_TYPE(xskmap, XSKMAP)
MAP_4_4(sockhash, 18)			REFUSED_TYPE(sockhash, SOCKHASH)
MAP_CGROUP(cgroup_storage, 19)		REFUSED_TYPE(cgroup_storage, CGROUP_STORAGE)
MAP_4_8(reuseport_sockarray, 20, 0)	REFUSED_TYPE_AS(reuseport_sockarray, "reuseport_socka", REUSEPORT_SOCKARRAY, DESIGNED)
MAP_CGROUP(percpu_cgroup_storage, 21)	REFUSED_TYPE_AS(percpu_cgroup_storage, "percpu_cgroup_s", PERCPU_CGROUP_STORAGE, DESIGNED)
MAP_0_8(queue, 22)			REFUSED_TYPE(queue, QUEUE)
MAP_0_8(stack, 23)			REFUSED_TYPE(stack, STACK)
MAP_LOCAL(sk_storage, 24)		REFUSED_TYPE(sk_storage, SK_STORAGE)
MAP_4_8(devmap_hash, 25, 0)		REFUSED_TYPE(devmap_hash, DEVMAP_HASH)
MAP_0_0(ringbuf, 27, 4096, 0)		REFUSED_TYPE_AS(ringbuf, "ringbuf", RINGBUF, PRODUCERS)
MAP_LOCAL(inode_storage, 28)
HWIRQ_NEEDS("symbol=inode_storage_map_ops") REFUSED_TYPE(inode_storage, INODE_STORAGE)
MAP_LOCAL(task_storage, 29)		REFUSED_TYPE(task_storage, TASK_STORAGE)
MAP_0_8(bloom_filter, 30)		REFUSED_TYPE(bloom_filter, BLOOM_FILTER)
MAP_0_0(user_ringbuf, 31, 4096, 0)	REFUSED_TYPE(user_ringbuf, USER_RINGBUF)
MAP_LOCAL(cgrp_storage, 32)		REFUSED_TYPE(cgrp_storage, CGRP_STORAGE)
MAP_0_0(arena, 33, 1, BPF_F_MMAPABLE)	REFUSED_TYPE(arena, ARENA)

/* Made for hard IRQ; see ring.bpf.c. */
MAP_0_0(hwirq_ring, 62, 4096, 0)
HWIRQ_ACCEPTED(map_types, 1 + 2)
HWIRQ_COVERS("BPF_MAP_TYPE_HWIRQ_RINGBUF")
HWIRQ_LOAD("maps=hwirq_ring")
USE(hwirq_ring)

/* Refused for any program type, and before the rule is asked. */
HWIRQ_REFUSED(map_types, EINVAL, "bpf_struct_ops map cannot be used in prog")
HWIRQ_LOAD("maps=none") HWIRQ_LOAD("struct_ops=tcp_congestion_ops")
HWIRQ_COVERS("BPF_MAP_TYPE_STRUCT_OPS")
SEC("hwirq") __naked int use_struct_ops(void)
{
	asm volatile(LD_MAP_FD(1) PASS);
}

HWIRQ_REFUSED(map_types, EINVAL,
	      "fd 0 is not pointing to valid bpf_map")
HWIRQ_COVERS("BPF_MAP_TYPE_UNSPEC")
HWIRQ_LOAD("maps=none")
SEC("hwirq") __naked int no_map(void)
{
	/* BPF_LD_MAP_FD of 0 */
	asm volatile(INSN(0x18, 1, 1, 0, 0) INSN(0, 0, 0, 0, 0) PASS);
}

/* The one type that is accepted, and what distinguishes its maps. */

#define ARRAY(map, entries, flags)						\
	struct {								\
		__uint(type, BPF_MAP_TYPE_ARRAY);				\
		__type(key, __u32);						\
		__type(value, __u64);						\
		__uint(max_entries, entries);					\
		__uint(map_flags, flags);					\
	} map SEC(".maps");

ARRAY(settings, 1, BPF_F_RDONLY_PROG)
ARRAY(two_entries, 2, BPF_F_RDONLY_PROG)
ARRAY(writable, 1, 0)

HWIRQ_ACCEPTED(map_types, 1 + 2)
HWIRQ_COVERS("BPF_MAP_TYPE_ARRAY")
HWIRQ_LOAD("maps=settings") HWIRQ_LOAD("freeze=settings")
USE(settings)

HWIRQ_ACCEPTED(map_constant, 1 + 2)
HWIRQ_LOAD("maps=settings") HWIRQ_LOAD("freeze=settings")
SEC("hwirq") __naked int frozen(void)
{
	asm volatile("r1 = %[settings] ll;" PASS :: IMM_ADDR(settings) : __clobber_all);
}

HWIRQ_REFUSED(map_constant, EINVAL,
	      "hwirq programs cannot use map 'settings' of type BPF_MAP_TYPE_ARRAY: user space can still write to it; freeze it before loading the program")
HWIRQ_LOAD("maps=settings")
SEC("hwirq") __naked int not_frozen(void)
{
	asm volatile("r1 = %[settings] ll;" PASS :: IMM_ADDR(settings) : __clobber_all);
}

HWIRQ_REFUSED(map_constant, EINVAL,
	      "hwirq programs cannot use map 'two_entries' of type BPF_MAP_TYPE_ARRAY: it has more than one entry; use a const volatile array (.rodata)")
HWIRQ_LOAD("maps=two_entries") HWIRQ_LOAD("freeze=two_entries")
USE(two_entries)

HWIRQ_REFUSED(map_constant, EINVAL,
	      "hwirq programs cannot use map 'writable' of type BPF_MAP_TYPE_ARRAY: it is writable; make its variables const volatile (.rodata)")
HWIRQ_LOAD("maps=writable")
USE(writable)

/* Frozen for user space, but not for the program. */
HWIRQ_REFUSED(map_constant, EINVAL,
	      "hwirq programs cannot use map 'writable' of type BPF_MAP_TYPE_ARRAY: it is writable; make its variables const volatile (.rodata)")
HWIRQ_LOAD("maps=writable") HWIRQ_LOAD("freeze=writable")
SEC("hwirq") __naked int frozen_but_writable(void)
{
	asm volatile("r1 = %[writable] ll;" PASS :: IMM_ADDR(writable) : __clobber_all);
}

/* Fields of the value that the kernel looks after. */

struct locked { struct bpf_spin_lock lock; int value; };
struct timed { struct bpf_timer timer; };
struct pointing { void __attribute__((btf_type_tag("kptr_untrusted"))) *pointer; };
struct bpf_wq { __u64 opaque[2]; } __attribute__((aligned(8)));
struct queued { struct bpf_wq work; };

#define FIELDS(map, struct_name, field)						\
	struct {								\
		__uint(type, BPF_MAP_TYPE_ARRAY);				\
		__type(key, __u32);						\
		__type(value, struct struct_name);				\
		__uint(max_entries, 1);						\
	} map SEC(".maps");							\
	HWIRQ_REFUSED(map_fields, EINVAL, "hwirq programs cannot use map '" #map \
		      "' of type BPF_MAP_TYPE_ARRAY: it holds fields such as locks, timers or kptrs; use const volatile data (.rodata)") \
	HWIRQ_LOAD("maps=" #map)						\
	USE(map)
FIELDS(with_lock, locked, lock)
FIELDS(with_timer, timed, timer)
FIELDS(with_wq, queued, work)

HWIRQ_ACCEPTED(map_fields, 1 + 2)
HWIRQ_LOAD("maps=settings") HWIRQ_LOAD("freeze=settings")
SEC("hwirq") __naked int without_fields(void)
{
	asm volatile("r1 = %[settings] ll;" PASS :: IMM_ADDR(settings) : __clobber_all);
}

/* struct bpf_map */

HWIRQ_REFUSED(map_pointer, EACCES,
	      "hwirq programs cannot access 'struct bpf_array' of map 'settings': a load through it may fault; read the value of the map")
HWIRQ_LOAD("maps=settings") HWIRQ_LOAD("freeze=settings")
SEC("hwirq") __naked int read_struct_bpf_map(void)
{
	asm volatile("r1 = %[settings] ll;"
		     "r0 = *(u32 *)(r1 + 0);" PASS :: IMM_ADDR(settings) : __clobber_all);
}
