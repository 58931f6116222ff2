// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every helper that the kernel has a number for; those of the ring map, which need
 * more around them, are called in ring.bpf.c.
 */
#include "expect.h"

HWIRQ_RULE_OVER(helpers, "bpf_func_id BPF_FUNC_",
	   "Only helpers on a closed list can be called; a new helper of the kernel is refused until it is put there.",
	   "A helper that takes a lock, waits, or uses data of this CPU that the interrupted code may be changing breaks the kernel in hard IRQ.",
	   "Each refusal names the replacement; the clocks, the CPU's number, random numbers, bpf_csum_diff(), bpf_xdp_load_bytes() and the helpers of the ring map are allowed.")

#define MAPS \
	"maps are designed for softirq and process context; use const volatile data (.rodata)"
#define TAIL_CALL \
	"the target has no bounded path; call a static function"
#define CALLBACKS \
	"the number of callbacks has no bound; use a loop with a constant bound"
#define SHARED \
	"nothing is shared with other contexts; leave such work to the network stack, return HWIRQ_PASS"
#define COARSE \
	"it may have to wait for an update of the clock; use bpf_ktime_get_ns()"
#define FORMATTING \
	"formatting has no bound; debug with BPF_PROG_TEST_RUN, count errors with HWIRQ_ABORTED"
#define BUFFER \
	"its buffer is not made for hard interrupt context; use bpf_ringbuf_output() with a map of type BPF_MAP_TYPE_HWIRQ_RINGBUF"
#define DYNPTR \
	"dynptrs are not made for hard interrupt context; use bpf_ringbuf_reserve() or bpf_ringbuf_output()"
#define TASK \
	"the interrupted task has nothing to do with the frame"
#define FIXED_SIZE \
	"frames have a fixed size; rewrite the frame in place or return HWIRQ_PASS"
#define STACK_LOCKS \
	"it takes locks of the network stack; return HWIRQ_TX or HWIRQ_PASS"
#define LOAD_BYTES \
	"use bpf_xdp_load_bytes() or direct packet access"
#define DIRECT \
	"use direct packet access"
#define UNKNOWN \
	"it is not known to be bounded in hard interrupt context; Documentation/bpf/prog_hwirq.rst lists what is"

/* The call is refused before its arguments are looked at. */
#define REFUSED(name, id, advice)						\
	HWIRQ_REFUSED(helpers, EINVAL,						\
		      "hwirq programs cannot use helper bpf_" #name "#" #id ": " advice) \
	HWIRQ_COVERS("BPF_FUNC_" #name)						\
	CALL(name, id)
/* The call itself costs 1. */
#define ALLOWED(name, id, weight)						\
	HWIRQ_ACCEPTED(helpers, 1 + weight + 2)					\
	HWIRQ_COVERS("BPF_FUNC_" #name)						\
	CALL(name, id)
#define CALL(name, id)								\
	SEC("hwirq") __naked int call_##name(void)				\
	{									\
		asm volatile("call " #id ";" PASS ::: __clobber_all);		\
	}

REFUSED(unspec, 0, UNKNOWN)

REFUSED(map_lookup_elem, 1, MAPS)
REFUSED(map_update_elem, 2, MAPS)
REFUSED(map_delete_elem, 3, MAPS)
REFUSED(probe_read, 4, UNKNOWN)
ALLOWED(ktime_get_ns, 5, 30)
REFUSED(trace_printk, 6, FORMATTING)
ALLOWED(get_prandom_u32, 7, 20)
ALLOWED(get_smp_processor_id, 8, 4)
REFUSED(skb_store_bytes, 9, DIRECT)
REFUSED(l3_csum_replace, 10, UNKNOWN)
REFUSED(l4_csum_replace, 11, UNKNOWN)
REFUSED(tail_call, 12, TAIL_CALL)
REFUSED(clone_redirect, 13, UNKNOWN)
REFUSED(get_current_pid_tgid, 14, TASK)
REFUSED(get_current_uid_gid, 15, TASK)
REFUSED(get_current_comm, 16, TASK)
REFUSED(get_cgroup_classid, 17, UNKNOWN)
REFUSED(skb_vlan_push, 18, UNKNOWN)
REFUSED(skb_vlan_pop, 19, UNKNOWN)
REFUSED(skb_get_tunnel_key, 20, UNKNOWN)
REFUSED(skb_set_tunnel_key, 21, UNKNOWN)
REFUSED(perf_event_read, 22, UNKNOWN)
REFUSED(redirect, 23, STACK_LOCKS)
REFUSED(get_route_realm, 24, UNKNOWN)
REFUSED(perf_event_output, 25, BUFFER)
REFUSED(skb_load_bytes, 26, LOAD_BYTES)
REFUSED(get_stackid, 27, UNKNOWN)
HWIRQ_ACCEPTED(helpers, 5 + 1 + 30 + 2)
HWIRQ_COVERS("BPF_FUNC_csum_diff")
SEC("hwirq") __naked int call_csum_diff(void)
{
	asm volatile("r1 = 0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call 28;" PASS ::: __clobber_all);
}

REFUSED(skb_get_tunnel_opt, 29, UNKNOWN)
REFUSED(skb_set_tunnel_opt, 30, UNKNOWN)
REFUSED(skb_change_proto, 31, UNKNOWN)
REFUSED(skb_change_type, 32, UNKNOWN)
REFUSED(skb_under_cgroup, 33, UNKNOWN)
REFUSED(get_hash_recalc, 34, UNKNOWN)
REFUSED(get_current_task, 35, TASK)
REFUSED(probe_write_user, 36, UNKNOWN)
REFUSED(current_task_under_cgroup, 37, UNKNOWN)
REFUSED(skb_change_tail, 38, UNKNOWN)
REFUSED(skb_pull_data, 39, UNKNOWN)
REFUSED(csum_update, 40, UNKNOWN)
REFUSED(set_hash_invalid, 41, UNKNOWN)
ALLOWED(get_numa_node_id, 42, 4)
REFUSED(skb_change_head, 43, UNKNOWN)
REFUSED(xdp_adjust_head, 44, FIXED_SIZE)
REFUSED(probe_read_str, 45, UNKNOWN)
REFUSED(get_socket_cookie, 46, UNKNOWN)
REFUSED(get_socket_uid, 47, UNKNOWN)
REFUSED(set_hash, 48, UNKNOWN)
REFUSED(setsockopt, 49, UNKNOWN)
REFUSED(skb_adjust_room, 50, UNKNOWN)
REFUSED(redirect_map, 51, STACK_LOCKS)
REFUSED(sk_redirect_map, 52, UNKNOWN)
REFUSED(sock_map_update, 53, UNKNOWN)
REFUSED(xdp_adjust_meta, 54, FIXED_SIZE)
REFUSED(perf_event_read_value, 55, UNKNOWN)
REFUSED(perf_prog_read_value, 56, UNKNOWN)
REFUSED(getsockopt, 57, UNKNOWN)
REFUSED(override_return, 58, UNKNOWN)
REFUSED(sock_ops_cb_flags_set, 59, UNKNOWN)
REFUSED(msg_redirect_map, 60, UNKNOWN)
REFUSED(msg_apply_bytes, 61, UNKNOWN)
REFUSED(msg_cork_bytes, 62, UNKNOWN)
REFUSED(msg_pull_data, 63, UNKNOWN)
REFUSED(bind, 64, UNKNOWN)
REFUSED(xdp_adjust_tail, 65, FIXED_SIZE)
REFUSED(skb_get_xfrm_state, 66, UNKNOWN)
REFUSED(get_stack, 67, UNKNOWN)
REFUSED(skb_load_bytes_relative, 68, UNKNOWN)
REFUSED(fib_lookup, 69, STACK_LOCKS)
REFUSED(sock_hash_update, 70, UNKNOWN)
REFUSED(msg_redirect_hash, 71, UNKNOWN)
REFUSED(sk_redirect_hash, 72, UNKNOWN)
REFUSED(lwt_push_encap, 73, UNKNOWN)
REFUSED(lwt_seg6_store_bytes, 74, UNKNOWN)
REFUSED(lwt_seg6_adjust_srh, 75, UNKNOWN)
REFUSED(lwt_seg6_action, 76, UNKNOWN)
REFUSED(rc_repeat, 77, UNKNOWN)
REFUSED(rc_keydown, 78, UNKNOWN)
REFUSED(skb_cgroup_id, 79, UNKNOWN)
REFUSED(get_current_cgroup_id, 80, TASK)
REFUSED(get_local_storage, 81, UNKNOWN)
REFUSED(sk_select_reuseport, 82, UNKNOWN)
REFUSED(skb_ancestor_cgroup_id, 83, UNKNOWN)
REFUSED(sk_lookup_tcp, 84, STACK_LOCKS)
REFUSED(sk_lookup_udp, 85, STACK_LOCKS)
REFUSED(sk_release, 86, UNKNOWN)
REFUSED(map_push_elem, 87, MAPS)
REFUSED(map_pop_elem, 88, MAPS)
REFUSED(map_peek_elem, 89, MAPS)
REFUSED(msg_push_data, 90, UNKNOWN)
REFUSED(msg_pop_data, 91, UNKNOWN)
REFUSED(rc_pointer_rel, 92, UNKNOWN)
REFUSED(spin_lock, 93, SHARED)
REFUSED(spin_unlock, 94, SHARED)
REFUSED(sk_fullsock, 95, UNKNOWN)
REFUSED(tcp_sock, 96, UNKNOWN)
REFUSED(skb_ecn_set_ce, 97, UNKNOWN)
REFUSED(get_listener_sock, 98, UNKNOWN)
REFUSED(skc_lookup_tcp, 99, UNKNOWN)
REFUSED(tcp_check_syncookie, 100, UNKNOWN)
REFUSED(sysctl_get_name, 101, UNKNOWN)
REFUSED(sysctl_get_current_value, 102, UNKNOWN)
REFUSED(sysctl_get_new_value, 103, UNKNOWN)
REFUSED(sysctl_set_new_value, 104, UNKNOWN)
REFUSED(strtol, 105, UNKNOWN)
REFUSED(strtoul, 106, UNKNOWN)
REFUSED(sk_storage_get, 107, UNKNOWN)
REFUSED(sk_storage_delete, 108, UNKNOWN)
REFUSED(send_signal, 109, UNKNOWN)
REFUSED(tcp_gen_syncookie, 110, UNKNOWN)
REFUSED(skb_output, 111, UNKNOWN)
REFUSED(probe_read_user, 112, UNKNOWN)
REFUSED(probe_read_kernel, 113, DIRECT)
REFUSED(probe_read_user_str, 114, UNKNOWN)
REFUSED(probe_read_kernel_str, 115, UNKNOWN)
REFUSED(tcp_send_ack, 116, UNKNOWN)
REFUSED(send_signal_thread, 117, UNKNOWN)
ALLOWED(jiffies64, 118, 6)
REFUSED(read_branch_records, 119, UNKNOWN)
REFUSED(get_ns_current_pid_tgid, 120, UNKNOWN)
REFUSED(xdp_output, 121, UNKNOWN)
REFUSED(get_netns_cookie, 122, UNKNOWN)
REFUSED(get_current_ancestor_cgroup_id, 123, UNKNOWN)
REFUSED(sk_assign, 124, UNKNOWN)
ALLOWED(ktime_get_boot_ns, 125, 30)
REFUSED(seq_printf, 126, FORMATTING)
REFUSED(seq_write, 127, FORMATTING)
REFUSED(sk_cgroup_id, 128, UNKNOWN)
REFUSED(sk_ancestor_cgroup_id, 129, UNKNOWN)
REFUSED(csum_level, 135, UNKNOWN)
REFUSED(skc_to_tcp6_sock, 136, UNKNOWN)
REFUSED(skc_to_tcp_sock, 137, UNKNOWN)
REFUSED(skc_to_tcp_timewait_sock, 138, UNKNOWN)
REFUSED(skc_to_tcp_request_sock, 139, UNKNOWN)
REFUSED(skc_to_udp6_sock, 140, UNKNOWN)
REFUSED(get_task_stack, 141, UNKNOWN)
REFUSED(load_hdr_opt, 142, UNKNOWN)
REFUSED(store_hdr_opt, 143, UNKNOWN)
REFUSED(reserve_hdr_opt, 144, UNKNOWN)
REFUSED(inode_storage_get, 145, UNKNOWN)
REFUSED(inode_storage_delete, 146, UNKNOWN)
REFUSED(d_path, 147, UNKNOWN)
REFUSED(copy_from_user, 148, UNKNOWN)
REFUSED(snprintf_btf, 149, UNKNOWN)
REFUSED(seq_printf_btf, 150, UNKNOWN)
REFUSED(skb_cgroup_classid, 151, UNKNOWN)
REFUSED(redirect_neigh, 152, STACK_LOCKS)
REFUSED(per_cpu_ptr, 153, UNKNOWN)
REFUSED(this_cpu_ptr, 154, UNKNOWN)
REFUSED(redirect_peer, 155, STACK_LOCKS)
REFUSED(task_storage_get, 156, UNKNOWN)
REFUSED(task_storage_delete, 157, UNKNOWN)
REFUSED(get_current_task_btf, 158, TASK)
REFUSED(bprm_opts_set, 159, UNKNOWN)
REFUSED(ktime_get_coarse_ns, 160, COARSE)
REFUSED(ima_inode_hash, 161, UNKNOWN)
REFUSED(sock_from_file, 162, UNKNOWN)
REFUSED(check_mtu, 163, UNKNOWN)
REFUSED(for_each_map_elem, 164, CALLBACKS)
REFUSED(snprintf, 165, FORMATTING)
REFUSED(sys_bpf, 166, UNKNOWN)
REFUSED(btf_find_by_name_kind, 167, UNKNOWN)
REFUSED(sys_close, 168, UNKNOWN)
REFUSED(timer_init, 169, SHARED)
REFUSED(timer_set_callback, 170, SHARED)
REFUSED(timer_start, 171, SHARED)
REFUSED(timer_cancel, 172, SHARED)
REFUSED(get_func_ip, 173, UNKNOWN)
REFUSED(get_attach_cookie, 174, UNKNOWN)
REFUSED(task_pt_regs, 175, UNKNOWN)
REFUSED(get_branch_snapshot, 176, UNKNOWN)
REFUSED(trace_vprintk, 177, FORMATTING)
REFUSED(skc_to_unix_sock, 178, UNKNOWN)
REFUSED(kallsyms_lookup_name, 179, UNKNOWN)
REFUSED(find_vma, 180, UNKNOWN)
REFUSED(loop, 181, CALLBACKS)
REFUSED(strncmp, 182, UNKNOWN)
REFUSED(get_func_arg, 183, UNKNOWN)
REFUSED(get_func_ret, 184, UNKNOWN)
REFUSED(get_func_arg_cnt, 185, UNKNOWN)
REFUSED(get_retval, 186, UNKNOWN)
REFUSED(set_retval, 187, UNKNOWN)
REFUSED(xdp_get_buff_len, 188, DIRECT)
REFUSED(xdp_store_bytes, 190, DIRECT)
REFUSED(copy_from_user_task, 191, UNKNOWN)
REFUSED(skb_set_tstamp, 192, UNKNOWN)
REFUSED(ima_file_hash, 193, UNKNOWN)
REFUSED(kptr_xchg, 194, SHARED)
REFUSED(map_lookup_percpu_elem, 195, MAPS)
REFUSED(skc_to_mptcp_sock, 196, UNKNOWN)
REFUSED(dynptr_from_mem, 197, DIRECT)
REFUSED(ringbuf_reserve_dynptr, 198, DYNPTR)
REFUSED(ringbuf_submit_dynptr, 199, DYNPTR)
REFUSED(ringbuf_discard_dynptr, 200, DYNPTR)
REFUSED(dynptr_read, 201, DIRECT)
REFUSED(dynptr_write, 202, DIRECT)
REFUSED(dynptr_data, 203, DIRECT)
REFUSED(tcp_raw_gen_syncookie_ipv4, 204, UNKNOWN)
REFUSED(tcp_raw_gen_syncookie_ipv6, 205, UNKNOWN)
REFUSED(tcp_raw_check_syncookie_ipv4, 206, UNKNOWN)
REFUSED(tcp_raw_check_syncookie_ipv6, 207, UNKNOWN)
ALLOWED(ktime_get_tai_ns, 208, 30)
REFUSED(user_ringbuf_drain, 209, UNKNOWN)
REFUSED(cgrp_storage_get, 210, UNKNOWN)
REFUSED(cgrp_storage_delete, 211, UNKNOWN)

/* The first number that the kernel has no helper for. */
HWIRQ_REFUSED(helpers, EINVAL, "invalid func unknown#212")
CALL(one_too_many, 212)
