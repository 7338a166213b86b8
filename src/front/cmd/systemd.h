/* What a service manager and its service tell each other: sockets handed over, "I am ready".
 * SPDX-License-Identifier: Apache-2.0
 *
 * sd_listen_fds(3) and sd_notify(3), without their library. Outside systemd nothing happens. */
#ifndef FRONT_CMD_SYSTEMD_H
#define FRONT_CMD_SYSTEMD_H

/* How many listening descriptors were handed to this process, from 3 on; 0: none. */
int systemd_listen_fds(void);
/* One message: "READY=1", "STOPPING=1", "STATUS=loading". */
void systemd_notify(const char *message);

#endif
