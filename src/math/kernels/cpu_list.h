/* CPU levels: enumerator, name for --cpu, what must be there, whether it has kernels of its own.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ordered: a level implies all earlier ones of its architecture. Where it has no kernels of its own,
 * those of the level below do its work. */
CPU_LEVEL(BASE, "base", "plain C for the baseline of the architecture", true)
CPU_LEVEL(X86_AVX2, "avx2", "AVX2, FMA, F16C", true)
CPU_LEVEL(X86_AVX512, "avx512", "AVX-512 F, BW, DQ, VL", true)
CPU_LEVEL(X86_AVX512_VNNI, "avx512vnni", "AVX-512 with VNNI (int8 dot products)", true)
CPU_LEVEL(X86_AVX512_BF16, "avx512bf16", "AVX-512 with VNNI and BF16", false)
CPU_LEVEL(X86_AMX, "amx", "AMX tiles: INT8 and BF16", false)
CPU_LEVEL(ARM_NEON, "neon", "Armv8 Advanced SIMD", true)
CPU_LEVEL(ARM_DOTPROD, "dotprod", "Armv8.2 with SDOT/UDOT", true)
