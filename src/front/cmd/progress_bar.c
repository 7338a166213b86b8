/* The progress bar on standard error.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/progress_bar.h"

#include <string.h>

#include "base/core/clock.h"
#include "front/cmd/interrupt.h"

#define REDRAW_NS 100000000 /* ten times a second */
#define CELLS     30

void progress_bar_init(struct progress_bar *bar, const char *what)
{
    memset(bar, 0, sizeof *bar);
    bar->terminal = terminal_of(stderr);
    bar->what = what;
}

static void draw(struct progress_bar *bar, const char *stage, unsigned long long done,
                 unsigned long long total)
{
    char cells[CELLS + 1];
    double share = total ? (double)done / (double)total : 0;
    if (share > 1) share = 1;
    int full = (int)(share * CELLS);
    memset(cells, '#', (size_t)full);
    memset(cells + full, '.', (size_t)(CELLS - full));
    cells[CELLS] = 0;
    int room = bar->terminal.width - CELLS - (int)strlen(stage) - 12;
    fprintf(stderr, "\r\033[K[%s] %3.0f%% %s %.*s", cells, share * 100, stage, room > 0 ? room : 0,
            bar->what);
    fflush(stderr);
    bar->drawn = true;
}

bool progress_bar_report(void *ctx, const char *stage, unsigned long long done,
                         unsigned long long total)
{
    struct progress_bar *bar = ctx;
    int64_t now = clock_monotonic_ns();
    if (bar->terminal.interactive &&
        (now - bar->last_ns >= REDRAW_NS || (total && done >= total))) {
        bar->last_ns = now;
        draw(bar, stage, done, total);
    }
    return !interrupt_seen();
}

void progress_bar_clear(struct progress_bar *bar)
{
    if (bar->drawn) fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}

void progress_bar_log(void *ctx, enum log_level level, const char *area, const char *text)
{
    if (level < LOG_WARN) return;
    progress_bar_clear(ctx);
    fprintf(stderr, "hearth: %s: %s: %s\n", level == LOG_WARN ? "warning" : "error", area, text);
}
