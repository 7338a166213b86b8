/* Sockets from, and messages to, the service manager.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "front/cmd/systemd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "front/cmd/options.h"

#define MESSAGE_BYTES     512
#define WATCHDOG_USEC_MAX 86400000000

int systemd_listen_fds(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    int64_t pid_value, count_value;
    if (!pid || !count || !parse_int(pid, &pid_value) || !parse_int(count, &count_value)) return 0;
    if (pid_value != (int64_t)getpid() || count_value < 0 || count_value > 64) return 0;
    return (int)count_value;
}

static void notify(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof address.sun_path || (*path != '/' && *path != '@')) return;
    memcpy(address.sun_path, path, len);
    if (*path == '@') address.sun_path[0] = 0; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    sendto(fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

void systemd_notify(const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(message, sizeof message, format, list);
    va_end(list);
    if (len > 0 && len < (int)sizeof message) notify(message);
}

void systemd_notify_reloading(void)
{
    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_ns() / 1000);
}

void systemd_watchdog_init(struct systemd_watchdog *w)
{
    const char *pid = getenv("WATCHDOG_PID"), *interval = getenv("WATCHDOG_USEC");
    int64_t pid_value, usec;
    *w = (struct systemd_watchdog){ 0 };
    if (!interval || !parse_int(interval, &usec) || usec < 1 || usec > WATCHDOG_USEC_MAX) return;
    if (pid && (!parse_int(pid, &pid_value) || pid_value != (int64_t)getpid())) return;
    w->interval_ns = usec * 1000;
}

void systemd_watchdog_tick(struct systemd_watchdog *w, int64_t now_ns)
{
    if (!w->interval_ns || (w->last_ns && now_ns - w->last_ns < w->interval_ns / 2)) return;
    w->last_ns = now_ns;
    systemd_notify("WATCHDOG=1");
}
