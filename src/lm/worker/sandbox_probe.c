/* Tries the door from inside.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Raw system calls, because libc would refuse or translate some itself. Arguments are such that a call
 * which is let through does no harm, and where it can fails for another reason: refused means EPERM,
 * EACCES or ENOSYS, so that for instance EBADF for a write to a file that is open for reading shows
 * that nobody stopped the write. */
#define _GNU_SOURCE /* syscall, clone flags */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/core/json_write.h"
#include "lm/worker/sandbox.h"

#define PAGE_BYTES 4096

struct probe {
    struct json_writer out;
    int file; /* a model's file, or standard input where there is none */
    int socket;
};

static void report(struct probe *p, const char *what, long result)
{
    int e = result < 0 ? errno : 0;
    const char *name = result < 0 ? strerrorname_np(e) : NULL;
    json_open_object(&p->out);
    json_key(&p->out, "what");
    json_put_string(&p->out, what);
    json_key(&p->out, "refused");
    json_put_bool(&p->out, e == EPERM || e == EACCES || e == ENOSYS);
    json_key(&p->out, "errno");
    json_put_string(&p->out, name ? name : result < 0 ? "?" : "none");
    json_close_object(&p->out);
}

static void try_files(struct probe *p)
{
    static const char path[] = "/proc/self/status", other[] = "/tmp/hearth-sandbox-probe";
    struct {
        uint64_t flags, mode, resolve;
    } how = { O_RDONLY, 0, 0 };
    struct stat st;
    char link[16];
    report(p, "open a file for reading", syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0));
    report(p, "open a file for writing", syscall(SYS_openat, AT_FDCWD, path, O_WRONLY, 0));
    report(p, "create a file", syscall(SYS_openat, AT_FDCWD, other, O_RDWR | O_CREAT, 0600));
    report(p, "open a file with openat2", syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
    report(p, "list a folder", syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0));
    report(p, "look at a file", syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0));
    report(p, "read a link",
           syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", link, sizeof link));
    report(p, "remove a file", syscall(SYS_unlinkat, AT_FDCWD, other, 0));
    report(p, "make a folder", syscall(SYS_mkdirat, AT_FDCWD, other, 0700));
    report(p, "change the folder", syscall(SYS_chdir, "/"));
    report(p, "write to standard output", syscall(SYS_write, 1, "", (size_t)0));
    report(p, "write to the model's file", syscall(SYS_write, p->file, "", (size_t)0));
    report(p, "truncate the model's file", syscall(SYS_ftruncate, p->file, 0));
    report(p, "make a file in memory", syscall(SYS_memfd_create, "probe", 0u));
}

static void try_network(struct probe *p)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int pair[2];
    report(p, "make a TCP socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    report(p, "make a UDP socket", syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
    report(p, "make a local socket", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
    report(p, "make a netlink socket", syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0));
    report(p, "make a pair of sockets", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair));
    report(p, "connect", syscall(SYS_connect, p->socket, &address, sizeof address));
    report(p, "bind", syscall(SYS_bind, p->socket, &address, sizeof address));
    report(p, "send a message with descriptors", syscall(SYS_sendmsg, p->socket, NULL, 0));
}

/* A child that came to be must not go on as a second worker. */
static long end_child(long child)
{
    if (child == 0) syscall(SYS_exit_group, 0);
    return child;
}

static void try_processes(struct probe *p)
{
    static char path[] = "/hearth-sandbox-probe";
    char *arguments[] = { path, NULL };
    char byte = 0;
    struct iovec here = { &byte, 1 }, there = { &byte, 1 };
    pid_t parent = getpid();
#ifdef SYS_getppid
    long asked = syscall(SYS_getppid);
    if (asked > 0) parent = (pid_t)asked;
#endif
    report(p, "start a program", syscall(SYS_execve, path, arguments, arguments + 1));
#ifdef SYS_fork
    report(p, "fork", end_child(syscall(SYS_fork)));
#endif
    report(p, "make a process", end_child(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)));
    report(p, "trace a process", syscall(SYS_ptrace, PTRACE_SEIZE, parent, NULL, NULL));
    report(p, "signal a process", syscall(SYS_kill, 1, 0));
    report(p, "read another process's memory",
           syscall(SYS_process_vm_readv, parent, &here, 1ul, &there, 1ul, 0ul));
    report(p, "write another process's memory",
           syscall(SYS_process_vm_writev, parent, &here, 1ul, &there, 1ul, 0ul));
    report(p, "bind a process to a core", syscall(SYS_sched_setaffinity, 1, (size_t)0, &byte));
    report(p, "open a process", syscall(SYS_pidfd_open, 1, 0u));
}

static void try_memory(struct probe *p)
{
    long page = syscall(SYS_mmap, NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
    report(p, "map memory to execute",
           syscall(SYS_mmap, NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L));
    report(p, "map the model's file to execute",
           syscall(SYS_mmap, NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, p->file, 0L));
    report(p, "make memory executable",
           syscall(SYS_mprotect, page, PAGE_BYTES, PROT_READ | PROT_EXEC));
    report(p, "declare memory broken", syscall(SYS_madvise, page, (size_t)0, MADV_HWPOISON));
    syscall(SYS_munmap, page, PAGE_BYTES);
}

static void try_kernel(struct probe *p)
{
    char attributes[128] = { 0 };
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    report(p, "make an io_uring", syscall(SYS_io_uring_setup, 1u, attributes));
    report(p, "load a BPF program", syscall(SYS_bpf, 5, attributes, sizeof attributes));
    report(p, "open a performance counter",
           syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0ul));
    report(p, "catch page faults", syscall(SYS_userfaultfd, 0));
    report(p, "mount", syscall(SYS_mount, "none", "/", "none", 0ul, NULL));
    report(p, "make a namespace", syscall(SYS_unshare, CLONE_NEWUSER));
    report(p, "change the root", syscall(SYS_chroot, "/"));
    report(p, "loosen the filter", syscall(SYS_seccomp, 1u, 0u, NULL));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    report(p, "allow a core dump", syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
#endif
    report(p, "raise a limit", syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL));
    report(p, "use the key ring", syscall(SYS_keyctl, 0, -3, 0));
    report(p, "change the personality", syscall(SYS_personality, 0x0400000ul));
    report(p, "become another user", syscall(SYS_setuid, 0));
    report(p, "load a module", syscall(SYS_init_module, attributes, 0ul, ""));
    report(p, "control a device", syscall(SYS_ioctl, p->file, 0x5401, attributes));
}

void sandbox_probe(struct buf *out, int socket, int file)
{
    struct probe p = { .file = file >= 0 ? file : 0, .socket = socket };
    json_writer_init(&p.out, out, 0);
    json_open_array(&p.out);
    try_files(&p);
    try_network(&p);
    try_processes(&p);
    try_memory(&p);
    try_kernel(&p);
    json_close_array(&p.out);
}
