/* `hearth serve`: models behind the APIs that people's tools speak.
 * SPDX-License-Identifier: Apache-2.0
 *
 * This thread waits for signals and ticks; all the work is in serve/server. Signals are blocked
 * before the first thread begins, so that they come here and nowhere else. */
#define _GNU_SOURCE /* strerrordesc_np */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/config_log.h"
#include "front/cmd/desk.h"
#include "front/cmd/model_options.h"
#include "front/cmd/systemd.h"
#include "serve/server/server.h"
#include "serve/server/server_config.h"

#define ADDRESS_DEFAULT "127.0.0.1:8080"
#define TICK_MS         250
#define EXTEND_S        60 /* what a start that goes on asks for, again and again */
#define STOP_SPARE_S    10 /* past draining: ending the workers */
#define PEM_BYTES_MAX   ((size_t)1 << 20)

static const struct option_spec specs[] = {
    { "listen", 0, OPTION_TEXTS, "ADDRESS",
      .help =
          "ADDR:PORT or unix:PATH; may be given several times. " ADDRESS_DEFAULT " by default" },
    { "config", 0, OPTION_TEXT, "FILE",
      .help =
          "settings, mode and declared use (hearth.yaml); read again on SIGHUP. What the command "
          "line says comes first. Without it mode and use are those of ./hearth.yaml, else of "
          "~/.config/hearth/hearth.yaml" },
    { "tls-cert", 0, OPTION_TEXT, "FILE", .help = "certificate chain (PEM): serve HTTPS" },
    { "tls-key", 0, OPTION_TEXT, "FILE", .help = "its private key (PEM)" },
    { "behind-proxy", 0, OPTION_FLAG,
      .help = "a proxy in front does TLS: plain HTTP on any address, keys needed everywhere" },
    { "require-key", 0, OPTION_FLAG, .help = "ask for a key on loopback addresses too" },
    { "keep-pages", 0, OPTION_REAL, "GIB", 0.001, 65536,
      "keep what the cache knows of prompts on the disk, so that conversations go on quickly after "
      "a "
      "restart: up to so much for each model, in HEARTH_HOME/kv. Off by default: it holds what "
      "users "
      "wrote" },
    { "deterministic", 0, OPTION_FLAG,
      .help = "the same request gives the same bytes, whatever else is asked meanwhile: where it "
              "names no seed, one is made from the prompt. Not with --keep-pages" },
    { "batch", 0, OPTION_INT, "N", 1, 256, "answers that a model writes at once; 16 by default" },
    { "cache-tokens", 0, OPTION_INT, "N", 1, 1 << 30,
      "tokens that the cache of a model holds for all its answers; by default --ctx" },
    { "no-request-log", 0, OPTION_FLAG, .help = "no line per request on standard error" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table,    &context_table, &model_table,
                                                     &worker_table, &lock_table,    NULL };

struct serving {
    const struct args *args;
    struct server_options options;
    struct server *server;
    char home[HOME_PATH_BYTES], cache_folder[HOME_PATH_BYTES];
    char store_folder[HOME_PATH_BYTES];
    char embedded[HOME_PATH_BYTES];
    struct buf certificate, key;
    struct log log;
    struct config_log config_log;
    struct desk desk;
    struct systemd_watchdog watchdog;
    int64_t extended_ns; /* when the service manager was last asked for patience */
    bool announced;      /* READY=1 was said; a reload before that must not say it */
};

/* Logs: one JSON object a line. */

static void write_line(void *ctx, const char *line)
{
    fprintf(stderr, "%s\n", line); /* one call: lines of threads do not mix */
}

static void write_log(void *ctx, enum log_level level, const char *area, const char *text)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };
    char line[4096], stamp[32];
    struct buf b = BUF_INIT(sizeof line);
    struct json_writer w;
    struct tm tm;
    if (level == LOG_DEBUG) return;
    time_t seconds = (time_t)(clock_unix_ns() / 1000000000);
    gmtime_r(&seconds, &tm);
    stamp[strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm)] = 0;
    json_writer_init(&w, &b, 0);
    json_open_object(&w);
    json_key(&w, "time");
    json_put_string(&w, stamp);
    json_key(&w, "event");
    json_put_string(&w, "log");
    json_key(&w, "level");
    json_put_string(&w, names[level]);
    json_key(&w, "area");
    json_put_string(&w, area);
    json_key(&w, "message");
    json_put_string(&w, text);
    json_close_object(&w);
    if (!b.failed) write_line(NULL, b.data);
    buf_release(&b);
}

/* The model in the box: beside a build, or where `make install` puts it. */
static bool find_embedded(char out[HOME_PATH_BYTES])
{
    static const char *const places[] = { "/../models/ember", "/../share/hearth/models/ember" };
    char program[HOME_PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len <= 0) return false;
    program[len] = 0;
    *strrchr(program, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (snprintf(out, HOME_PATH_BYTES, "%s%s", program, places[i]) < HOME_PATH_BYTES &&
            file_kind(out) == FILE_FOLDER)
            return true;
    return false;
}

/* Settings. */

static enum status add_operands(struct serving *v, struct server_settings *s, struct error *err)
{
    for (int i = 0; args_operand(v->args, i); i++) {
        enum status st = server_settings_add_model(s, NULL, args_operand(v->args, i), err);
        if (st) return st;
        s->models[s->model_count - 1].preload = true;
    }
    return STATUS_OK;
}

/* From the file and the command line; what is given there comes first in the list of models. */
static enum status make_settings(struct serving *v, struct server_settings *s, struct error *err)
{
    const char *config = args_text(v->args, "config", NULL);
    server_settings_init(s);
    enum status st = add_operands(v, s, err);
    if (!st && config) st = server_config_read(s, config, err);
    if (!st && s->model_count == 0) {
        if (!find_embedded(v->embedded))
            st = error_set(err, STATUS_USAGE,
                           "say which model to serve: the one in the box (models/ember) is not "
                           "beside this program");
        else st = server_settings_add_model(s, "ember", v->embedded, err);
        if (!st) s->models[0].preload = true;
    }
    if (args_flag(v->args, "require-key")) s->require_key = true;
    if (st) server_settings_release(s);
    return st;
}

/* Policy and settings stand in one file where --config names it; the log says which it was. */
static enum status read_config(struct serving *v, struct gate_policy *policy,
                               struct server_settings *s, struct error *err)
{
    const char *config = args_text(v->args, "config", NULL);
    enum status st = policy_read(policy, config, err);
    config_log_look(&v->config_log, config ? config : policy->path[0] ? policy->path : NULL);
    return st ? st : make_settings(v, s, err);
}

static enum status add_listener(struct serving *v, const char *text, struct error *err)
{
    struct server_options *o = &v->options;
    struct server_listen *l = &o->listen[o->listen_count];
    if (o->listen_count == SERVER_LISTEN_MAX)
        return error_set(err, STATUS_USAGE, "at most %d addresses", SERVER_LISTEN_MAX);
    enum status st = listen_parse(&l->address, text, err);
    if (!st) st = listen_open(&l->fd, &l->address, err);
    if (!st) o->listen_count++;
    return st;
}

static enum status adopt_listeners(struct serving *v, int count, struct error *err)
{
    struct server_options *o = &v->options;
    for (int i = 0; i < count; i++) {
        if (o->listen_count == SERVER_LISTEN_MAX)
            return error_set(err, STATUS_USAGE, "at most %d addresses", SERVER_LISTEN_MAX);
        struct server_listen *l = &o->listen[o->listen_count];
        l->fd = LISTEN_FD_FIRST + i;
        enum status st = listen_adopt(&l->address, l->fd, err);
        if (st) return st;
        o->listen_count++;
    }
    return STATUS_OK;
}

static enum status open_listeners(struct serving *v, struct error *err)
{
    int cursor = 0, handed = systemd_listen_fds();
    const char *text;
    enum status st = adopt_listeners(v, handed, err);
    while (!st && (text = args_next_text(v->args, "listen", &cursor)))
        st = add_listener(v, text, err);
    if (!st && v->options.listen_count == 0) st = add_listener(v, ADDRESS_DEFAULT, err);
    for (int i = 0; st && i < v->options.listen_count; i++)
        close(v->options.listen[i].fd);
    return st;
}

static enum status read_pem(struct buf *out, const char *path, struct error *err)
{
    *out = BUF_INIT(PEM_BYTES_MAX);
    enum status st = file_read(out, path, err);
    if (!st && !strstr(out->data ? out->data : "", "-----BEGIN "))
        st = error_set(err, STATUS_BAD_INPUT, "%s is no PEM file", path);
    return st;
}

static enum status read_tls(struct serving *v, struct error *err)
{
    const char *certificate = args_text(v->args, "tls-cert", NULL);
    const char *key = args_text(v->args, "tls-key", NULL);
    if (!certificate && !key) return STATUS_OK;
    if (!certificate || !key)
        return error_set(err, STATUS_USAGE, "--tls-cert and --tls-key belong together");
    enum status st = read_pem(&v->certificate, certificate, err);
    if (!st) st = read_pem(&v->key, key, err);
    v->options.tls_certificate = v->certificate.data;
    v->options.tls_key = v->key.data;
    return st;
}

static enum status set_engine(struct serving *v, struct error *err)
{
    const struct args *a = v->args;
    v->options.engine = (struct engine_options){
        .backend = args_text(a, "backend", NULL),
        .cpu_level = args_text(a, "cpu", NULL),
        .precise = args_flag(a, "precise"),
        .cache_type = args_text(a, "cache", NULL),
        .thread_count = (int)args_int(a, "threads", 0),
        .context_max = args_int(a, "ctx", 0),
        .deterministic = args_flag(a, "deterministic"),
        .cache_folder = home_tokenizer_cache(v->cache_folder) ? v->cache_folder : NULL,
        .streams_max = args_int(a, "batch", 0),
        .cache_tokens = args_int(a, "cache-tokens", 0),
        .memory_max = worker_memory_max(a),
    };
    double gib = args_real(a, "keep-pages", 0);
    if (gib <= 0) return STATUS_OK;
    if (args_flag(a, "deterministic"))
        return error_set(
            err, STATUS_USAGE,
            "--deterministic answers from the model's files alone: not with --keep-pages");
    if (!home_page_store(v->store_folder))
        return error_set(err, STATUS_USAGE,
                         "--keep-pages: there is no folder HEARTH_HOME/kv, and none can be made");
    v->options.engine.store_folder = v->store_folder;
    v->options.engine.store_bytes = (uint64_t)(gib * (1 << 30));
    return STATUS_OK;
}

/* Thousands of connections need thousands of descriptors. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Signals. */

static void block_signals(sigset_t *set)
{
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigprocmask(SIG_BLOCK, set, NULL);
}

/* The next signal within one tick, or 0. */
static int next_signal(struct serving *v, const sigset_t *set)
{
    struct timespec tick = { 0, TICK_MS * 1000000 };
    systemd_watchdog_tick(&v->watchdog, clock_monotonic_ns());
    int number = sigtimedwait(set, NULL, &tick);
    return number > 0 ? number : 0;
}

static void reload(struct serving *v)
{
    struct server_settings settings;
    struct error err = { 0 };
    if (v->announced) systemd_notify_reloading();
    struct gate_policy policy;
    enum status st = read_config(v, &policy, &settings, &err);
    if (!st) st = server_reload(v->server, &settings, &err);
    if (!st) gate_set_policy(v->desk.gate, &policy);
    config_log_note(&v->config_log, !st, &v->log);
    if (st) log_write(&v->log, LOG_ERROR, "serve", "the settings stay as they were: %s", err.text);
    else log_write(&v->log, LOG_INFO, "serve", "the settings were read again");
    if (v->announced)
        systemd_notify("READY=1\nSTATUS=serving%s", st ? "; the new settings were refused" : "");
}

static void announce(const struct serving *v)
{
    for (int i = 0; i < v->options.listen_count; i++) {
        char name[LISTEN_TEXT_BYTES];
        bool tls = v->options.tls_certificate && !v->options.listen[i].address.is_unix;
        listen_name(name, v->options.listen[i].fd);
        const char *scheme = v->options.listen[i].address.is_unix ? ""
                             : tls                                ? "https://"
                                                                  : "http://";
        printf("hearth serves on %s%s\n", scheme, name);
    }
    fflush(stdout);
}

/* A model of many gigabytes takes longer than any limit of a unit that was written before it. */
static void ask_for_patience(struct serving *v)
{
    int64_t now = clock_monotonic_ns();
    if (v->extended_ns && now - v->extended_ns < (int64_t)EXTEND_S * 1000000000 / 4) return;
    v->extended_ns = now;
    systemd_notify("EXTEND_TIMEOUT_USEC=%d000000", EXTEND_S);
}

/* Waits until the first model answers; a signal to stop or its failure ends the wait. */
static enum status wait_ready(struct serving *v, const sigset_t *set, bool *ret_stop,
                              struct error *err)
{
    bool ready = false;
    systemd_notify("STATUS=loading");
    while (!ready) {
        enum status st = server_first_model(v->server, &ready, err);
        if (st) return st;
        ask_for_patience(v);
        int number = ready ? 0 : next_signal(v, set);
        if (number == SIGHUP) reload(v);
        if (number == SIGTERM || number == SIGINT) {
            *ret_stop = true;
            return STATUS_OK;
        }
        server_tick(v->server);
    }
    return STATUS_OK;
}

/* Lets what is under way end, as long as the settings grant; a second signal cuts it short. */
static void drain(struct serving *v, const sigset_t *set, int64_t drain_s)
{
    int64_t end = clock_monotonic_ns() + drain_s * 1000000000;
    systemd_notify("STOPPING=1\nSTATUS=letting requests end\nEXTEND_TIMEOUT_USEC=%d000000",
                   (int)drain_s + STOP_SPARE_S);
    int active = server_active(v->server);
    if (active)
        log_write(&v->log, LOG_INFO, "serve", "stopping: %d requests have up to %d s to end",
                  active, (int)drain_s);
    server_drain(v->server);
    while (server_active(v->server) > 0 && clock_monotonic_ns() < end)
        if (next_signal(v, set) > 0) break;
}

static enum status serve(struct serving *v, const sigset_t *set, struct error *err)
{
    bool stop = false;
    int64_t drain_s = v->options.settings.drain_s;
    enum status st = server_start(&v->server, &v->options, err);
    if (st) return st;
    announce(v);
    st = wait_ready(v, set, &stop, err);
    v->announced = !st && !stop;
    if (v->announced) systemd_notify("READY=1\nSTATUS=serving");
    while (!st && !stop) {
        int number = next_signal(v, set);
        if (number == SIGHUP) reload(v);
        stop = number == SIGTERM || number == SIGINT;
        server_tick(v->server);
    }
    if (!st) drain(v, set, drain_s);
    server_stop(v->server);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct serving *v = mem_zero(sizeof *v);
    sigset_t set;
    if (!v) return error_set(err, STATUS_NO_MEMORY, "no memory for the server");
    v->args = args;
    v->log = (struct log){ write_log, NULL };
    v->options.log = v->log;
    v->options.open = target_open_worker;
    v->desk.log = v->log;
    v->options.behind_proxy = args_flag(args, "behind-proxy");
    v->options.home = home_folder(v->home) ? v->home : NULL;
    if (!args_flag(args, "no-request-log")) v->options.request_log = write_line;
    systemd_watchdog_init(&v->watchdog);
    raise_descriptor_limit();
    config_log_open(&v->config_log, &v->log);
    v->options.audit = v->config_log.audit;
    struct gate_policy policy;
    enum status st = read_config(v, &policy, &v->options.settings, err);
    config_log_note(&v->config_log, !st, &v->log);
    if (!st) st = desk_open(&v->desk, args, err);
    v->options.open_ctx = v->desk.gate;
    if (!st) st = set_engine(v, err);
    if (!st) st = read_tls(v, err);
    if (!st) st = open_listeners(v, err);
    if (!st) {
        block_signals(&set);
        st = serve(v, &set, err);
    } else {
        server_settings_release(&v->options.settings);
    }
    config_log_close(&v->config_log);
    desk_close(&v->desk);
    buf_release(&v->certificate);
    buf_release(&v->key);
    mem_free(v);
    return st;
}

const struct command cmd_serve = {
    .name = "serve",
    .summary = "serve models over HTTP",
    .operands = "[MODEL...]",
    .operands_min = 0,
    .operands_max = SERVER_MODELS_MAX,
    .about =
        "Each MODEL is the alias of a stored model, a folder or a GGUF file; without one the model "
        "in the box is served. "
        "Clients of "
        "OpenAI and Anthropic work as they are: their base URL is http://" ADDRESS_DEFAULT
        "/v1 (without /v1 for Anthropic), their key anything on this machine.\n\n"
        "On loopback addresses and Unix sockets no key is needed. Any other address needs keys "
        "(`hearth keys add`) and TLS, or --behind-proxy.\n\n"
        "SIGTERM lets answers under way end, SIGHUP reads the configuration again. Logs are lines "
        "of "
        "JSON on standard error and hold no texts of requests.",
    .tables = tables,
    .run = run,
};
