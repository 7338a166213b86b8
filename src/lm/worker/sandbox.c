/* Resource limits, Landlock and the list of system calls.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The list holds what libc, the thread pool and the far end need, and nothing for comfort. What is
 * not on it fails with EPERM, so that libraries take their fallbacks: PCRE2 interprets where it gets no
 * executable memory, libc counts processors by affinity where it cannot read /sys. clone3 fails with
 * ENOSYS, because its flags lie behind a pointer that a filter cannot read; libc then uses clone. */
#define _GNU_SOURCE /* clone flags, prctl, syscall */
#include "lm/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/core/digest.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static enum status refused(struct error *err, const char *what)
{
    const char *reason = strerrordesc_np(errno);
    return error_set(err, STATUS_UNSUPPORTED,
                     "the sandbox cannot be closed: %s: %s; models run only in a sandbox (a "
                     "container may forbid it: allow seccomp there)",
                     what, reason ? reason : "unknown error");
}

/* ---- Landlock: Documentation/userspace-api/landlock.rst; newer than the headers of Debian 12 ---- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif
#define RULESET_VERSION (1u << 0)
#define ABI_NET         4
#define ABI_SCOPED      6

struct ruleset {
    uint64_t files, net, scoped; /* the second since ABI 4, the third since ABI 6 */
};

/* How many of the rights to files each ABI knows, from bit 0 on. */
static uint64_t file_rights(int abi)
{
    int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
    return ((uint64_t)1 << bits) - 1;
}

/* A ruleset that handles all rights and grants none. */
static enum status close_landlock(int *ret_abi, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, RULESET_VERSION);
    *ret_abi = 0;
    if (abi < 1) return STATUS_OK;
    struct ruleset rules = { file_rights((int)abi), abi >= ABI_NET ? 3 : 0,
                             abi >= ABI_SCOPED ? 3 : 0 };
    size_t bytes = abi >= ABI_SCOPED ? sizeof rules
                   : abi >= ABI_NET  ? offsetof(struct ruleset, scoped)
                                     : offsetof(struct ruleset, net);
    long fd = syscall(SYS_landlock_create_ruleset, &rules, bytes, 0u);
    if (fd < 0) return refused(err, "Landlock");
    long failed = syscall(SYS_landlock_restrict_self, (int)fd, 0u);
    close((int)fd);
    if (failed) return refused(err, "Landlock");
    *ret_abi = (int)abi;
    return STATUS_OK;
}

/* ---- limits ---- */

/* The number of processes is not limited here: the limit counts all processes of the user, and the list
 * below forbids new ones anyway. */
static enum status set_limits(int descriptor_max, rlim_t file_bytes, struct error *err)
{
    const struct {
        int resource;
        rlim_t max;
    } limits[] = {
        { RLIMIT_CORE, 0 }, /* a dump would hold the users' texts */
        { RLIMIT_FSIZE, file_bytes }, { RLIMIT_NOFILE, (rlim_t)descriptor_max },
        { RLIMIT_MEMLOCK, 0 },        { RLIMIT_MSGQUEUE, 0 },
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit l = { limits[i].max, limits[i].max }, now;
        if (getrlimit((__rlimit_resource_t)limits[i].resource, &now) == 0 &&
            now.rlim_max < l.rlim_max)
            l.rlim_cur = l.rlim_max = now.rlim_max;
        if (setrlimit((__rlimit_resource_t)limits[i].resource, &l) != 0)
            return refused(err, "resource limits");
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refused(err, "no_new_privs");
    return STATUS_OK;
}

/* A personality that makes readable memory executable would make the rules for mmap and mprotect
 * worthless. x86-64 forgets it at exec; other architectures need not. */
static void drop_personality(void)
{
    long now = syscall(SYS_personality, 0xFFFFFFFFul);
    if (now > 0 && now & READ_IMPLIES_EXEC)
        syscall(SYS_personality, (unsigned long)now & ~(unsigned long)READ_IMPLIES_EXEC);
}

/* Root without capabilities is a user like others. capset(2); there is no wrapper in libc. */
static enum status drop_capabilities(struct error *err)
{
    struct {
        uint32_t version;
        int pid;
    } header = { 0x20080522, 0 };
    const struct {
        uint32_t effective, permitted, inheritable;
    } none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    if (syscall(SYS_capset, &header, none) == 0) return STATUS_OK;
    return refused(err, "capabilities");
}

/* ---- the list of calls ---- */

static const int allowed[] = {
    /* memory, but for what can be executed (below) */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    /* threads: new ones are below */
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    /* clock and chance */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom),
    SCMP_SYS(getcpu),
    SCMP_SYS(sysinfo), /* qsort() asks how much memory there is */
    /* descriptors that are open */
    SCMP_SYS(recvfrom),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
};

#if SANITIZED
/* Their run-time libraries report on standard error, look at stacks, and name their mappings. */
static const int allowed_sanitizers[] = {
    SCMP_SYS(sched_getaffinity), SCMP_SYS(getuid), SCMP_SYS(geteuid),    SCMP_SYS(prctl),
    SCMP_SYS(set_tid_address),   SCMP_SYS(uname),  SCMP_SYS(getrlimit),  SCMP_SYS(readlink),
    SCMP_SYS(getppid),           SCMP_SYS(tgkill), SCMP_SYS(membarrier),
};
#endif

#define NEW_NAMESPACES                                                                            \
    ((scmp_datum_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
                    CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE | CLONE_VFORK))
#define THREAD ((scmp_datum_t)(CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FILES))

#define ARG(n, op, ...) SCMP_CMP64(n, op, __VA_ARGS__)

static int add_list(scmp_filter_ctx f, const int *calls, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    return failed;
}

/* Calls that are allowed with certain arguments only. */
static int add_conditional(scmp_filter_ctx f, int socket, int store)
{
    const scmp_datum_t exec = PROT_EXEC, self = (scmp_datum_t)getpid();
    int failed =
        seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, ARG(2, SCMP_CMP_MASKED_EQ, exec, 0));
    if (!failed)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  ARG(2, SCMP_CMP_MASKED_EQ, exec, 0));
    if (!failed) /* but for what declares memory broken */
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
                                  ARG(2, SCMP_CMP_LT, MADV_HWPOISON));
    if (!failed)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  ARG(0, SCMP_CMP_MASKED_EQ, NEW_NAMESPACES | THREAD, THREAD));
    if (!failed) failed = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (!failed) /* on the socket, to nobody by name */
        failed =
            seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2,
                             ARG(0, SCMP_CMP_EQ, (scmp_datum_t)socket), ARG(4, SCMP_CMP_EQ, 0));
    if (!failed && store >= 0) /* at a place, in one file */
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(pread64), 1,
                                  ARG(0, SCMP_CMP_EQ, (scmp_datum_t)store));
    if (!failed && store >= 0)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 1,
                                  ARG(0, SCMP_CMP_EQ, (scmp_datum_t)store));
    if (!failed)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                  ARG(1, SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
    if (!failed) /* abort() and pthread_kill(): itself only */
        failed =
            seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, ARG(0, SCMP_CMP_EQ, self));
    if (!failed)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sched_getaffinity), 1,
                                  ARG(0, SCMP_CMP_EQ, 0));
    if (!failed) /* of the calling thread only */
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sched_setaffinity), 1,
                                  ARG(0, SCMP_CMP_EQ, 0));
    if (!failed) /* asking for its own limits */
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, ARG(0, SCMP_CMP_EQ, 0),
                                  ARG(2, SCMP_CMP_EQ, 0));
#if defined(__x86_64__)
    if (!failed) /* permission for tiles: cpu.c */
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(arch_prctl), 1,
                                  ARG(0, SCMP_CMP_EQ, 0x1023));
#endif
    return failed;
}

static int add_sanitizers(scmp_filter_ctx f)
{
#if SANITIZED
    int failed =
        add_list(f, allowed_sanitizers, sizeof allowed_sanitizers / sizeof *allowed_sanitizers);
    if (!failed)
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, ARG(0, SCMP_CMP_EQ, 2));
    return failed;
#else
    (void)f;
    return 0;
#endif
}

static enum status close_seccomp(int socket, int store, struct error *err)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!f) return error_set(err, STATUS_NO_MEMORY, "no memory for the sandbox's list of calls");
    /* A tree instead of a chain: the cost of a call falls from one comparison per line to a few. */
    int failed = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!failed) failed = add_list(f, allowed, sizeof allowed / sizeof *allowed);
    if (!failed) failed = add_conditional(f, socket, store);
    if (!failed) failed = add_sanitizers(f);
    if (!failed) failed = seccomp_load(f);
    seccomp_release(f);
    if (!failed) return STATUS_OK;
    errno = -failed;
    return refused(err, "seccomp");
}

/* What libraries read from files once, they read now. */
static void warm_up(void)
{
    uint8_t digest[SHA256_BYTES];
    tzset();
    sha256_of("", 0, digest, NULL);
}

/* A file that cannot be asked for its size cannot be written to. */
static rlim_t bytes_of(int fd)
{
    struct stat s;
    return fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) ? (rlim_t)s.st_size : 0;
}

enum status sandbox_lock(struct sandbox_facts *ret, int socket, int store, int descriptor_max,
                         struct error *err)
{
    struct sandbox_facts facts = { 0 };
    warm_up();
    drop_personality();
    enum status st = set_limits(descriptor_max, bytes_of(store), err);
    if (!st) st = drop_capabilities(err);
    if (!st) st = close_landlock(&facts.landlock_abi, err);
    if (!st) st = close_seccomp(socket, store, err);
    if (st) return st;
    facts.seccomp = true;
    *ret = facts;
    return STATUS_OK;
}
