/* Lines that a person types, through libedit.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "front/cmd/line_editor.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "base/core/mem.h"
#include "front/cmd/terminal.h"

#define PASTE_BEGIN     "\033[200~" /* what terminals send around pasted text in mode 2004 */
#define PASTE_ON        "\033[?2004h"
#define PASTE_OFF       "\033[?2004l"
#define PASTE_CHARS_MAX ((size_t)16 << 20)

struct line_editor {
    EditLine *edit; /* NULL: no terminal */
    History *history;
    const char *history_path;
    const char *const *completions;
    char prompt[LINE_PROMPT_BYTES];
    bool cancelled;
    locale_t locale; /* 0: none */
};

static struct line_editor *editor_of(EditLine *edit)
{
    void *data = NULL;
    el_get(edit, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt_of(EditLine *edit)
{
    return editor_of(edit)->prompt;
}

/* --- keys --- */

static unsigned char key_cancel(EditLine *edit, int key)
{
    editor_of(edit)->cancelled = true;
    el_cursor(edit, (int)(el_line(edit)->lastchar - el_line(edit)->cursor));
    return CC_NEWLINE;
}

static unsigned char key_new_line(EditLine *edit, int key)
{
    return el_winsertstr(edit, L"\n") ? CC_ERROR : CC_REFRESH;
}

struct paste {
    wchar_t *chars;
    size_t count, cap;
};

static bool paste_push(struct paste *p, wchar_t c)
{
    if (p->count + 1 >= p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 1024;
        wchar_t *grown = cap > PASTE_CHARS_MAX ? NULL : mem_resize(p->chars, cap, sizeof *p->chars);
        if (!grown) return false;
        p->chars = grown;
        p->cap = cap;
    }
    p->chars[p->count++] = c == L'\r' ? L'\n' : c;
    p->chars[p->count] = 0;
    return true;
}

/* Reads to the mark that ends the paste; past the ceiling the rest is dropped with a bell. */
static unsigned char key_paste(EditLine *edit, int key)
{
    static const wchar_t end[] = L"\033[201~";
    size_t matched = 0;
    struct paste p = { 0 };
    bool full = false;
    wchar_t c;
    while (end[matched] && el_wgetc(edit, &c) == 1) {
        if (c == end[matched]) {
            matched++;
            continue;
        }
        for (size_t i = 0; i < matched; i++)
            full |= !paste_push(&p, end[i]);
        matched = c == end[0];
        if (!matched) full |= !paste_push(&p, c);
    }
    if (p.count) full |= el_winsertstr(edit, p.chars) != 0;
    mem_free(p.chars);
    return full ? CC_REFRESH_BEEP : CC_REFRESH;
}

static unsigned char key_complete(EditLine *edit, int key)
{
    const LineInfo *line = el_line(edit);
    size_t typed = (size_t)(line->cursor - line->buffer);
    const char *found = NULL;
    for (const char *const *word = editor_of(edit)->completions; word && *word; word++) {
        if (strncmp(*word, line->buffer, typed) != 0) continue;
        if (found) return CC_REFRESH_BEEP;
        found = *word;
    }
    if (!found || !typed) return CC_REFRESH_BEEP;
    el_insertstr(edit, found + typed);
    el_insertstr(edit, " ");
    return CC_REFRESH;
}

static void bind_keys(EditLine *edit)
{
    /* Wide names, because libedit keeps them as they are and leaks its copies of narrow ones. */
    el_wset(edit, EL_ADDFN, L"hearth-cancel", L"forget the line", key_cancel);
    el_wset(edit, EL_ADDFN, L"hearth-new-line", L"begin a new line", key_new_line);
    el_wset(edit, EL_ADDFN, L"hearth-paste", L"take what is pasted", key_paste);
    el_wset(edit, EL_ADDFN, L"hearth-complete", L"complete a command", key_complete);
    el_set(edit, EL_BIND, "^C", "hearth-cancel", NULL);
    el_set(edit, EL_BIND, "\033\r", "hearth-new-line", NULL);
    el_set(edit, EL_BIND, "\033\n", "hearth-new-line", NULL);
    el_set(edit, EL_BIND, PASTE_BEGIN, "hearth-paste", NULL);
    el_set(edit, EL_BIND, "^I", "hearth-complete", NULL);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    /* Ctrl-C is a key while a line is edited, and a signal otherwise. */
    el_set(edit, EL_SETTY, "-d", "-isig", NULL);
}

/* --- life --- */

/* libedit reads characters as the locale says; people type UTF-8, whatever a machine is set to. The
 * program's own locale stays "C": this one is the thread's, and for character types only. */
static locale_t use_utf8(void)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8) uselocale(utf8);
    return utf8;
}

static void start_history(struct line_editor *e)
{
    HistEvent event;
    e->history = history_init();
    if (!e->history) return;
    history(e->history, &event, H_SETSIZE, LINE_HISTORY_MAX);
    history(e->history, &event, H_SETUNIQUE, 1);
    if (e->history_path) history(e->history, &event, H_LOAD, e->history_path);
    el_set(e->edit, EL_HIST, history, e->history);
}

static enum status start_terminal(struct line_editor *e, struct error *err)
{
    e->locale = use_utf8();
    e->edit = el_init("hearth", stdin, stdout, stderr);
    if (!e->edit)
        return error_set(err, STATUS_FAILED,
                         "the terminal cannot be used for editing lines; pipe "
                         "the messages in, one a line");
    el_set(e->edit, EL_CLIENTDATA, e);
    el_set(e->edit, EL_PROMPT, prompt_of);
    el_set(e->edit, EL_EDITOR, "emacs");
    start_history(e);
    bind_keys(e->edit);
    el_source(e->edit, NULL); /* the user's own ~/.editrc */
    return STATUS_OK;
}

enum status line_editor_new(struct line_editor **ret, const struct line_editor_options *options,
                            struct error *err)
{
    struct line_editor *e = mem_array(1, sizeof *e);
    enum status st = STATUS_OK;
    if (!e) return error_set(err, STATUS_NO_MEMORY, "no memory for the line editor");
    e->history_path = options->history_path;
    e->completions = options->completions;
    if (isatty(STDIN_FILENO) && terminal_of(stdout).interactive) st = start_terminal(e, err);
    if (st) line_editor_free(e);
    else *ret = e;
    return st;
}

static void save_history(struct line_editor *e)
{
    HistEvent event;
    if (!e->history_path) return;
    mode_t before = umask(0077); /* what people type is theirs alone */
    history(e->history, &event, H_SAVE, e->history_path);
    umask(before);
}

void line_editor_free(struct line_editor *e)
{
    if (!e) return;
    if (e->history) {
        save_history(e);
        history_end(e->history);
    }
    if (e->edit) el_end(e->edit);
    if (e->locale) {
        uselocale(LC_GLOBAL_LOCALE);
        freelocale(e->locale);
    }
    mem_free(e);
}

/* --- reading --- */

static enum status read_pipe(struct buf *out, enum line_result *ret, struct error *err)
{
    int c;
    bool any = false;
    errno = 0;
    while ((c = getc(stdin)) != EOF && c != '\n') {
        any = true;
        if (!buf_byte(out, (char)c)) return buf_check(out, "a line of the input", err);
    }
    if (ferror(stdin) && errno != EINTR)
        return error_set(err, STATUS_IO, "reading standard input failed: %s", strerror(errno));
    *ret = c == EOF && !any ? LINE_END : LINE_READ;
    return STATUS_OK;
}

static void remember(struct line_editor *e, const char *line)
{
    HistEvent event;
    if (e->history && *line) history(e->history, &event, H_ENTER, line);
}

/* A line that ends with a backslash goes on in the next one. */
static bool goes_on(struct buf *out, size_t begin)
{
    if (out->len == begin || out->data[out->len - 1] != '\\') return false;
    out->data[out->len - 1] = '\n';
    return true;
}

static enum status read_terminal(struct line_editor *e, struct buf *out, enum line_result *ret,
                                 struct error *err)
{
    bool more = true;
    *ret = LINE_READ;
    while (more) {
        int count = 0;
        size_t begin = out->len;
        e->cancelled = false;
        el_resize(e->edit);
        el_set(e->edit, EL_PREP_TERM, 1); /* before the prompt shows: no key is missed */
        fputs(PASTE_ON, stdout);
        fflush(stdout);
        const char *line = el_gets(e->edit, &count);
        fputs(PASTE_OFF, stdout);
        fflush(stdout);
        if (e->cancelled) *ret = LINE_CANCELLED;
        else if (!line || count <= 0) *ret = LINE_END;
        if (*ret != LINE_READ) break;
        if (line[count - 1] == '\n') count--;
        if (!buf_append(out, line, (size_t)count)) return buf_check(out, "the input", err);
        more = goes_on(out, begin);
        if (more) snprintf(e->prompt, sizeof e->prompt, "... ");
    }
    if (*ret != LINE_READ) putchar('\n');
    if (*ret == LINE_READ && out->len) remember(e, out->data);
    return STATUS_OK;
}

enum status line_editor_read(struct line_editor *e, const char *prompt, struct buf *out,
                             enum line_result *ret, struct error *err)
{
    if (!e->edit) return read_pipe(out, ret, err);
    snprintf(e->prompt, sizeof e->prompt, "%s", prompt);
    return read_terminal(e, out, ret, err);
}
