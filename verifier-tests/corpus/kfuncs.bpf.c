// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Kernel functions: none, also not those that all program types have. */
#include "expect.h"

HWIRQ_RULE(kfuncs,
	   "No kernel function (kfunc) can be called, also none of those that are open to all program types.",
	   "As for helpers; new kfuncs are open to all types without anyone asking whether hard IRQ is one of them, and open-coded iterators have no bound that the verifier follows.",
	   "The allowed helpers, and loops with a constant bound.")

#define KFUNC(name)								\
	HWIRQ_REFUSED(kfuncs, EINVAL, "hwirq programs cannot call kernel function '" #name \
		      "': kfuncs are not made for hard interrupt context; use the allowed helpers and loops with a constant bound") \
	HWIRQ_LOAD("kfunc=" #name)						\
	HWIRQ_NEEDS("btf=" #name)						\
	SEC("hwirq") __naked int call_##name(void)				\
	{									\
		asm volatile(KFUNC_CALL PASS);					\
	}

/* common_btf_ids in kernel/bpf/helpers.c: open to all program types */
KFUNC(bpf_cast_to_kern_ctx)
KFUNC(bpf_rdonly_cast)
KFUNC(bpf_rcu_read_lock)
KFUNC(bpf_rcu_read_unlock)
KFUNC(bpf_dynptr_slice)
KFUNC(bpf_dynptr_slice_rdwr)
KFUNC(bpf_iter_num_new)
KFUNC(bpf_iter_num_next)
KFUNC(bpf_iter_num_destroy)
KFUNC(bpf_iter_task_vma_new)
KFUNC(bpf_iter_task_vma_next)
KFUNC(bpf_iter_task_vma_destroy)
KFUNC(bpf_iter_css_task_new)
KFUNC(bpf_iter_css_task_next)
KFUNC(bpf_iter_css_task_destroy)
KFUNC(bpf_iter_css_new)
KFUNC(bpf_iter_css_next)
KFUNC(bpf_iter_css_destroy)
KFUNC(bpf_iter_task_new)
KFUNC(bpf_iter_task_next)
KFUNC(bpf_iter_task_destroy)
KFUNC(bpf_iter_bits_new)
KFUNC(bpf_iter_bits_next)
KFUNC(bpf_iter_bits_destroy)
KFUNC(bpf_dynptr_adjust)
KFUNC(bpf_dynptr_is_null)
KFUNC(bpf_dynptr_is_rdonly)
KFUNC(bpf_dynptr_size)
KFUNC(bpf_dynptr_clone)
KFUNC(bpf_modify_return_test_tp)
KFUNC(bpf_wq_init)
KFUNC(bpf_wq_set_callback_impl)
KFUNC(bpf_wq_start)
KFUNC(bpf_preempt_disable)
KFUNC(bpf_preempt_enable)
KFUNC(bpf_copy_from_user_str)
/* generic_btf_ids: other types have them */
KFUNC(bpf_obj_new_impl)
KFUNC(bpf_percpu_obj_new_impl)
KFUNC(bpf_obj_drop_impl)
KFUNC(bpf_percpu_obj_drop_impl)
KFUNC(bpf_refcount_acquire_impl)
KFUNC(bpf_list_push_front_impl)
KFUNC(bpf_list_push_back_impl)
KFUNC(bpf_list_pop_front)
KFUNC(bpf_list_pop_back)
KFUNC(bpf_task_acquire)
KFUNC(bpf_task_release)
KFUNC(bpf_rbtree_remove)
KFUNC(bpf_rbtree_add_impl)
KFUNC(bpf_rbtree_first)
KFUNC(bpf_cgroup_acquire)
KFUNC(bpf_cgroup_release)
KFUNC(bpf_cgroup_ancestor)
KFUNC(bpf_cgroup_from_id)
KFUNC(bpf_task_under_cgroup)
KFUNC(bpf_task_get_cgroup1)
KFUNC(bpf_task_from_pid)
KFUNC(bpf_throw)
/* arena, and what XDP programs have */
KFUNC(bpf_arena_alloc_pages)
KFUNC(bpf_arena_free_pages)
KFUNC(bpf_dynptr_from_xdp)
KFUNC(bpf_dynptr_from_skb)
KFUNC(bpf_xdp_metadata_rx_timestamp)
KFUNC(bpf_xdp_metadata_rx_hash)
KFUNC(bpf_xdp_metadata_rx_vlan_tag)

/* No kfunc at all, but any function of the kernel */
KFUNC(schedule)

/* The neighbours: a helper with the same purpose, a loop instead of an iterator */
HWIRQ_ACCEPTED(kfuncs, 1 + 30 + 2)
SEC("hwirq") __naked int clock_by_helper(void)
{
	asm volatile("call 5;" PASS ::: __clobber_all);
}

HWIRQ_ACCEPTED(kfuncs, 1 + 10 * 2 + 2)
SEC("hwirq") __naked int loop_instead_of_iterator(void)
{
	asm volatile("r6 = 0; r6 += 1; if r6 < 10 goto -2;" PASS);
}
