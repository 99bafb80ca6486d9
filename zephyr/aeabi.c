/* SPDX-License-Identifier: MIT */
/*
 * Functions that compilers for Arm call by names of their own (run-time ABI, 4.2 and 4.3). Rust's library has them too, and
 * larger ones than those that are in the firmware anyway; the linker takes whichever it comes across first.
 */
#if defined(CONFIG_MINIMAL_LIBC)
#include <string.h>

/* Zephyr's minimal C library has the usual names only; Rust's are 1.3 KiB. The memset of these has the value last. */
void __aeabi_memcpy(void *to, const void *from, size_t n) { memcpy(to, from, n); }
void __aeabi_memcpy4(void *to, const void *from, size_t n) { memcpy(to, from, n); }
void __aeabi_memcpy8(void *to, const void *from, size_t n) { memcpy(to, from, n); }
void __aeabi_memmove(void *to, const void *from, size_t n) { memmove(to, from, n); }
void __aeabi_memmove4(void *to, const void *from, size_t n) { memmove(to, from, n); }
void __aeabi_memmove8(void *to, const void *from, size_t n) { memmove(to, from, n); }
void __aeabi_memset(void *to, size_t n, int value) { memset(to, value, n); }
void __aeabi_memset4(void *to, size_t n, int value) { memset(to, value, n); }
void __aeabi_memset8(void *to, size_t n, int value) { memset(to, value, n); }
void __aeabi_memclr(void *to, size_t n) { memset(to, 0, n); }
void __aeabi_memclr4(void *to, size_t n) { memset(to, 0, n); }
void __aeabi_memclr8(void *to, size_t n) { memset(to, 0, n); }
#endif

#if defined(__GNUC__) && !defined(__clang__) && !defined(CONFIG_WRT_FLOAT)
/*
 * 64-bit integers. Nothing refers to this table, so it is not in the firmware; but the linker looks its names up, in libgcc,
 * before it comes to WRT. Where printk needs a division, Rust's would be 230 bytes more. Not with floats: Zephyr has some too,
 * libgcc's would come along, and it is with Rust's that WRT passes the specification's tests.
 */
extern void __aeabi_lasr(void), __aeabi_ldivmod(void), __aeabi_llsl(void), __aeabi_llsr(void), __aeabi_lmul(void),
    __aeabi_uldivmod(void);

__attribute__((used)) static void (*const of_libgcc[])(void) = {
    __aeabi_lasr, __aeabi_ldivmod, __aeabi_llsl, __aeabi_llsr, __aeabi_lmul, __aeabi_uldivmod,
};
#endif
