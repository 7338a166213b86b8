/* The frames of the worker protocol.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Name, and whether it goes to the worker (1), comes from it (0), or both (2). */
FRAME(HELLO, 2)
FRAME(LOAD, 1)
FRAME(SUBMIT, 1)
FRAME(CANCEL, 1)
FRAME(SCORE, 1)
FRAME(EMBED, 1)
FRAME(RERANK, 1)
FRAME(PROBE, 1)
FRAME(STATS, 1)
FRAME(STOP, 1)
FRAME(READY, 0)
FRAME(PROGRESS, 0)
FRAME(DELTA, 0)
FRAME(DONE, 0)
FRAME(ERROR, 0)
FRAME(KEEP, 0)
FRAME(LOG, 0)
