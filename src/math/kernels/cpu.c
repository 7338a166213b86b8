/* Finds the CPU levels: instruction bits, operating system state, and permission for AMX.
 * SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* syscall() */
#include "math/kernels/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static const char *const names[CPU_LEVEL_COUNT] = {
#define CPU_LEVEL(name, text, needs, kernels) text,
#include "math/kernels/cpu_list.h"
#undef CPU_LEVEL
};

static const char *const needs_words[CPU_LEVEL_COUNT] = {
#define CPU_LEVEL(name, text, needs, kernels) needs,
#include "math/kernels/cpu_list.h"
#undef CPU_LEVEL
};

static const bool has_kernels[CPU_LEVEL_COUNT] = {
#define CPU_LEVEL(name, text, needs, kernels) kernels,
#include "math/kernels/cpu_list.h"
#undef CPU_LEVEL
};

#define BIT(level) (1u << CPU_##level)

#if defined(__x86_64__)

struct leaf {
    uint32_t a, b, c, d;
};

static struct leaf leaf_read(uint32_t leaf, uint32_t sub)
{
    struct leaf r = { 0 };
    if (!__get_cpuid_count(leaf, sub, &r.a, &r.b, &r.c, &r.d)) return (struct leaf){ 0 };
    return r;
}

/* Register state that the operating system saves; zero when it saves none of the extended. */
static uint64_t saved_state(void)
{
    if (!(leaf_read(1, 0).c >> 27 & 1)) return 0; /* OSXSAVE */
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (uint64_t)high << 32;
}

static bool has_bits(uint64_t word, uint64_t wanted)
{
    return (word & wanted) == wanted;
}

#define STATE_YMM  0x6u     /* SSE, AVX */
#define STATE_ZMM  0xe6u    /* and opmask, upper halves, upper sixteen */
#define STATE_TILE 0x60000u /* XTILECFG, XTILEDATA */

/* Linux hands out tile state on request only; the permission is the process's. */
static bool tiles_permitted(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

cpu_set cpu_detect(void)
{
    enum { FMA = 1 << 12, F16C = 1 << 29 };                              /* leaf 1 ecx */
    enum { BMI1 = 1 << 3, AVX2 = 1 << 5, BMI2 = 1 << 8 };                /* leaf 7 ebx */
    const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;   /* F DQ BW VL */
    enum { VNNI = 1 << 11, BF16 = 1 << 5 };                              /* 7 ecx, 7.1 eax */
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25 }; /* leaf 7 edx */
    uint64_t state = saved_state();
    struct leaf one = leaf_read(1, 0), seven = leaf_read(7, 0), seven_one = leaf_read(7, 1);
    if (seven.a < 1) seven_one = (struct leaf){ 0 };
    cpu_set set = BIT(BASE);
    /* Each level implies the one before it, so the first one that lacks ends the walk. */
    if (!has_bits(state, STATE_YMM) || !has_bits(one.c, FMA | F16C) ||
        !has_bits(seven.b, AVX2 | BMI1 | BMI2))
        return set;
    set |= BIT(X86_AVX2);
    if (!has_bits(state, STATE_ZMM) || !has_bits(seven.b, avx512)) return set;
    set |= BIT(X86_AVX512);
    if (!has_bits(seven.c, VNNI)) return set;
    set |= BIT(X86_AVX512_VNNI);
    if (!has_bits(seven_one.a, BF16)) return set;
    set |= BIT(X86_AVX512_BF16);
    if (!has_bits(state, STATE_TILE) || !has_bits(seven.d, AMX_BF16 | AMX_TILE | AMX_INT8) ||
        !tiles_permitted())
        return set;
    return set | BIT(X86_AMX);
}

void cpu_brand(char *out, size_t out_bytes)
{
    char text[49] = { 0 };
    for (uint32_t i = 0; i < 3; i++) {
        struct leaf r = leaf_read(0x80000002u + i, 0);
        memcpy(text + 16 * i, &r, 16);
    }
    const char *begin = text;
    while (*begin == ' ')
        begin++;
    snprintf(out, out_bytes, "%s", *begin ? begin : "unknown");
}

#elif defined(__aarch64__)

cpu_set cpu_detect(void)
{
    unsigned long have = getauxval(AT_HWCAP);
    cpu_set set = BIT(BASE);
    if (!(have & HWCAP_ASIMD)) return set;
    set |= BIT(ARM_NEON);
    return have & HWCAP_ASIMDDP ? set | BIT(ARM_DOTPROD) : set;
}

void cpu_brand(char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "unknown");
}

#else

cpu_set cpu_detect(void)
{
    return BIT(BASE);
}

void cpu_brand(char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "unknown");
}

#endif

const char *cpu_level_name(enum cpu_level level)
{
    return (unsigned)level < CPU_LEVEL_COUNT ? names[level] : "?";
}

const char *cpu_level_needs(enum cpu_level level)
{
    return (unsigned)level < CPU_LEVEL_COUNT ? needs_words[level] : "?";
}

bool cpu_set_mask(cpu_set have, const char *level_name, cpu_set *ret)
{
    for (int level = 0; level < CPU_LEVEL_COUNT; level++) {
        if (strcmp(names[level], level_name) != 0) continue;
        *ret = have & ((2u << level) - 1); /* a machine has levels of one architecture only */
        return true;
    }
    return false;
}

enum cpu_level cpu_set_best(cpu_set set)
{
    for (int level = CPU_LEVEL_COUNT - 1; level > 0; level--)
        if (set >> level & 1) return (enum cpu_level)level;
    return CPU_BASE;
}

enum cpu_level cpu_set_used(cpu_set set)
{
    cpu_set used = 0;
    for (int i = 0; i < CPU_LEVEL_COUNT; i++)
        if (has_kernels[i]) used |= set & 1u << i;
    return cpu_set_best(used);
}

bool cpu_level_has_kernels(enum cpu_level level)
{
    return (unsigned)level < CPU_LEVEL_COUNT && has_kernels[level];
}
