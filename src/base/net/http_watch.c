/* Watches connections from the side: who hung up, who takes too long.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library says nothing of a client that leaves while its connection is suspended. So every
 * connection stands in an epoll set of our own, armed once for its end (a half-closed one counts
 * as left), and a sweep of twice a second looks at the deadlines. A connection that is past one is shut
 * down; the library then sees its end and cleans up. */
#define _GNU_SOURCE /* EPOLLRDHUP, strerrordesc_np */
#include "base/net/http_inner.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define SWEEP_MS   500
#define EVENTS_MAX 64

/* With the server's lock held; NULL: that connection is gone. */
static struct http_connection *find(struct http_server *s, uint64_t number)
{
    size_t slot = (size_t)(number & 0xFFFFFFFFu);
    if (slot >= (size_t)s->slot_count) return NULL;
    struct http_connection *c = s->slots[slot];
    return c && c->number == number ? c : NULL;
}

static bool grow(struct http_server *s)
{
    int count = s->slot_count ? s->slot_count * 2 : 64;
    struct http_connection **slots = mem_array((size_t)count, sizeof(struct http_connection *));
    uint32_t *turns = mem_array((size_t)count, sizeof *turns);
    if (!slots || !turns) {
        mem_free(slots);
        mem_free(turns);
        return false;
    }
    if (s->slot_count) {
        memcpy(slots, s->slots, (size_t)s->slot_count * sizeof(struct http_connection *));
        memcpy(turns, s->turns, (size_t)s->slot_count * sizeof *turns);
    }
    mem_free(s->slots);
    mem_free(s->turns);
    s->slots = slots;
    s->turns = turns;
    s->slot_hint = s->slot_count;
    s->slot_count = count;
    return true;
}

/* With the lock held: a free slot, or -1. */
static int free_slot(struct http_server *s)
{
    if (s->slot_used == s->slot_count && !grow(s)) return -1;
    while (s->slots[s->slot_hint])
        s->slot_hint = (s->slot_hint + 1) % s->slot_count;
    return s->slot_hint;
}

struct http_connection *watch_add(struct http_server *s, int fd)
{
    struct http_connection *c = mem_zero(sizeof *c);
    if (!c) return NULL;
    c->fd = fd;
    c->since_ns = clock_monotonic_ns();
    pthread_mutex_lock(&s->lock);
    int slot = free_slot(s);
    if (slot >= 0) {
        c->number = (uint64_t)++s->turns[slot] << 32 | (uint64_t)slot;
        s->slots[slot] = c;
        s->slot_used++;
    }
    pthread_mutex_unlock(&s->lock);
    if (slot < 0) {
        mem_free(c);
        return NULL;
    }
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = c->number };
    if (epoll_ctl(s->watch_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        log_write(&s->log, LOG_WARN, "http", "a connection cannot be watched: %s",
                  strerrordesc_np(errno));
    return c;
}

void watch_remove(struct http_server *s, struct http_connection *c)
{
    epoll_ctl(s->watch_fd, EPOLL_CTL_DEL, c->fd, NULL);
    pthread_mutex_lock(&s->lock);
    s->slots[c->number & 0xFFFFFFFFu] = NULL;
    s->slot_used--;
    struct http_exchange *x = c->exchange;
    pthread_mutex_unlock(&s->lock);
    if (x) {
        exchange_over(x, false);
        http_unref(x);
    }
    mem_free(c);
}

void watch_phase(struct http_server *s, struct http_connection *c, enum http_phase phase)
{
    int64_t now = clock_monotonic_ns();
    pthread_mutex_lock(&s->lock);
    c->phase = phase;
    c->since_ns = now;
    pthread_mutex_unlock(&s->lock);
}

void watch_exchange(struct http_server *s, struct http_connection *c, struct http_exchange *x)
{
    pthread_mutex_lock(&s->lock);
    struct http_exchange *before = c->exchange;
    c->exchange = x;
    pthread_mutex_unlock(&s->lock);
    http_unref(before);
}

bool watch_hung_up(struct http_server *s, struct http_connection *c)
{
    pthread_mutex_lock(&s->lock);
    bool hung_up = c->hung_up;
    pthread_mutex_unlock(&s->lock);
    return hung_up;
}

static void on_hang_up(struct http_server *s, uint64_t number)
{
    struct http_exchange *x = NULL;
    pthread_mutex_lock(&s->lock);
    struct http_connection *c = find(s, number);
    if (c) {
        c->hung_up = true;
        /* Before the answer is due the library reads on and sees the end itself. */
        if (c->exchange && c->phase == PHASE_ANSWER) {
            x = c->exchange;
            http_ref(x);
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (!x) return;
    exchange_leave(x);
    http_unref(x);
}

static bool is_stalled(struct http_exchange *x, int64_t now, int64_t limit_ns)
{
    pthread_mutex_lock(&x->lock);
    bool waiting = x->queued && (!x->streaming || x->queue.len > x->queue_at || x->ended);
    bool stalled = waiting && now - x->drained_ns > limit_ns;
    pthread_mutex_unlock(&x->lock);
    return stalled;
}

/* With the server's lock held. */
static bool is_late(struct http_server *s, struct http_connection *c, int64_t now)
{
    int64_t age_ms = (now - c->since_ns) / 1000000;
    switch (c->phase) {
    case PHASE_IDLE: return age_ms > s->limits.idle_ms;
    case PHASE_HEAD: return age_ms > s->limits.head_ms;
    case PHASE_BODY: return age_ms > s->limits.body_ms;
    case PHASE_ANSWER: break;
    }
    return c->exchange && is_stalled(c->exchange, now, (int64_t)s->limits.stall_ms * 1000000);
}

/* The descriptor is the library's until watch_remove, which takes the same lock. */
static void sweep(struct http_server *s)
{
    int64_t now = clock_monotonic_ns();
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->slot_count; i++) {
        struct http_connection *c = s->slots[i];
        if (c && is_late(s, c, now)) shutdown(c->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&s->lock);
}

static void *watch(void *arg)
{
    struct http_server *s = arg;
    struct epoll_event events[EVENTS_MAX];
    int64_t swept = clock_monotonic_ns();
    for (;;) {
        int count = epoll_wait(s->watch_fd, events, EVENTS_MAX, SWEEP_MS);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == 0) return NULL;
            on_hang_up(s, events[i].data.u64);
        }
        int64_t now = clock_monotonic_ns();
        if (now - swept < (int64_t)SWEEP_MS * 1000000) continue;
        swept = now;
        sweep(s);
    }
}

enum status watch_start(struct http_server *s, struct error *err)
{
    s->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0 };
    if (s->watch_fd < 0 || s->wake_fd < 0 ||
        epoll_ctl(s->watch_fd, EPOLL_CTL_ADD, s->wake_fd, &event) != 0)
        return error_set(err, STATUS_IO, "connections cannot be watched: %s",
                         strerrordesc_np(errno));
    int why = pthread_create(&s->watcher, NULL, watch, s);
    if (why)
        return error_set(err, STATUS_FAILED, "no thread for watching connections: %s",
                         strerrordesc_np(why));
    s->watching = true;
    return STATUS_OK;
}

void watch_stop(struct http_server *s)
{
    uint64_t one = 1;
    if (s->watching && write(s->wake_fd, &one, sizeof one) == sizeof one)
        pthread_join(s->watcher, NULL);
    if (s->watch_fd >= 0) close(s->watch_fd);
    if (s->wake_fd >= 0) close(s->wake_fd);
    s->watching = false;
    s->watch_fd = s->wake_fd = -1;
}

void watch_leave_all(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->slot_count; i++) {
        struct http_exchange *x = s->slots[i] ? s->slots[i]->exchange : NULL;
        if (!x) continue;
        http_ref(x);
        pthread_mutex_unlock(&s->lock);
        exchange_leave(x);
        http_unref(x);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}
