// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How a program is loaded: flags, attach type, capabilities, limits. */
#include "expect.h"

HWIRQ_RULE(program_flags,
	   "Of the program flags, only BPF_F_STRICT_ALIGNMENT, BPF_F_TEST_STATE_FREQ and BPF_F_TEST_REG_INVARIANTS are accepted.",
	   "The others have no meaning in hard IRQ, or insert instructions that the cost of the path does not include; a sleeping interrupt handler is a dead machine.",
	   "Clear them.")

HWIRQ_RULE_OVER(attach_type, "bpf_attach_type BPF_",
	   "expected_attach_type is BPF_HWIRQ.",
	   "A program that was written for another hook expects other verdicts.",
	   "SEC(\"hwirq\") with hwirq_user.h, which sets it.")

HWIRQ_RULE(load_privileges,
	   "Loading needs CAP_BPF and CAP_NET_ADMIN in the initial user namespace.",
	   "Time in hard IRQ belongs to the host; no container can account for it, so none can be given it.",
	   "Load on the host, and hand the link to the container if it needs it.")

HWIRQ_RULE(path_limit_sysctl,
	   "The limit that counts is that of kernel.bpf_hwirq_max_path at the time of loading.",
	   "How long an interrupt may be held off is the administrator's decision.",
	   "Shorten the path, or ask for a higher limit.")

HWIRQ_RULE(jit,
	   "The JIT compiles each program; none is interpreted.",
	   "The cost of a path says nothing about the time that the interpreter takes.",
	   "Set net.core.bpf_jit_enable to 1.")

/* Flags */

#define LOAD_WITH(name, flags)							\
	HWIRQ_LOAD("flags=" #flags)						\
	SEC("hwirq") __naked int name(void)					\
	{									\
		asm volatile(PASS);						\
	}
#define REFUSED_FLAGS(name, flags)						\
	HWIRQ_REFUSED(program_flags, EINVAL, "hwirq programs cannot use prog_flags " #flags "; clear them") \
	LOAD_WITH(name, flags)
#define UNKNOWN_FLAG(flags)							\
	HWIRQ_REFUSED_BEFORE_LOG(program_flags, EINVAL)				\
	LOAD_WITH(flag_##flags, flags)

HWIRQ_ACCEPTED(program_flags, 2) LOAD_WITH(no_flags, 0x0)
HWIRQ_ACCEPTED(program_flags, 2) LOAD_WITH(strict_alignment, 0x1)
HWIRQ_ACCEPTED(program_flags, 2) LOAD_WITH(test_state_freq, 0x8)
HWIRQ_ACCEPTED(program_flags, 2) LOAD_WITH(test_reg_invariants, 0x80)
HWIRQ_ACCEPTED(program_flags, 2) LOAD_WITH(all_accepted_flags, 0x89)
REFUSED_FLAGS(any_alignment, 0x2)
REFUSED_FLAGS(test_rnd_hi32, 0x4)
REFUSED_FLAGS(sleepable, 0x10)
REFUSED_FLAGS(xdp_has_frags, 0x20)
REFUSED_FLAGS(xdp_dev_bound_only, 0x40)
REFUSED_FLAGS(all_refused_flags, 0x76)

/* Those that are accepted are not complained about. */
HWIRQ_REFUSED(program_flags, EINVAL, "hwirq programs cannot use prog_flags 0x10; clear them")
LOAD_WITH(sleepable_and_strict, 0x11)

/* Unknown to the kernel, whatever the type of the program */
UNKNOWN_FLAG(0x100)
UNKNOWN_FLAG(0x200)
UNKNOWN_FLAG(0x400)
UNKNOWN_FLAG(0x800)
UNKNOWN_FLAG(0x1000)
UNKNOWN_FLAG(0x2000)
UNKNOWN_FLAG(0x4000)
UNKNOWN_FLAG(0x8000)
UNKNOWN_FLAG(0x20000)
UNKNOWN_FLAG(0x40000)
UNKNOWN_FLAG(0x80000)
UNKNOWN_FLAG(0x100000)
UNKNOWN_FLAG(0x200000)
UNKNOWN_FLAG(0x400000)
UNKNOWN_FLAG(0x800000)
UNKNOWN_FLAG(0x1000000)
UNKNOWN_FLAG(0x2000000)
UNKNOWN_FLAG(0x4000000)
UNKNOWN_FLAG(0x8000000)
UNKNOWN_FLAG(0x10000000)
UNKNOWN_FLAG(0x20000000)
UNKNOWN_FLAG(0x40000000)
UNKNOWN_FLAG(0x80000000)

/* A token that is none */
HWIRQ_REFUSED_BEFORE_LOG(program_flags, EINVAL)
LOAD_WITH(token_of_no_token, 0x10000)

/* Offloaded to a device */
HWIRQ_REFUSED_BEFORE_LOG(program_flags, EINVAL)
HWIRQ_LOAD("ifindex=1")
SEC("hwirq") __naked int offloaded(void)
{
	asm volatile(PASS);
}

/* Attach types */

#define REFUSED_ATTACH_TYPE(name, number)					\
	HWIRQ_REFUSED(attach_type, EINVAL,					\
		      "hwirq programs cannot have expected_attach_type " #number "; use BPF_HWIRQ (62)") \
	HWIRQ_COVERS(#name)							\
	LOAD_AS(name, number)
#define LOAD_AS(name, number)							\
	HWIRQ_LOAD("attach_type=" #number)					\
	SEC("hwirq") __naked int as_##name(void)				\
	{									\
		asm volatile(PASS);						\
	}

HWIRQ_ACCEPTED(attach_type, 2) HWIRQ_COVERS("BPF_HWIRQ") LOAD_AS(BPF_HWIRQ_, 62)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET_INGRESS, 0)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET_EGRESS, 1)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET_SOCK_CREATE, 2)
REFUSED_ATTACH_TYPE(BPF_CGROUP_SOCK_OPS, 3)
REFUSED_ATTACH_TYPE(BPF_SK_SKB_STREAM_PARSER, 4)
REFUSED_ATTACH_TYPE(BPF_SK_SKB_STREAM_VERDICT, 5)
REFUSED_ATTACH_TYPE(BPF_CGROUP_DEVICE, 6)
REFUSED_ATTACH_TYPE(BPF_SK_MSG_VERDICT, 7)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET4_BIND, 8)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET6_BIND, 9)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET4_CONNECT, 10)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET6_CONNECT, 11)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET4_POST_BIND, 12)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET6_POST_BIND, 13)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UDP4_SENDMSG, 14)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UDP6_SENDMSG, 15)
REFUSED_ATTACH_TYPE(BPF_LIRC_MODE2, 16)
REFUSED_ATTACH_TYPE(BPF_FLOW_DISSECTOR, 17)
REFUSED_ATTACH_TYPE(BPF_CGROUP_SYSCTL, 18)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UDP4_RECVMSG, 19)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UDP6_RECVMSG, 20)
REFUSED_ATTACH_TYPE(BPF_CGROUP_GETSOCKOPT, 21)
REFUSED_ATTACH_TYPE(BPF_CGROUP_SETSOCKOPT, 22)
REFUSED_ATTACH_TYPE(BPF_TRACE_RAW_TP, 23)
REFUSED_ATTACH_TYPE(BPF_TRACE_FENTRY, 24)
REFUSED_ATTACH_TYPE(BPF_TRACE_FEXIT, 25)
REFUSED_ATTACH_TYPE(BPF_MODIFY_RETURN, 26)
REFUSED_ATTACH_TYPE(BPF_LSM_MAC, 27)
REFUSED_ATTACH_TYPE(BPF_TRACE_ITER, 28)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET4_GETPEERNAME, 29)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET6_GETPEERNAME, 30)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET4_GETSOCKNAME, 31)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET6_GETSOCKNAME, 32)
REFUSED_ATTACH_TYPE(BPF_XDP_DEVMAP, 33)
REFUSED_ATTACH_TYPE(BPF_CGROUP_INET_SOCK_RELEASE, 34)
REFUSED_ATTACH_TYPE(BPF_XDP_CPUMAP, 35)
REFUSED_ATTACH_TYPE(BPF_SK_LOOKUP, 36)
REFUSED_ATTACH_TYPE(BPF_XDP, 37)
REFUSED_ATTACH_TYPE(BPF_SK_SKB_VERDICT, 38)
REFUSED_ATTACH_TYPE(BPF_SK_REUSEPORT_SELECT, 39)
REFUSED_ATTACH_TYPE(BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, 40)
REFUSED_ATTACH_TYPE(BPF_PERF_EVENT, 41)
REFUSED_ATTACH_TYPE(BPF_TRACE_KPROBE_MULTI, 42)
REFUSED_ATTACH_TYPE(BPF_LSM_CGROUP, 43)
REFUSED_ATTACH_TYPE(BPF_STRUCT_OPS, 44)
REFUSED_ATTACH_TYPE(BPF_NETFILTER, 45)
REFUSED_ATTACH_TYPE(BPF_TCX_INGRESS, 46)
REFUSED_ATTACH_TYPE(BPF_TCX_EGRESS, 47)
REFUSED_ATTACH_TYPE(BPF_TRACE_UPROBE_MULTI, 48)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UNIX_CONNECT, 49)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UNIX_SENDMSG, 50)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UNIX_RECVMSG, 51)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UNIX_GETPEERNAME, 52)
REFUSED_ATTACH_TYPE(BPF_CGROUP_UNIX_GETSOCKNAME, 53)
REFUSED_ATTACH_TYPE(BPF_NETKIT_PRIMARY, 54)
REFUSED_ATTACH_TYPE(BPF_NETKIT_PEER, 55)
REFUSED_ATTACH_TYPE(BPF_TRACE_KPROBE_SESSION, 56)
REFUSED_ATTACH_TYPE(NONE_THAT_EXISTS, 63)

/* Privileges. CAP_SYS_ADMIN stands in for any of them, so it has to go, too. */

#define LOAD_WITHOUT(name, caps)						\
	HWIRQ_LOAD("caps=" caps)						\
	SEC("hwirq") __naked int name(void)					\
	{									\
		asm volatile(PASS);						\
	}
HWIRQ_ACCEPTED(load_privileges, 2) LOAD_WITHOUT(without_sys_admin, "-sys_admin")
HWIRQ_ACCEPTED(load_privileges, 2) LOAD_WITHOUT(without_bpf_but_sys_admin, "-bpf")
HWIRQ_ACCEPTED(load_privileges, 2) LOAD_WITHOUT(without_net_admin_but_sys_admin, "-net_admin")
HWIRQ_REFUSED_BEFORE_LOG(load_privileges, EPERM) LOAD_WITHOUT(without_bpf, "-bpf,-sys_admin")
HWIRQ_REFUSED_BEFORE_LOG(load_privileges, EPERM) LOAD_WITHOUT(without_net_admin, "-net_admin,-sys_admin")
/* The verifier sanitizes instead, which costs more; see cost.bpf.c. */
HWIRQ_ACCEPTED(load_privileges, 2) LOAD_WITHOUT(without_perfmon, "-perfmon,-sys_admin")
HWIRQ_REFUSED_BEFORE_LOG(load_privileges, EPERM)
LOAD_WITHOUT(without_any, "-bpf,-net_admin,-perfmon,-sys_admin")

/* root of a container */
HWIRQ_REFUSED_BEFORE_LOG(load_privileges, EPERM)
HWIRQ_LOAD("userns=yes")
SEC("hwirq") __naked int in_user_namespace(void)
{
	asm volatile(PASS);
}

/* The limit */

#define TOO_LONG "hwirq programs cannot have longer paths; shorten it, give loops a lower constant bound, or raise kernel.bpf_hwirq_max_path"
#define LIMIT(value)	HWIRQ_LOAD("sysctl=kernel.bpf_hwirq_max_path=" #value)

HWIRQ_ACCEPTED(path_limit_sysctl, 2)
HWIRQ_ALSO("max path cost 2 (limit 2)")
LIMIT(2)
SEC("hwirq") __naked int limit_2(void)
{
	asm volatile(PASS);
}

HWIRQ_REFUSED(path_limit_sysctl, E2BIG, TOO_LONG)
HWIRQ_ALSO("path cost 2 exceeds the limit 1 at insn 1")
LIMIT(1)
SEC("hwirq") __naked int limit_1(void)
{
	asm volatile(PASS);
}

HWIRQ_ACCEPTED(path_limit_sysctl, 1 + 1 + 1 + 2046 * 2 + 2)
HWIRQ_ALSO("max path cost 4097 (limit 4097)")
LIMIT(4097)
SEC("hwirq") __naked int limit_4097(void)
{
	asm volatile("r7 = 0; r8 = 0; r6 = 0; r6 += 1; if r6 < 2046 goto -2;" PASS);
}

/* As much as there can be; see the sysctl's own test for more than that. */
HWIRQ_ACCEPTED(path_limit_sysctl, 1 + 1 + 32766 * 2 + 2)
HWIRQ_ALSO("max path cost 65536 (limit 65536)")
LIMIT(65536)
SEC("hwirq") __naked int limit_65536(void)
{
	asm volatile("r7 = 0; r6 = 0; r6 += 1; if r6 < 32766 goto -2;" PASS);
}

HWIRQ_REFUSED(path_limit_sysctl, E2BIG, TOO_LONG)
HWIRQ_ALSO("path cost 65537 exceeds the limit 65536 at insn 6")
LIMIT(65536)
SEC("hwirq") __naked int limit_65536_exceeded(void)
{
	asm volatile("r7 = 0; r8 = 0; r6 = 0; r6 += 1; if r6 < 32766 goto -2;" PASS);
}

/* JIT */

HWIRQ_ACCEPTED(jit, 2)
SEC("hwirq") __naked int compiled(void)
{
	asm volatile(PASS);
}

HWIRQ_REFUSED(jit, EOPNOTSUPP, "hwirq programs cannot use the interpreter; set net.core.bpf_jit_enable to 1")
HWIRQ_LOAD("sysctl=net.core.bpf_jit_enable=0")
HWIRQ_NEEDS("interpreter")
SEC("hwirq") __naked int interpreted(void)
{
	asm volatile(PASS);
}

/* Blinding makes three instructions of each constant, and the jump over them no
 * longer fits into 16 bits: the JIT gives up after the verifier has said yes.
 */
HWIRQ_REFUSED_BY_KERNEL_LOG(jit, EOPNOTSUPP, "hwirq: program 'too_long_for_ji' refused: the JIT could not compile it")
LIMIT(65536)
HWIRQ_LOAD("sysctl=net.core.bpf_jit_harden=2")
SEC("hwirq") __naked int too_long_for_jit(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12); r0 = 2; if r1 == 0 goto +20000; .rept 20000; r0 = 2; .endr; exit;");
}

/* Without blinding it fits. */
HWIRQ_ACCEPTED(jit, 4 + 1 + 1 + 20000 + 1)
LIMIT(65536)
SEC("hwirq") __naked int long_for_jit(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12); r0 = 2; if r1 == 0 goto +20000; .rept 20000; r0 = 2; .endr; exit;");
}
