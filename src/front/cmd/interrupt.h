/* Ctrl-C: a flag that long work looks at. The only global of the program.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_INTERRUPT_H
#define FRONT_CMD_INTERRUPT_H

#include <stdbool.h>

/* The first SIGINT from now on sets the flag; a second one ends the program as usual. */
void interrupt_install(void);
bool interrupt_seen(void);
void interrupt_forget(void); /* the next SIGINT is the first again */

#endif
