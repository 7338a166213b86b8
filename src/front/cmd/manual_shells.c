/* Completions for bash, zsh and fish.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each is one table written out: a command's own options, the choices of an option's value, and files
 * where a model or a file is meant. Nothing is run while somebody types. */
#include <string.h>

#include "front/cmd/manual.h"

static const struct option_spec help_spec = { "help", 'h', OPTION_FLAG, .help = "show this help" };

/* Calls `put` for each option of `c`, --help last. */
static void each_option(struct buf *out, const struct command *c,
                        void (*put)(struct buf *, const struct command *,
                                    const struct option_spec *))
{
    for (const struct option_table *const *t = c->tables; t && *t; t++)
        for (const struct option_spec *s = (*t)->specs; s->name; s++)
            put(out, c, s);
    put(out, c, &help_spec);
}

/* "ref|cpu" as "ref cpu". */
static void put_choices(struct buf *out, const char *value)
{
    for (; *value; value++)
        buf_byte(out, *value == '|' ? ' ' : *value);
}

/* Between single quotes, in which only these quotes mean anything; `escaped` gets a backslash. */
static void put_quoted(struct buf *out, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'') {
            buf_text(out, "'\\''");
            continue;
        }
        if (strchr(escaped, *text)) buf_byte(out, '\\');
        buf_byte(out, *text);
    }
}

static void put_names_below(struct buf *out, const char *prefix)
{
    size_t skip = *prefix ? strlen(prefix) + 1 : 0;
    const char *gap = "";
    for (const struct command *const *c = command_list; *c; c++) {
        if (!manual_is_below(*c, prefix)) continue;
        buf_format(out, "%s%s", gap, (*c)->name + skip);
        gap = " ";
    }
}

static const char *last_word(const struct command *c)
{
    const char *space = strrchr(c->name, ' ');
    return space ? space + 1 : c->name;
}

/* ---- bash ---- */

static void bash_option(struct buf *out, const struct command *c, const struct option_spec *s)
{
    buf_format(out, "--%s ", s->name);
    if (s->letter) buf_format(out, "-%c ", s->letter);
}

static void bash_value(struct buf *out, const struct command *c, const struct option_spec *s)
{
    if (s->kind == OPTION_FLAG) return;
    buf_format(out, "        '%s --%s'", c->name, s->name);
    if (s->letter) buf_format(out, " | '%s -%c'", c->name, s->letter);
    buf_text(out, ") ");
    enum manual_value kind = manual_value_kind(s);
    if (kind == MANUAL_FILE) buf_text(out, "words=; files=1 ;;\n");
    if (kind == MANUAL_WORD) buf_text(out, "return ;;\n");
    if (kind != MANUAL_CHOICE) return;
    buf_text(out, "words='");
    put_choices(out, s->value);
    buf_text(out, "' files= ;;\n");
}

static void bash_commands(struct buf *out)
{
    for (const struct command *const *c = command_list; *c; c++) {
        if ((*c)->internal || manual_is_group(*c)) continue;
        buf_format(out, "        '%s') options='", (*c)->name);
        each_option(out, *c, bash_option);
        buf_text(out, "' ;;\n");
    }
}

static void bash_groups(struct buf *out)
{
    for (const struct command *const *c = command_list; *c; c++) {
        if ((*c)->internal || !manual_is_group(*c)) continue;
        buf_format(out, "        %s) names='", (*c)->name);
        put_names_below(out, (*c)->name);
        buf_text(out, "' ;;\n");
    }
}

void manual_bash(struct buf *out)
{
    buf_text(out,
             "# bash completion of hearth, written by the program itself.\n"
             "_hearth() {\n"
             "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
             "    local command=${COMP_WORDS[1]} names= options= words= files=1 depth=1\n"
             "    COMPREPLY=()\n"
             "    case $command in\n");
    bash_groups(out);
    buf_text(out, "        help) names='");
    put_names_below(out, "");
    buf_text(out, "' ;;\n    esac\n    if [[ $COMP_CWORD -eq 1 ]]; then\n        names='");
    put_names_below(out, "");
    buf_text(out, "'\n"
                  "    elif [[ -n $names ]]; then\n"
                  "        depth=2\n"
                  "        [[ $COMP_CWORD -gt 2 ]] && command=\"$command ${COMP_WORDS[2]}\"\n"
                  "    fi\n"
                  "    if [[ $COMP_CWORD -eq $depth && $current != -* ]]; then\n"
                  "        mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$current\")\n"
                  "        return\n"
                  "    fi\n"
                  "    case $command in\n");
    bash_commands(out);
    buf_text(out, "    esac\n    [[ $current == -* ]] && words=$options && files=\n"
                  "    case \"$command $previous\" in\n");
    for (const struct command *const *c = command_list; *c; c++)
        if (!(*c)->internal) each_option(out, *c, bash_value);
    buf_text(out, "    esac\n"
                  "    if [[ -n $files ]]; then\n"
                  "        compopt -o filenames 2>/dev/null\n"
                  "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                  "    else\n"
                  "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                  "    fi\n"
                  "}\n"
                  "complete -F _hearth hearth\n");
}

/* ---- zsh ---- */

static void zsh_option(struct buf *out, const struct command *c, const struct option_spec *s)
{
    const char *many = s->kind == OPTION_TEXTS ? "*" : "";
    const char *joint = s->kind == OPTION_FLAG ? "" : "=";
    enum manual_value kind = manual_value_kind(s);
    for (int letter = s->letter ? 1 : 0; letter >= 0; letter--) {
        if (letter) buf_format(out, " \\\n        '%s-%c%s[", many, s->letter, *joint ? "+" : "");
        else buf_format(out, " \\\n        '%s--%s%s[", many, s->name, joint);
        put_quoted(out, s->help, "[]:\\");
        buf_byte(out, ']');
        if (s->kind != OPTION_FLAG) {
            buf_byte(out, ':');
            put_quoted(out, s->value, ":\\");
            buf_byte(out, ':');
        }
        if (kind == MANUAL_FILE) buf_text(out, "_files");
        if (kind == MANUAL_CHOICE) {
            buf_byte(out, '(');
            put_choices(out, s->value);
            buf_byte(out, ')');
        }
        buf_byte(out, '\'');
    }
}

static void zsh_names(struct buf *out, const char *prefix)
{
    for (const struct command *const *c = command_list; *c; c++) {
        if (!manual_is_below(*c, prefix)) continue;
        buf_format(out, "        '%s:", last_word(*c));
        put_quoted(out, (*c)->summary, ":\\");
        buf_text(out, "'\n");
    }
}

static void zsh_function(struct buf *out, const struct command *c)
{
    buf_text(out, "_");
    char name[MANUAL_NAME_BYTES];
    manual_page_name(name, c);
    for (const char *at = name; *at; at++)
        buf_byte(out, *at == '-' ? '_' : *at);
}

/* A group, and the program itself with prefix "": its names, then the function of the one chosen. */
static void zsh_group(struct buf *out, const char *prefix)
{
    buf_text(out, "    local -a names=(\n");
    zsh_names(out, prefix);
    buf_text(out, "    )\n"
                  "    if (( CURRENT == 2 )); then\n"
                  "        _describe command names\n"
                  "        return\n"
                  "    fi\n"
                  "    local word=${words[2]}\n"
                  "    shift words\n"
                  "    (( CURRENT-- ))\n"
                  "    case $word in\n");
    for (const struct command *const *c = command_list; *c; c++) {
        if (!manual_is_below(*c, prefix)) continue;
        buf_format(out, "        %s) ", last_word(*c));
        zsh_function(out, *c);
        buf_text(out, " ;;\n");
    }
    buf_text(out, "    esac\n}\n\n");
}

void manual_zsh(struct buf *out)
{
    buf_text(out,
             "#compdef hearth\n# zsh completion of hearth, written by the program itself.\n\n");
    for (const struct command *const *c = command_list; *c; c++) {
        if ((*c)->internal) continue;
        zsh_function(out, *c);
        buf_text(out, "() {\n");
        if (manual_is_group(*c)) {
            zsh_group(out, (*c)->name);
            continue;
        }
        buf_text(out, "    _arguments -s");
        each_option(out, *c, zsh_option);
        if ((*c)->operands_max) buf_text(out, " \\\n        '*:file:_files'");
        buf_text(out, "\n}\n\n");
    }
    buf_text(out, "_hearth() {\n");
    zsh_group(out, "");
    buf_text(out, "_hearth \"$@\"\n");
}

/* ---- fish ---- */

static void fish_option(struct buf *out, const struct command *c, const struct option_spec *s)
{
    enum manual_value kind = manual_value_kind(s);
    buf_format(out, "complete -c hearth -n '__hearth_is %s' -l %s", c->name, s->name);
    if (s->letter) buf_format(out, " -s %c", s->letter);
    if (s->kind != OPTION_FLAG) buf_text(out, kind == MANUAL_FILE ? " -r -F" : " -x");
    if (kind == MANUAL_CHOICE) {
        buf_text(out, " -a '");
        put_choices(out, s->value);
        buf_byte(out, '\'');
    }
    buf_text(out, " -d '");
    for (const char *at = s->help; *at; at++) {
        if (*at == '\'' || *at == '\\') buf_byte(out, '\\');
        buf_byte(out, *at);
    }
    buf_text(out, "'\n");
}

static void fish_name(struct buf *out, const struct command *c)
{
    const char *word = last_word(c);
    int group = word > c->name ? (int)(word - c->name) - 1 : 0;
    buf_format(out, "complete -c hearth -f -n '__hearth_at %.*s' -a %s -d '", group, c->name, word);
    for (const char *at = c->summary; *at; at++) {
        if (*at == '\'' || *at == '\\') buf_byte(out, '\\');
        buf_byte(out, *at);
    }
    buf_text(out, "'\n");
}

void manual_fish(struct buf *out)
{
    buf_text(out,
             "# fish completion of hearth, written by the program itself.\n"
             "function __hearth_is # the command line begins with these words\n"
             "    set -l typed (commandline -opc)\n"
             "    test (count $typed) -gt (count $argv); or return 1\n"
             "    set -l last (math (count $argv) + 1)\n"
             "    test \"$typed[2..$last]\" = \"$argv\"\n"
             "end\n"
             "function __hearth_at # these words stand there, and the next one is being typed\n"
             "    set -l typed (commandline -opc)\n"
             "    test (count $typed) -eq (math (count $argv) + 1)\n"
             "    and test \"$typed[2..]\" = \"$argv\"\n"
             "end\n");
    for (const struct command *const *c = command_list; *c; c++)
        if (!(*c)->internal) fish_name(out, *c);
    for (const struct command *const *c = command_list; *c; c++)
        if (!(*c)->internal && !manual_is_group(*c)) each_option(out, *c, fish_option);
}
