/* Counters, gauges and histograms.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define BUCKETS_MAX    24
#define HTTP_KINDS_MAX 512 /* pairs of route and status */

/* Upper bounds; the last, +Inf, is understood. A zero ends the list. */
static const double first_buckets[BUCKETS_MAX] = {
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
    1,     2.5,   5,    7.5,  10,   20,   40,   80,  160,  640, 2560,
};
static const double token_buckets[BUCKETS_MAX] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3,
    0.4,   0.5,    0.75,  1,    2.5,   5,    7.5,   10,  20,   40,  80,
};
static const double request_buckets[BUCKETS_MAX] = {
    0.05, 0.1, 0.3, 0.5, 0.8, 1,   1.5, 2,   2.5, 5,    10,   15,
    20,   30,  40,  50,  60,  120, 240, 480, 960, 1920, 7680,
};
static const double size_buckets[BUCKETS_MAX] = {
    1,    2,    5,    10,    20,    50,    100,    200,    500,
    1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
};

struct named {
    const char *text, *help;
    const double *buckets;
};
static const struct named counters[] = {
#define COUNTER(name, text, help) { text, help, NULL },
#include "serve/server/metric_list.h"
#undef COUNTER
};
static const struct named gauges[] = {
#define GAUGE(name, text, help) { text, help, NULL },
#include "serve/server/metric_list.h"
#undef GAUGE
};
static const struct named histograms[] = {
#define HISTOGRAM(name, text, buckets, help) { text, help, buckets },
#include "serve/server/metric_list.h"
#undef HISTOGRAM
};
static const char *const finishes[] = {
#define FINISH(name) #name,
#include "serve/server/metric_list.h"
#undef FINISH
};

struct histogram {
    uint64_t buckets[BUCKETS_MAX + 1]; /* not cumulative; the last is +Inf */
    uint64_t count;
    double sum;
};

struct model_metrics {
    struct model_metrics *next;
    struct metrics *owner;
    char *name;
    uint64_t counters[METRIC_COUNTER_COUNT];
    double gauges[METRIC_GAUGE_COUNT];
    uint64_t finishes[METRIC_FINISH_COUNT];
    struct histogram histograms[METRIC_HISTOGRAM_COUNT];
};

struct http_kind {
    const char *route; /* static text of the route table */
    int status;
    uint64_t count;
};

struct metrics {
    pthread_mutex_t lock; /* all below */
    struct model_metrics *models;
    struct http_kind http[HTTP_KINDS_MAX];
    size_t http_count;
    double start_seconds;
};

enum status metrics_new(struct metrics **ret, struct error *err)
{
    struct metrics *m = mem_zero(sizeof *m);
    if (!m || pthread_mutex_init(&m->lock, NULL) != 0) {
        mem_free(m);
        return error_set(err, STATUS_NO_MEMORY, "no memory for metrics");
    }
    m->start_seconds = (double)clock_unix_ns() / 1e9;
    *ret = m;
    return STATUS_OK;
}

void metrics_free(struct metrics *m)
{
    if (!m) return;
    for (struct model_metrics *each = m->models; each;) {
        struct model_metrics *next = each->next;
        mem_free(each->name);
        mem_free(each);
        each = next;
    }
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

/* With the lock held. */
static struct model_metrics *find_or_add(struct metrics *m, const char *name)
{
    struct model_metrics **end = &m->models;
    for (; *end; end = &(*end)->next)
        if (strcmp((*end)->name, name) == 0) return *end;
    struct model_metrics *new = mem_zero(sizeof *new);
    if (!new) return NULL;
    new->owner = m;
    new->name = mem_copy_text(name, strlen(name));
    if (!new->name) {
        mem_free(new);
        return NULL;
    }
    return *end = new;
}

struct model_metrics *metrics_model(struct metrics *m, const char *name)
{
    pthread_mutex_lock(&m->lock);
    struct model_metrics *found = find_or_add(m, name);
    pthread_mutex_unlock(&m->lock);
    return found;
}

void metrics_count(struct model_metrics *m, enum metric_counter which, uint64_t n)
{
    if (!m) return;
    pthread_mutex_lock(&m->owner->lock);
    m->counters[which] += n;
    pthread_mutex_unlock(&m->owner->lock);
}

void metrics_set(struct model_metrics *m, enum metric_gauge which, double value)
{
    if (!m) return;
    pthread_mutex_lock(&m->owner->lock);
    m->gauges[which] = value;
    pthread_mutex_unlock(&m->owner->lock);
}

void metrics_observe(struct model_metrics *m, enum metric_histogram which, double value)
{
    if (!m) return;
    const double *bounds = histograms[which].buckets;
    size_t i = 0;
    while (i < BUCKETS_MAX && bounds[i] > 0 && value > bounds[i])
        i++;
    pthread_mutex_lock(&m->owner->lock);
    struct histogram *h = &m->histograms[which];
    h->buckets[i]++;
    h->count++;
    h->sum += value;
    pthread_mutex_unlock(&m->owner->lock);
}

void metrics_finish(struct model_metrics *m, const char *finish)
{
    if (!m) return;
    size_t i = 0;
    while (i < METRIC_FINISH_error && strcmp(finishes[i], finish) != 0)
        i++;
    pthread_mutex_lock(&m->owner->lock);
    m->finishes[i]++;
    pthread_mutex_unlock(&m->owner->lock);
}

void metrics_http(struct metrics *m, const char *route, int status)
{
    pthread_mutex_lock(&m->lock);
    size_t i = 0;
    while (i < m->http_count && (m->http[i].status != status || strcmp(m->http[i].route, route)))
        i++;
    if (i == m->http_count && i < HTTP_KINDS_MAX)
        m->http[m->http_count++] = (struct http_kind){ route, status, 0 };
    if (i < m->http_count) m->http[i].count++;
    pthread_mutex_unlock(&m->lock);
}

static void write_head(struct buf *out, const struct named *n, const char *type)
{
    buf_format(out, "# HELP hearth_%s %s\n# TYPE hearth_%s %s\n", n->text, n->help, n->text, type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void write_label(struct buf *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"') buf_byte(out, '\\');
        if (*value == '\n') buf_text(out, "\\n");
        else buf_byte(out, *value);
    }
}

/* hearth_<name><suffix>{model_name="<model>" and leaves the braces open. */
static void write_name(struct buf *out, const char *text, const char *suffix,
                       const struct model_metrics *m)
{
    buf_format(out, "hearth_%s%s{model_name=\"", text, suffix);
    write_label(out, m->name);
    buf_byte(out, '"');
}

static void write_histogram(struct buf *out, const struct named *n, const struct model_metrics *m,
                            const struct histogram *h)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKETS_MAX && n->buckets[i] > 0; i++) {
        sum += h->buckets[i];
        write_name(out, n->text, "_bucket", m);
        buf_format(out, ",le=\"%g\"} %" PRIu64 "\n", n->buckets[i], sum);
    }
    write_name(out, n->text, "_bucket", m);
    buf_format(out, ",le=\"+Inf\"} %" PRIu64 "\n", h->count);
    write_name(out, n->text, "_sum", m);
    buf_format(out, "} %.9g\n", h->sum);
    write_name(out, n->text, "_count", m);
    buf_format(out, "} %" PRIu64 "\n", h->count);
}

static void write_models(struct buf *out, const struct metrics *m)
{
    for (int i = 0; i < METRIC_COUNTER_COUNT; i++) {
        write_head(out, &counters[i], "counter");
        for (const struct model_metrics *each = m->models; each; each = each->next) {
            write_name(out, counters[i].text, "", each);
            buf_format(out, "} %" PRIu64 "\n", each->counters[i]);
        }
    }
    for (int i = 0; i < METRIC_GAUGE_COUNT; i++) {
        write_head(out, &gauges[i], "gauge");
        for (const struct model_metrics *each = m->models; each; each = each->next) {
            write_name(out, gauges[i].text, "", each);
            buf_format(out, "} %.9g\n", each->gauges[i]);
        }
    }
    for (int i = 0; i < METRIC_HISTOGRAM_COUNT; i++) {
        write_head(out, &histograms[i], "histogram");
        for (const struct model_metrics *each = m->models; each; each = each->next)
            write_histogram(out, &histograms[i], each, &each->histograms[i]);
    }
    static const struct named finished = { "request_success_total", "Answers by how they ended.",
                                           NULL };
    write_head(out, &finished, "counter");
    for (const struct model_metrics *each = m->models; each; each = each->next)
        for (int i = 0; i < METRIC_FINISH_COUNT; i++) {
            write_name(out, finished.text, "", each);
            buf_format(out, ",finished_reason=\"%s\"} %" PRIu64 "\n", finishes[i],
                       each->finishes[i]);
        }
}

void metrics_write(struct metrics *m, struct buf *out)
{
    static const struct named http = { "http_requests_total", "Requests by route and status.",
                                       NULL };
    static const struct named build = { "build_info", "The version that runs.", NULL };
    pthread_mutex_lock(&m->lock);
    write_models(out, m);
    write_head(out, &http, "counter");
    for (size_t i = 0; i < m->http_count; i++)
        buf_format(out, "hearth_http_requests_total{handler=\"%s\",status=\"%d\"} %" PRIu64 "\n",
                   m->http[i].route, m->http[i].status, m->http[i].count);
    write_head(out, &build, "gauge");
    buf_format(out, "hearth_build_info{version=\"%s\"} 1\n", HEARTH_VERSION);
    buf_format(out,
               "# HELP process_start_time_seconds When the process began, in unix seconds.\n"
               "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %.3f\n",
               m->start_seconds);
    pthread_mutex_unlock(&m->lock);
}
