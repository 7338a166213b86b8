/* A few threads and a bounded queue.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "serve/server/intake.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/core/mem.h"

#define THREADS_MAX 16

struct intake {
    intake_fn *fn;
    void *ctx;
    pthread_t threads[THREADS_MAX];
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t more;
    /* lock: */
    void *items[INTAKE_QUEUE_MAX]; /* a ring */
    unsigned head, count;
    bool ending;
};

static void *work(void *arg)
{
    struct intake *in = arg;
    for (;;) {
        pthread_mutex_lock(&in->lock);
        while (in->count == 0 && !in->ending)
            pthread_cond_wait(&in->more, &in->lock);
        if (in->count == 0) break;
        void *item = in->items[in->head];
        in->head = (in->head + 1) % INTAKE_QUEUE_MAX;
        in->count--;
        pthread_mutex_unlock(&in->lock);
        in->fn(in->ctx, item);
    }
    pthread_mutex_unlock(&in->lock);
    return NULL;
}

enum status intake_new(struct intake **ret, int thread_count, intake_fn *fn, void *ctx,
                       struct error *err)
{
    struct intake *in = mem_zero(sizeof *in);
    if (!in || pthread_mutex_init(&in->lock, NULL) != 0) {
        mem_free(in);
        return error_set(err, STATUS_NO_MEMORY, "no memory for the readers of requests");
    }
    pthread_cond_init(&in->more, NULL);
    in->fn = fn;
    in->ctx = ctx;
    int count = thread_count < THREADS_MAX ? thread_count : THREADS_MAX;
    while (in->thread_count < count) {
        int why = pthread_create(&in->threads[in->thread_count], NULL, work, in);
        if (why) {
            intake_free(in);
            return error_set(err, STATUS_FAILED, "no thread for reading requests: %s",
                             strerrordesc_np(why));
        }
        in->thread_count++;
    }
    *ret = in;
    return STATUS_OK;
}

bool intake_put(struct intake *in, void *item)
{
    pthread_mutex_lock(&in->lock);
    bool ok = !in->ending && in->count < INTAKE_QUEUE_MAX;
    if (ok) in->items[(in->head + in->count++) % INTAKE_QUEUE_MAX] = item;
    pthread_cond_signal(&in->more);
    pthread_mutex_unlock(&in->lock);
    return ok;
}

void intake_free(struct intake *in)
{
    if (!in) return;
    pthread_mutex_lock(&in->lock);
    in->ending = true;
    pthread_cond_broadcast(&in->more);
    pthread_mutex_unlock(&in->lock);
    for (int i = 0; i < in->thread_count; i++)
        pthread_join(in->threads[i], NULL);
    pthread_cond_destroy(&in->more);
    pthread_mutex_destroy(&in->lock);
    mem_free(in);
}
