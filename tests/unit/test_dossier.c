/* The dossier: a hostile model stays text, the folder is whole, drafts are drafts.
 * SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/utf8.h"
#include "govern/dossier/dossier.h"
#include "govern/dossier/record_bom.h"
#include "govern/dossier/record_purl.h"
#include "support/fixture.h"
#include "support/scratch.h"

#define AT_MS   1795000000000 /* 2026-11-18T11:06:40Z */
#define TENSORS "ab12cd34"

/* What a card can hold: markup, quotes, a mark that turns the direction of writing, bytes that are no text. */
#define HOSTILE "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;\xE2\x80\xAE\xFF"

struct world {
    char root[SCRATCH_PATH_BYTES], home[SCRATCH_PATH_BYTES], out[SCRATCH_PATH_BYTES];
    struct audit *audit;
    struct registry *r;
    struct licence_prints prints;
    struct licence_use use;
    struct record *record;
    struct audit_view *log;
    struct dossier d;
};

static enum status inspect(void *ctx, const char *label, const char *main_file,
                           const struct registry_inspected *files, size_t count, struct buf *out,
                           struct error *err)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "architecture");
    json_put_string(&w, "Qwen3<svg onload=alert(1)>");
    json_key(&w, "family");
    json_put_string(&w, "qwen3");
    json_key(&w, "tensors");
    json_open_object(&w);
    json_key(&w, "parameters");
    json_put_int(&w, 8000000000);
    json_key(&w, "sha256");
    json_put_string(&w, TENSORS);
    json_close_object(&w);
    json_key(&w, "warnings");
    json_open_array(&w);
    json_put_string(&w, "a tensor is called </ul><script>x</script>");
    json_close_array(&w);
    json_close_object(&w);
    return buf_check(out, "facts", err);
}

static void add_model(struct world *w, const char *folder)
{
    static const char card[] =
        "---\nlicense: mit\nlicense_name: " HOSTILE "\nbase_model: evil/" HOSTILE
        "\nbase_model_relation: finetune\npipeline_tag: text-generation\n---\n"
        "# " HOSTILE "\n";
    struct registry_model m;
    struct registry_added added;
    struct error err;
    struct buf licence = fixture_read(FIXTURE("real/licences/Seed-OSS-Apache-2.0.txt"));
    scratch_write(folder, "README.md", card, sizeof card - 1);
    scratch_write(folder, "LICENSE", licence.data, licence.len);
    scratch_write(folder, "model.safetensors", "0123456789", 10);
    scratch_write(folder, "config.json", "{}", 2);
    scratch_write(folder, "a&b'c.txt", "x", 1);
    scratch_write(folder, "model.sig", "{}", 2);
    buf_release(&licence);
    const struct registry_add what = { .path = folder,
                                       .alias = "evil",
                                       .source = "hf:acme/evil-8b@0123abc",
                                       .revision = "0123abc",
                                       .inspect = inspect };
    if (registry_add(w->r, &what, &m, &added, &err)) fail_msg("%s", err.text);
    registry_model_release(&m);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct error err;
    *state = w;
    scratch_make(w->root);
    snprintf(w->home, sizeof w->home, "%s", scratch_path(w->root, "home"));
    snprintf(w->out, sizeof w->out, "%s", scratch_path(w->root, "papers"));
    if (!fixture_shared("real/licences/Seed-OSS-Apache-2.0.txt")) return 0;
    if (audit_open(&w->audit, scratch_path(w->home, "log"), scratch_path(w->home, "secrets"), &err))
        fail_msg("%s", err.text);
    if (registry_open(&w->r, w->home, scratch_path(w->root, "hearth.lock"), w->audit, &err))
        fail_msg("%s", err.text);
    add_model(w, scratch_path(w->root, "evil"));
    licence_use_init(&w->use);
    const struct record_setup rs = { w->r, &w->prints, &w->use };
    if (licence_prints_builtin(&w->prints, &err) || record_open(&w->record, "evil", &rs, &err) ||
        audit_view_open(&w->log, scratch_path(w->home, "log"), audit_key(w->audit), &err))
        fail_msg("%s", err.text);
    w->d = (struct dossier){
        .record = w->record, .log = w->log, .language = DOSSIER_BOTH, .at_ms = AT_MS
    };
    if (dossier_find_entries(&w->d, &err)) fail_msg("%s", err.text);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    dossier_release(&w->d);
    audit_view_close(w->log);
    record_free(w->record);
    registry_close(w->r);
    audit_close(w->audit);
    scratch_remove(w->root);
    free(w);
    return 0;
}

static struct world *world_of(void **state)
{
    (void)FIXTURE("real/licences/Seed-OSS-Apache-2.0.txt");
    return *state;
}

static struct buf page_of(const struct dossier *d)
{
    struct buf out = BUF_INIT(DOSSIER_PAGE_BYTES_MAX);
    struct error err;
    if (dossier_page(&out, d, &err)) fail_msg("%s", err.text);
    return out;
}

/* ---- the pen ---- */

static void foreign_text_is_text(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "plain 中文 é", "plain 中文 é" },
        { "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;" },
        { "a\xE2\x80\xAE"
          "b",
          "a<span class=\"cp\">U+202E</span>b" },
        { "a\xE2\x80\x8B"
          "b",
          "a<span class=\"cp\">U+200B</span>b" },
        { "\xF3\xA0\x81\xA1", "<span class=\"cp\">U+E0061</span>" },
        { "\x1b[31m", "<span class=\"cp\">U+001B</span>[31m" },
        { "\xC0\xAF\xFF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "two\nlines\tand", "two\nlines\tand" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT(1024);
        struct page p = { .out = &out };
        page_text(&p, cases[i].in);
        assert_string_equal(out.data, cases[i].out);
        buf_release(&out);
    }
}

/* ---- a reader of markup that knows only what the page may be made of ---- */

static const char *const elements[] = {
    "html", "head", "meta", "title",   "style", "body",  "header",     "p",
    "h1",   "h2",   "h3",   "span",    "div",   "aside", "nav",        "ol",
    "li",   "a",    "main", "section", "table", "thead", "tbody",      "tr",
    "th",   "td",   "b",    "br",      "ul",    "code",  "blockquote",
};

static bool is_known(const char *name)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strcmp(elements[i], name) == 0) return true;
    return false;
}

struct markup {
    char open[64][16];
    int depth, count;
};

/* One tag, from behind its '<'; returns what follows its '>'. */
static const char *read_tag(struct markup *m, const char *at)
{
    char name[16];
    bool closes = *at == '/';
    size_t n = 0;
    at += closes;
    while (isalnum((unsigned char)*at) && n + 1 < sizeof name)
        name[n++] = *at++;
    name[n] = 0;
    if (!is_known(name)) fail_msg("<%s is no element of the page: %.60s", name, at);
    const char *end = strchr(at, '>');
    assert_non_null(end);
    for (const char *c = at; c < end; c++)
        if (strncmp(c, " on", 3) == 0 || strncmp(c, "src=", 4) == 0 ||
            strncmp(c, "http:", 5) == 0 || strncmp(c, "https:", 6) == 0 ||
            strncmp(c, "javascript", 10) == 0)
            fail_msg("<%s holds %.40s", name, c);
    m->count++;
    if (strcmp(name, "meta") == 0 || strcmp(name, "br") == 0) return end + 1;
    if (!closes) {
        assert_true(m->depth < 64);
        snprintf(m->open[m->depth++], 16, "%s", name);
    } else if (m->depth == 0 || strcmp(m->open[--m->depth], name) != 0) {
        fail_msg("</%s> closes nothing: %.60s", name, end);
    }
    return end + 1;
}

static void check_markup(const char *page)
{
    struct markup m = { .depth = 0 };
    const char *at = strstr(page, "<html");
    assert_non_null(at);
    while ((at = strchr(at, '<')))
        at = read_tag(&m, at + 1);
    assert_int_equal(m.depth, 0);
    assert_true(m.count > 500);
}

static void a_hostile_model_makes_no_markup(void **state)
{
    struct world *w = world_of(state);
    struct buf page = page_of(&w->d);
    check_markup(page.data);
    assert_true(utf8_valid(page.data, page.len));
    static const char *const never[] = { "<script", "<img", "<svg", "\xE2\x80\xAE" };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(page.data, never[i])) fail_msg("the page holds %s", never[i]);
    static const char *const shown[] = {
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "U+202E",
        "a&amp;b&#39;c.txt",
        "Qwen3&lt;svg onload=alert(1)&gt;",
        "called &lt;/ul&gt;",
        "default-src &#39;none&#39;",
    };
    for (size_t i = 0; i + 1 < sizeof shown / sizeof *shown; i++)
        if (!strstr(page.data, shown[i])) fail_msg("the page does not show %s", shown[i]);
    assert_non_null(strstr(page.data, "default-src 'none'"));
    buf_release(&page);
}

/* ---- what stands on it ---- */

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (; (text = strstr(text, what)); text++)
        count++;
    return count;
}

static void drafts_are_marked_and_facts_are_dated(void **state)
{
    struct world *w = world_of(state);
    struct buf page = page_of(&w->d);
    int laws = count_of(page.data, "<tr id=\"law");
    assert_int_equal(count_of(page.data, "class=\"draft\""), 4);
    assert_int_equal(count_of(page.data, "DRAFT · 草稿"), 4);
    assert_true(laws > 15);
    assert_int_equal(count_of(page.data, "<td>2026-11</td>"), laws);
    assert_int_equal(count_of(page.data, "<td>second-hand</td>") +
                         count_of(page.data, "<td>not verified</td>") +
                         count_of(page.data, "<td>text</td>"),
                     laws);
    /* 10^23 / 6N, 10^25 / 6N and a third of each, for 8e9 parameters. */
    assert_non_null(strstr(page.data, "2.08 × 10¹² tokens"));
    assert_non_null(strstr(page.data, "2.08 × 10¹⁴ tokens"));
    assert_non_null(strstr(page.data, "6.94 × 10¹¹ tokens"));
    assert_non_null(strstr(page.data, "6.94 × 10¹³ tokens"));
    /* Nothing was decided by anybody. */
    assert_non_null(strstr(page.data, "The gate was not asked."));
    assert_non_null(strstr(page.data, "Nobody approved anything"));
    assert_non_null(strstr(page.data, "<span class=\"badge ask\">not verified</span>"));
    buf_release(&page);
}

static void headings_follow_the_language(void **state)
{
    struct world *w = world_of(state);
    static const struct {
        enum dossier_language language;
        bool en, zh;
    } cases[] = { { DOSSIER_EN, true, false },
                  { DOSSIER_ZH, false, true },
                  { DOSSIER_BOTH, true, true } };
    for (size_t i = 0; i < 3; i++) {
        w->d.language = cases[i].language;
        struct buf page = page_of(&w->d);
        assert_int_equal(strstr(page.data, "Change history") != NULL, cases[i].en);
        assert_int_equal(strstr(page.data, "变更历史") != NULL, cases[i].zh);
        check_markup(page.data);
        buf_release(&page);
    }
    w->d.language = DOSSIER_BOTH;
}

static void claims_and_conclusions_are_apart(void **state)
{
    struct world *w = world_of(state);
    struct bom_model m;
    struct arena arena;
    struct error err;
    bool declared = false, concluded = false;
    arena_init(&arena, 1 << 20);
    assert_int_equal(record_bom(&m, w->record, NULL, &arena, &err), STATUS_OK);
    for (size_t i = 0; i < m.licences_count; i++) {
        const char *id = m.licences[i].id ? m.licences[i].id : "";
        declared |= m.licences[i].claim == BOM_DECLARED && strcmp(id, "MIT") == 0;
        concluded |= m.licences[i].claim == BOM_CONCLUDED && strcmp(id, "Apache-2.0") == 0;
    }
    assert_true(declared && concluded);
    assert_string_equal(m.group, "acme");
    assert_string_equal(m.name, "evil-8b");
    assert_string_equal(m.purl, "pkg:huggingface/acme/evil-8b@0123abc");
    assert_int_equal(m.files_count, 6);
    assert_int_equal(m.ancestors_count, 1);
    arena_release(&arena);
    /* MIT on the card, Apache in the file: asked about, in the dossier as well. */
    assert_int_equal(w->record->licence.answer, LICENCE_ASK);
    assert_int_equal(w->record->signature_count, 1);
    assert_true(w->record->pinned);
}

/* ---- package URLs ---- */

static void package_urls(void **state)
{
    static const struct {
        const char *source, *revision, *purl;
    } cases[] = {
        { "models/ember", NULL, "" },
        { "hf:acme/evil-8b@0123abc", "0123abc", "pkg:huggingface/acme/evil-8b@0123abc" },
        { "hf:acme/evil-8b/evil.gguf", NULL, "pkg:huggingface/acme/evil-8b" },
        { "oci:reg.example:5000/team/qwen:8b", "sha256:00ff",
          "pkg:oci/qwen@sha256:00ff?repository_url=reg.example:5000/team/qwen&tag=8b" },
        { "oci:nonsense", NULL, "" },
        { "https://h.example/a%20b/m.gguf", "state:1",
          "pkg:generic/m.gguf?checksum=sha256:"
          "abababababababababababababababababababababababababababababababab"
          "&download_url=https://h.example/a%2520b/m.gguf" },
        { "https://h.example/m/SHA256SUMS", NULL,
          "pkg:generic/m?download_url=https://h.example/m/SHA256SUMS" },
    };
    struct registry_file file = { .name = "m.gguf" };
    struct registry_model m = { .alias = "m", .files = &file, .file_count = 1 };
    (void)state;
    memset(file.sha256, 0xAB, sizeof file.sha256);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT(1 << 12);
        m.source = cases[i].source;
        m.revision = cases[i].revision;
        record_purl(&out, &m);
        assert_string_equal(out.len ? out.data : "", cases[i].purl);
        buf_release(&out);
    }
}

/* ---- lineage ---- */

static void tests_of_others_are_said_to_be(void **state)
{
    struct world *w = world_of(state);
    static const char own[] =
        "{\"verdict\":\"weights are not independent\",\"a\":{\"tensor_set_sha256\":\"" TENSORS
        "\"},\"tests\":[{\"id\":\"T1\",\"title\":\"residual<x>\",\"ran\":true,"
        "\"withdrawn\":false,\"log10_p_holm\":-3.5,\"blind_to\":\"rotation\"}]}";
    static const char others[] =
        "{\"verdict\":\"no evidence found\",\"a\":{\"tensor_set_sha256\":\"00\"}}";
    w->d.lineage = span_of(own);
    struct buf page = page_of(&w->d);
    assert_non_null(strstr(page.data, "weights are not independent"));
    assert_non_null(strstr(page.data, "p = 10^-3.5 (Holm)"));
    assert_null(strstr(page.data, "they are about others"));
    check_markup(page.data);
    buf_release(&page);
    w->d.lineage = span_of(others);
    page = page_of(&w->d);
    assert_non_null(strstr(page.data, "they are about others"));
    buf_release(&page);
    w->d.lineage = (struct span){ 0 };
}

/* ---- the folder ---- */

static void check_sums(const char *folder)
{
    struct buf sums = fixture_read(scratch_path(folder, "SHA256SUMS"));
    int count = 0;
    for (const char *at = sums.data; *at;) {
        char name[256], hex[SHA256_HEX_BYTES];
        uint8_t digest[SHA256_BYTES];
        struct error err;
        size_t line = strcspn(at, "\n");
        snprintf(name, sizeof name, "%.*s", (int)(line - 66), at + 66);
        struct buf bytes = fixture_read(scratch_path(folder, name));
        assert_int_equal(sha256_of(bytes.data, bytes.len, digest, &err), STATUS_OK);
        sha256_hex(digest, hex);
        if (strncmp(hex, at, 64) != 0) fail_msg("%s has other bytes", name);
        buf_release(&bytes);
        at += line + 1;
        count++;
    }
    assert_true(count >= 12);
    buf_release(&sums);
}

static void the_folder_is_whole(void **state)
{
    struct world *w = world_of(state);
    struct error err;
    if (dossier_write(&w->d, w->r, w->out, &err)) fail_msg("%s", err.text);
    check_sums(w->out);
    static const char *const names[] = {
        "dossier.html",
        "verdict.json",
        "pin.json",
        "bom.cdx.json",
        "bom-1.6.cdx.json",
        "bom.spdx.json",
        "licences/01-LICENSE",
        "licences/02-README.md",
        "signatures/01-model.sig",
        "audit/checkpoint",
        "audit/key",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (file_kind(scratch_path(w->out, names[i])) != FILE_REGULAR) fail_msg("no %s", names[i]);
    /* A second time there is something in the way. */
    assert_int_equal(dossier_write(&w->d, w->r, w->out, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "exists already"));
    assert_int_equal(file_kind(scratch_path(w->root, "papers.unfinished")), FILE_MISSING);
}

static void entries_come_with_proofs(void **state)
{
    struct world *w = world_of(state);
    assert_int_equal(w->d.entry_count, 1);
    assert_string_equal(w->d.entries[0].kind, "model.add");
    assert_true(w->d.entries[0].proven);
    assert_string_equal(
        w->d.entries[0].details,
        "bytes: 11683; digest: of these files; files: 6; source: hf:acme/evil-8b@0123abc");
    assert_null(strstr(w->d.entries[0].details, "alias"));
    assert_false(w->d.entries_cut);
}

static void a_failure_leaves_nothing(void **state)
{
    struct world *w = world_of(state);
    char path[SCRATCH_PATH_BYTES];
    struct error err;
    snprintf(path, sizeof path, "%s", scratch_path(w->root, "none"));
    w->d.lineage = span_of("{ not json");
    assert_int_equal(dossier_write(&w->d, w->r, path, &err), STATUS_BAD_INPUT);
    w->d.lineage = (struct span){ 0 };
    assert_int_equal(file_kind(path), FILE_MISSING);
    snprintf(path, sizeof path, "%s", scratch_path(w->root, "none.unfinished"));
    assert_int_equal(file_kind(path), FILE_MISSING);
}

static void what_is_not_there_is_refused(void **state)
{
    struct world *w = world_of(state);
    const struct record_setup rs = { w->r, &w->prints, &w->use };
    struct record *r;
    struct error err;
    enum dossier_language language;
    enum record_bom_format format;
    assert_int_equal(record_open(&r, "nobody", &rs, &err), STATUS_NOT_FOUND);
    assert_int_equal(dossier_language_find(&language, "fr", &err), STATUS_USAGE);
    assert_int_equal(record_bom_format_find(&format, "spdx-2.3", &err), STATUS_USAGE);
    assert_non_null(strstr(err.text, "cyclonedx-1.6"));
}

static void names_of_copies_stay_in_their_folder(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "LICENSE", "licences/01-LICENSE" },
        { "sub/../../LICENSE", "licences/01-LICENSE" },
        { "..", "licences/01-.." },
        { "LI CEN<SE>\n", "licences/01-LI-CEN-SE--" },
        { "keys of the GGUF file", "licences/01-keys-of-the-GGUF-file" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[DOSSIER_NAME_BYTES];
        dossier_copy_name(name, "licences", 1, cases[i].in);
        assert_string_equal(name, cases[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_is_text),
        cmocka_unit_test(a_hostile_model_makes_no_markup),
        cmocka_unit_test(drafts_are_marked_and_facts_are_dated),
        cmocka_unit_test(headings_follow_the_language),
        cmocka_unit_test(claims_and_conclusions_are_apart),
        cmocka_unit_test(package_urls),
        cmocka_unit_test(tests_of_others_are_said_to_be),
        cmocka_unit_test(entries_come_with_proofs),
        cmocka_unit_test(the_folder_is_whole),
        cmocka_unit_test(a_failure_leaves_nothing),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(names_of_copies_stay_in_their_folder),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
