/* Man pages of the program and its commands.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "front/cmd/manual.h"

#define TEXT_COLUMNS 72

bool manual_is_below(const struct command *c, const char *prefix)
{
    size_t len = strlen(prefix);
    if (c->internal) return false;
    if (len == 0) return !strchr(c->name, ' ');
    return strncmp(c->name, prefix, len) == 0 && c->name[len] == ' ';
}

bool manual_is_group(const struct command *c)
{
    for (const struct command *const *other = command_list; *other; other++)
        if (manual_is_below(*other, c->name)) return true;
    return false;
}

enum manual_value manual_value_kind(const struct option_spec *s)
{
    if (!s->value) return MANUAL_WORD;
    if (strchr(s->value, '|')) return MANUAL_CHOICE;
    return strcmp(s->value, "FILE") == 0 || strncmp(s->value, "F.", 2) == 0 ? MANUAL_FILE
                                                                            : MANUAL_WORD;
}

void manual_page_name(char out[MANUAL_NAME_BYTES], const struct command *c)
{
    struct buf b = BUF_INIT(MANUAL_NAME_BYTES);
    buf_format(&b, "hearth-%s", c->name);
    snprintf(out, MANUAL_NAME_BYTES, "%s", b.data ? b.data : "");
    for (char *space = out; (space = strchr(space, ' '));)
        *space = '-';
    buf_release(&b);
}

/* One byte that roff would take for more than itself. */
static void put_byte(struct buf *out, char c)
{
    if (c == '\\') buf_text(out, "\\e");
    else if (c == '-') buf_text(out, "\\-");
    else if (c == '`') buf_text(out, "\\(ga");
    else if (c == '\'') buf_text(out, "\\(aq");
    else if (c == '"') buf_text(out, "\\(dq");
    else buf_byte(out, c);
}

/* `code` in bold; a hyphen inside a word stays one, so that lines may break there. */
static void put_word(struct buf *out, const char *word, size_t len, bool *bold)
{
    for (size_t i = 0; i < len; i++) {
        bool inside = i > 0 && word[i] == '-' && word[i - 1] != '-';
        if (word[i] == '`') {
            *bold = !*bold;
            buf_text(out, *bold ? "\\fB" : "\\fR");
        } else if (inside && !*bold) {
            buf_byte(out, '-');
        } else {
            put_byte(out, word[i]);
        }
    }
}

/* Paragraphs of running text; each sentence begins a line, as mdoc asks. */
static void put_text(struct buf *out, const char *text)
{
    size_t column = 0;
    bool bold = false;
    while (*text) {
        size_t len = strcspn(text, " \n");
        if (column > TEXT_COLUMNS) {
            buf_byte(out, '\n');
            column = 0;
        } else if (column && len) {
            buf_byte(out, ' ');
        }
        if (column == 0 && (*text == '.' || *text == '\'')) buf_text(out, "\\&");
        put_word(out, text, len, &bold);
        bool sentence = len > 1 && strchr(".!?", text[len - 1]) && text[len] == ' ' &&
                        strncmp(text + len - 2, "..", 2) != 0;
        column = sentence ? TEXT_COLUMNS + 1 : column + len + 1;
        text += len;
        if (strncmp(text, "\n\n", 2) == 0) {
            buf_text(out, "\n.Pp\n");
            column = 0;
        } else if (*text == '\n' && text[1]) {
            buf_text(out, "\n.br\n");
            column = 0;
        }
        text += strspn(text, " \n");
    }
    buf_byte(out, '\n');
}

/* A macro's argument: never itself a macro. */
static void put_argument(struct buf *out, const char *word, size_t len)
{
    buf_text(out, len <= 3 ? " \\&" : " ");
    for (size_t i = 0; i < len; i++)
        put_byte(out, word[i]);
}

static void put_words(struct buf *out, const char *macro, const char *words)
{
    for (const char *at = words; *at;) {
        size_t len = strcspn(at, " ");
        buf_text(out, macro);
        put_argument(out, at, len);
        buf_byte(out, '\n');
        at += len + strspn(at + len, " ");
    }
}

static void put_head(struct buf *out, const char *title, const char *shown, const char *summary)
{
    buf_format(out, ".Dd %s\n.Dt ", HEARTH_DATE);
    for (const char *c = title; *c; c++)
        buf_byte(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    buf_format(out, " 1\n.Os Hearth %s\n.Sh NAME\n.Nm %s\n.Nd ", HEARTH_VERSION, shown);
    put_text(out, summary);
}

static void put_option(struct buf *out, const struct option_spec *s)
{
    buf_text(out, ".It");
    if (s->letter) buf_format(out, " Fl %c ,", s->letter);
    buf_text(out, " Fl \\-");
    for (const char *c = s->name; *c; c++)
        put_byte(out, *c);
    if (s->value) {
        buf_text(out, " Ar");
        put_argument(out, s->value, strlen(s->value));
    }
    buf_byte(out, '\n');
    put_text(out, s->help);
}

static void put_options(struct buf *out, const struct command *c)
{
    static const struct option_spec help = { "help", 'h', OPTION_FLAG, .help = "show this help" };
    buf_text(out, ".Sh OPTIONS\n");
    for (const struct option_table *const *t = c->tables; t && *t; t++) {
        buf_text(out, ".Ss ");
        put_text(out, (*t)->title);
        buf_text(out, ".Bl -tag -width Ds\n");
        for (const struct option_spec *s = (*t)->specs; s->name; s++)
            put_option(out, s);
        buf_text(out, ".El\n");
    }
    if (c->tables) buf_text(out, ".Ss Other options\n");
    buf_text(out, ".Bl -tag -width Ds\n");
    put_option(out, &help);
    buf_text(out, ".El\n");
}

static void put_commands(struct buf *out, const char *prefix)
{
    char name[MANUAL_NAME_BYTES];
    buf_text(out, ".Bl -tag -width Ds\n");
    for (const struct command *const *c = command_list; *c; c++) {
        if (!manual_is_below(*c, prefix)) continue;
        manual_page_name(name, *c);
        buf_format(out, ".It Xr %s 1\n", name);
        put_text(out, (*c)->summary);
    }
    buf_text(out, ".El\n");
}

static void put_exit_status(struct buf *out)
{
    static const enum status all[] = {
#define STATUS(name, exit_code, http, words) STATUS_##name,
#include "base/core/status_list.h"
#undef STATUS
    };
    buf_text(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        buf_format(out, ".It %d\n", status_exit_code(all[i]));
        put_text(out, status_words(all[i]));
    }
    buf_text(out, ".El\n");
}

static const struct {
    const char *macro, *name, *text;
} places[] = {
    { "Ev", "HEARTH_HOME",
      "the folder of keys and caches; `~/.local/share/hearth` by default, and `/var/lib/hearth` "
      "for "
      "the system service" },
    { "Ev", "HEARTH_KEY", "the key that `hearth top` shows to a server" },
    { "Ev", "HEARTH_HUB", "the hub that `hf:` addresses are of, and where it may send on to" },
    { "Ev", "HEARTH_HUB_TOKEN", "a bearer token for the hub" },
    { "Ev", "HEARTH_ADD_TOKEN",
      "a bearer token for the server of an `https://` or `oci:` address" },
    { "Ev", "HEARTH_ADD_LOGIN", "`user:password` for such a server" },
    { "Ev", "HEARTH_CA_FILE", "authorities in PEM that servers of models are checked by" },
    { "Ev", "NO_COLOR", "no colours on a terminal, whatever it is set to" },
    { "Pa", "/etc/hearth/hearth.yaml", "settings of the system service" },
};

static void put_places(struct buf *out, const char *title, const char *macro)
{
    buf_format(out, ".Sh %s\n.Bl -tag -width Ds\n", title);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(places[i].macro, macro) != 0) continue;
        buf_format(out, ".It %s %s\n", macro, places[i].name);
        put_text(out, places[i].text);
    }
    buf_text(out, ".El\n");
}

void manual_overview(struct buf *out)
{
    put_head(out, "hearth", "hearth", "run open-weight language models on this machine");
    buf_text(out, ".Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar OPTIONS\n.Ar ...\n.Sh DESCRIPTION\n");
    put_text(out,
             "Hearth runs open-weight language models from the files as their makers published "
             "them: folders with safetensors, and GGUF. A model computes in a process of its own "
             "that can open no file and no connection. What cannot be done right is refused, with "
             "the reason and what would work.\n\n"
             "Where a command takes MODEL, it is such a folder or a GGUF file. The commands:");
    put_commands(out, "");
    put_places(out, "ENVIRONMENT", "Ev");
    put_places(out, "FILES", "Pa");
    put_exit_status(out);
    buf_text(out, ".Sh EXAMPLES\n.Bd -literal -offset indent\n"
                  "hearth run ~/models/Qwen3-0.6B \\(dqWhat is the capital of France?\\(dq\n"
                  "hearth serve ~/models/Qwen3-0.6B\n.Ed\n");
}

void manual_page(struct buf *out, const struct command *c)
{
    char name[MANUAL_NAME_BYTES];
    bool group = manual_is_group(c);
    manual_page_name(name, c);
    put_head(out, name, name, c->summary);
    buf_format(out, ".Sh SYNOPSIS\n.Nm hearth %s\n", c->name);
    if (c->tables) buf_text(out, ".Op Ar OPTIONS\n");
    put_words(out, ".Ar", group ? "COMMAND ..." : c->operands);
    buf_text(out, ".Sh DESCRIPTION\n");
    put_text(out, c->about ? c->about : c->summary);
    if (group) put_commands(out, c->name);
    put_options(out, c);
    buf_text(out, ".Sh EXIT STATUS\n0 on success; what else there is tells\n.Xr hearth 1 .\n"
                  ".Sh SEE ALSO\n.Xr hearth 1\n");
}
