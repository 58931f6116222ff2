/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* bpf(2) goes to the test's fake_bpf(), which must be defined before this; other system calls go on. */
#ifndef HWIRQ_TESTS_FAKE_BPF_H
#define HWIRQ_TESTS_FAKE_BPF_H

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;
	size_t i;

	va_start(args, number);
	for (i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == __NR_bpf)
		return fake_bpf((int)a[0], (union bpf_attr *)a[1]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
