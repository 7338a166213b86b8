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

/* Of downloads, whose bytes are counted from where this one began: what was there before came in no time. */
static void write_rate(struct progress_bar *bar, const char *stage, unsigned long long done,
                       char *ret, size_t ret_bytes)
{
    ret[0] = 0;
    if (strcmp(stage, "downloading") != 0) return;
    if (bar->begun_ns == 0) {
        bar->begun_ns = bar->last_ns;
        bar->begun_done = done;
    }
    double seconds = (double)(bar->last_ns - bar->begun_ns) / 1e9;
    if (seconds > 0)
        snprintf(ret, ret_bytes, " %.1f MB/s", (double)(done - bar->begun_done) / 1e6 / seconds);
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
    char rate[32];
    write_rate(bar, stage, done, rate, sizeof rate);
    int room = bar->terminal.width - CELLS - (int)strlen(stage) - (int)strlen(rate) - 12;
    fprintf(stderr, "\r\033[K[%s] %3.0f%% %s%s %.*s", cells, share * 100, stage, rate,
            room > 0 ? room : 0, bar->what);
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
