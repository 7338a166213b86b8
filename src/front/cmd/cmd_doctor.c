/* `hearth doctor`: what this machine has, and what is missing.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/core/file.h"
#include "front/cmd/command.h"
#include "front/cmd/home.h"
#include "front/cmd/machine.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "math/kernels/cpu.h"

#define ADVICE_MAX    8
#define PROBE_WAIT_MS 10000

/* What a locked worker was refused when it tried. */
struct sandbox_look {
    bool locked;
    int landlock_abi, attempts, refused;
    char words[256];       /* of the line: what it is made of, or why there is none */
    char let_through[256]; /* what nobody stopped: "" when all was refused */
};

struct findings {
    struct machine machine;
    char brand[128];
    cpu_set levels;
    char home[HOME_PATH_BYTES];
    const char *home_state;
    uint64_t home_free; /* bytes that the folder's file system has left; 0: unknown */
    struct sandbox_look sandbox;
    char advice[ADVICE_MAX][256];
    int advice_count;
};

static void look_at_home(struct findings *f)
{
    struct statvfs fs;
    if (!home_path(f->home)) {
        f->home[0] = 0;
        f->home_state = "unknown: neither HEARTH_HOME nor HOME is set";
        return;
    }
    enum file_kind kind = file_kind(f->home);
    if (kind == FILE_MISSING) f->home_state = "not there yet; made when it is first needed";
    else if (kind != FILE_FOLDER) f->home_state = "not a folder";
    else f->home_state = access(f->home, W_OK) == 0 ? "ready" : "not writable";
    if (kind == FILE_FOLDER && statvfs(f->home, &fs) == 0)
        f->home_free = (uint64_t)fs.f_bavail * fs.f_frsize;
}

static void advise(struct findings *f, const char *text)
{
    if (f->advice_count < ADVICE_MAX)
        snprintf(f->advice[f->advice_count++], sizeof f->advice[0], "%s", text);
}

static bool is_x86_level(int level)
{
    return strncmp(cpu_level_name((enum cpu_level)level), "neon", 4) != 0 &&
           strncmp(cpu_level_name((enum cpu_level)level), "dotprod", 7) != 0;
}

/* A level of this machine's architecture: those of others are of no interest to its owner. */
static bool level_applies(int level)
{
#if defined(__x86_64__)
    return is_x86_level(level);
#else
    return level == CPU_BASE || !is_x86_level(level);
#endif
}

static void note_attempts(struct sandbox_look *s, const struct json *body)
{
    const struct json *attempts = json_get(body, "attempts");
    for (size_t i = 0; i < json_length(attempts); i++) {
        const struct json *a = json_at(attempts, i);
        const char *what = json_text(json_get(a, "what"));
        size_t len = strlen(s->let_through);
        s->attempts++;
        if (json_bool(json_get(a, "refused"), false)) s->refused++;
        else
            snprintf(s->let_through + len, sizeof s->let_through - len, "%s%s", len ? ", " : "",
                     what ? what : "?");
    }
    s->locked = json_bool(json_get(body, "seccomp"), false);
    s->landlock_abi = (int)json_int(json_get(body, "landlock_abi"), 0);
}

static enum status probe(struct worker *w, struct sandbox_look *s, struct error *err)
{
    struct worker_event event = { 0 };
    uint64_t id;
    bool got = false;
    enum status st = worker_probe(w, &id, err);
    if (!st) st = worker_next(w, &event, &got, PROBE_WAIT_MS, err);
    if (st) return st;
    if (!got) return error_set(err, STATUS_FAILED, "the worker does not answer");
    if (event.kind != WORKER_DONE)
        return error_set(err, STATUS_FAILED, "%s", event.error ? event.error->text : "no answer");
    note_attempts(s, event.body);
    return STATUS_OK;
}

/* Starts a worker without a model and lets it try the door. */
static void look_at_sandbox(struct sandbox_look *s)
{
    struct worker *w = NULL;
    struct error err = { 0 };
    char landlock[32] = "no Landlock";
    enum status st = gate_open_sandbox(&w, &err);
    if (!st) st = probe(w, s, &err);
    worker_stop(w);
    if (s->landlock_abi) snprintf(landlock, sizeof landlock, "Landlock ABI %d", s->landlock_abi);
    if (st) snprintf(s->words, sizeof s->words, "none: %.240s", err.text);
    else if (s->let_through[0])
        snprintf(s->words, sizeof s->words, "%s, seccomp; %d of %d attempts refused", landlock,
                 s->refused, s->attempts);
    else
        snprintf(s->words, sizeof s->words,
                 "%s, seccomp; refuses files, sockets, exec, ptrace, writes (%d attempts)",
                 landlock, s->attempts);
}

static void advise_sandbox(struct findings *f)
{
    char text[sizeof f->advice[0]];
    const struct sandbox_look *s = &f->sandbox;
    if (!s->locked)
        advise(f, "no model can run here: the sandbox of its process cannot be closed; a container "
                  "may forbid seccomp");
    else if (s->let_through[0]) {
        snprintf(text, sizeof text, "the sandbox let through: %.200s", s->let_through);
        advise(f, text);
    } else if (!s->landlock_abi)
        advise(f, "this kernel has no Landlock: seccomp alone keeps a model's process from files");
}

static void collect(struct findings *f)
{
    memset(f, 0, sizeof *f);
    f->levels = cpu_detect();
    cpu_brand(f->brand, sizeof f->brand);
    machine_read(&f->machine);
    look_at_home(f);
    look_at_sandbox(&f->sandbox);
    advise_sandbox(f);
    if (cpu_set_best(f->levels) == CPU_BASE)
        advise(f, "the CPU has none of the fast levels: everything runs in plain C, slowly");
    if (strcmp(f->machine.huge_pages, "never") == 0)
        advise(f, "huge pages are off: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled "
                  "(as root) "
                  "makes large models faster");
    if (f->machine.cpus_usable < f->machine.cpus_online)
        advise(
            f,
            "this process may use only some of the machine's cores (taskset, container or cgroup)");
    if (strcmp(f->home_state, "not writable") == 0 || strcmp(f->home_state, "not a folder") == 0)
        advise(f, "HEARTH_HOME cannot be used: tokenizers are compiled anew at each start");
}

static void report_levels(struct report *r, const struct findings *f)
{
    report_open_array(r, "levels");
    report_line(r, "CPU levels");
    for (int i = 0; i < CPU_LEVEL_COUNT; i++) {
        enum cpu_level level = (enum cpu_level)i;
        bool present = f->levels >> i & 1;
        if (!level_applies(i)) continue;
        bool idle = present && !cpu_level_has_kernels(level);
        report_line(r, "  %-12s%-8s  %s%s", cpu_level_name(level), present ? "present" : "absent",
                    cpu_level_needs(level), idle ? "; no kernels use it yet" : "");
        if (!r->json) continue;
        report_open_object(r, NULL);
        report_text(r, "name", NULL, cpu_level_name(level));
        report_flag(r, "present", NULL, present);
        report_flag(r, "has_kernels", NULL, cpu_level_has_kernels(level));
        report_text(r, "needs", NULL, cpu_level_needs(level));
        report_close_object(r);
    }
    report_close_array(r);
    report_text(r, "best_level", "best level", cpu_level_name(cpu_set_used(f->levels)));
}

static void report_advice(struct report *r, const struct findings *f)
{
    report_open_array(r, "advice");
    for (int i = 0; i < f->advice_count; i++) {
        if (r->json) json_put_string(&r->writer, f->advice[i]);
        else report_line(r, "note: %s", f->advice[i]);
    }
    report_close_array(r);
    if (f->advice_count == 0) report_line(r, "Nothing is missing.");
}

static enum status run(const struct args *args, struct error *err)
{
    struct findings f;
    struct report r;
    collect(&f);
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "version", "hearth", HEARTH_VERSION);
    report_text(&r, "cpu", "CPU", f.brand);
    report_int(&r, "cpus_online", "logical cores", f.machine.cpus_online);
    report_int(&r, "cpus_usable", "usable here", f.machine.cpus_usable);
    report_levels(&r, &f);
    report_bytes(&r, "memory_total_bytes", "memory", f.machine.memory_total);
    report_bytes(&r, "memory_available_bytes", "available", f.machine.memory_available);
    report_bytes(&r, "memory_limit_bytes", "limit of this group", f.machine.memory_limit);
    report_text(&r, "huge_pages", "huge pages", f.machine.huge_pages);
    report_text(&r, "sandbox", "sandbox", f.sandbox.words);
    if (r.json) {
        report_int(&r, "landlock_abi", NULL, f.sandbox.landlock_abi);
        report_flag(&r, "sandbox_closed", NULL, f.sandbox.locked && !f.sandbox.let_through[0]);
    }
    report_text(&r, "home", "HEARTH_HOME", f.home);
    report_text(&r, "home_state", "", f.home_state);
    report_bytes(&r, "home_free_bytes", "free there", f.home_free);
    report_advice(&r, &f);
    return report_end(&r, err);
}

static const struct option_table *const tables[] = { &json_table, NULL };

const struct command cmd_doctor = {
    .name = "doctor",
    .summary = "say what this machine has: CPU levels, cores, memory, and what is missing",
    .operands = "",
    .tables = tables,
    .run = run,
};
