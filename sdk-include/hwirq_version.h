/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq_version.h - the version of the SDK, and the only place that states it
 *
 *	#if HWIRQ_SDK_VERSION < HWIRQ_SDK_VERSION_CODE(0, 2, 0)
 *	#error "needs hwirq-sdk 0.2"
 *	#endif
 */
#ifndef HWIRQ_VERSION_H
#define HWIRQ_VERSION_H

#define HWIRQ_SDK_VERSION_MAJOR	0
#define HWIRQ_SDK_VERSION_MINOR	1
#define HWIRQ_SDK_VERSION_PATCH	0

/* Each part is below 256; a newer version is a larger number. */
#define HWIRQ_SDK_VERSION_CODE(major, minor, patch) \
	((major) << 16 | (minor) << 8 | (patch))
#define HWIRQ_SDK_VERSION \
	HWIRQ_SDK_VERSION_CODE(HWIRQ_SDK_VERSION_MAJOR, \
			       HWIRQ_SDK_VERSION_MINOR, \
			       HWIRQ_SDK_VERSION_PATCH)

#endif /* HWIRQ_VERSION_H */
