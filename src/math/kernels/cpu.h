/* Which CPU levels this machine has and this process may use.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A level is present when the CPU bit, the operating system's state (XCR0)
 * and, for AMX, the process's permission (arch_prctl ARCH_REQ_XCOMP_PERM) are
 * all there. cpu_detect() asks for that permission: call it before threads start. */
#ifndef MATH_KERNELS_CPU_H
#define MATH_KERNELS_CPU_H

#include <stdbool.h>
#include <stddef.h>

enum cpu_level {
#define CPU_LEVEL(name, text, needs, kernels) CPU_##name,
#include "math/kernels/cpu_list.h"
#undef CPU_LEVEL
    CPU_LEVEL_COUNT
};

typedef unsigned cpu_set; /* bit (1u << level) per level present; bit CPU_BASE always */

cpu_set cpu_detect(void);
const char *cpu_level_name(enum cpu_level level);
const char *cpu_level_needs(enum cpu_level level); /* words for `hearth doctor` */
/* "avx2" keeps that level and all it implies; false for an unknown name. */
bool cpu_set_mask(cpu_set have, const char *level_name, cpu_set *ret);
enum cpu_level cpu_set_best(cpu_set set);
/* The best level of the set that has kernels of its own: what really runs. */
enum cpu_level cpu_set_used(cpu_set set);
bool cpu_level_has_kernels(enum cpu_level level);
/* The brand string of the CPU, for reports; "unknown" where there is none. */
void cpu_brand(char *out, size_t out_bytes);

#endif
