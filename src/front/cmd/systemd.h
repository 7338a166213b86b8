/* What a service manager and its service tell each other: sockets handed over, "I am ready".
 * SPDX-License-Identifier: Apache-2.0
 *
 * sd_listen_fds(3) and sd_notify(3), without their library. Outside systemd nothing happens. */
#ifndef FRONT_CMD_SYSTEMD_H
#define FRONT_CMD_SYSTEMD_H

#include <stdint.h>

/* Says "alive" to a manager that watches (WatchdogSec=), twice in each interval. */
struct systemd_watchdog {
    int64_t interval_ns; /* 0: nobody watches */
    int64_t last_ns;
};

/* How many listening descriptors were handed to this process, from 3 on; 0: none. */
int systemd_listen_fds(void);
/* One message, lines as sd_notify(3) names them: "READY=1", "STOPPING=1", "STATUS=loading". What
 * does not fit into 512 bytes is not sent. */
void systemd_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "RELOADING=1" with the time that Type=notify-reload asks for; READY=1 ends it. */
void systemd_notify_reloading(void);

void systemd_watchdog_init(struct systemd_watchdog *w);
/* To be called more often than the interval; `now_ns` of clock_monotonic_ns(). */
void systemd_watchdog_tick(struct systemd_watchdog *w, int64_t now_ns);

#endif
