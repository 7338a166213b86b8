/* Counters, gauges and histograms, and the text that Prometheus reads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Text format 0.0.4. Names begin with "hearth_"; those of models carry model_name. No label holds
 * anything from a request but names of routes and models that the configuration knows: a client
 * cannot grow the output. Any thread may call. */
#ifndef SERVE_SERVER_METRICS_H
#define SERVE_SERVER_METRICS_H

#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/status.h"

enum metric_counter {
#define COUNTER(name, text, help) METRIC_##name,
#include "serve/server/metric_list.h"
#undef COUNTER
    METRIC_COUNTER_COUNT
};
enum metric_gauge {
#define GAUGE(name, text, help) METRIC_##name,
#include "serve/server/metric_list.h"
#undef GAUGE
    METRIC_GAUGE_COUNT
};
enum metric_histogram {
#define HISTOGRAM(name, text, buckets, help) METRIC_##name,
#include "serve/server/metric_list.h"
#undef HISTOGRAM
    METRIC_HISTOGRAM_COUNT
};
enum metric_finish {
#define FINISH(name) METRIC_FINISH_##name,
#include "serve/server/metric_list.h"
#undef FINISH
    METRIC_FINISH_COUNT
};

struct metrics;
struct model_metrics; /* of one model; lives as long as the metrics */

enum status metrics_new(struct metrics **ret, struct error *err);
void metrics_free(struct metrics *m);
/* The model's, new when it was not known. NULL when memory is short: then nothing is counted. */
struct model_metrics *metrics_model(struct metrics *m, const char *name);

/* A NULL model is fine. */
void metrics_count(struct model_metrics *m, enum metric_counter which, uint64_t n);
void metrics_set(struct model_metrics *m, enum metric_gauge which, double value);
void metrics_observe(struct model_metrics *m, enum metric_histogram which, double value);
void metrics_finish(struct model_metrics *m, const char *finish); /* an unknown one is "error" */
/* A request on a route ("other" for unknown ones) was answered. */
void metrics_http(struct metrics *m, const char *route, int status);

void metrics_write(struct metrics *m, struct buf *out);

#endif
