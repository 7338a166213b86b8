/* Bills of materials: what is refused, that the same input gives the same bytes, and documents for others.
 * SPDX-License-Identifier: Apache-2.0
 *
 * With a folder in BOM_FOLDER the documents are written there: tests/cmd/test_bom_cmd.py holds them against
 * the schemas of CycloneDX. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "govern/registry/bom.h"

#define ONE_OF(list) .list = list, .list##_count = sizeof list / sizeof *list

static const uint8_t digest[SHA256_BYTES] = { 0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };

static const char *const text_format[] = { "text" };
static const char *const users[] = { "people who write Chinese and English" };
static const char *const use_cases[] = { "chat", "extraction" };
static const char *const limitations[] = { "\"quoted\", and a \\ and\nanother line" };
static const char *const tradeoffs[] = { "4 bits a weight: 1 % more perplexity" };
static const struct bom_file files[] = {
    { "config.json", digest, 812, "config" },
    { "model.safetensors", digest, 1234567890123, "weights" },
    { "sub/\u6a21\u578b.txt", digest, 0, NULL },
};
static const struct bom_licence licences[] = {
    { .id = "Apache-2.0", .claim = BOM_DECLARED, .url = "https://example.org/LICENSE" },
    { .name = "Llama 3.1 Community License",
      .claim = BOM_CONCLUDED,
      .text = "You may, but.",
      .text_sha256 = digest },
    { .expression = "Apache-2.0 AND LicenseRef-hearth-own",
      .claim = BOM_CONCLUDED,
      .text_sha256 = digest },
};
static const struct bom_licence one_expression[] = {
    { .expression = "MIT OR Apache-2.0", .claim = BOM_DECLARED },
};
static const struct bom_dataset datasets[] = {
    { "tiny stories", "https://example.org/data", "public" },
    { "own letters", NULL, NULL },
};
static const struct bom_metric metrics[] = {
    { "accuracy", "0.713", "mmlu/law", "0.69", "0.74" },
    { "perplexity", "9.81", NULL, NULL, NULL },
};
static const struct bom_ancestor ancestors[] = {
    { "Qwen3-0.6B", "c1899de", "pkg:huggingface/Qwen/Qwen3-0.6B@c1899de", "quantize" },
    { "base", NULL, NULL, NULL },
};
static const struct bom_reference references[] = {
    { "model-card", "https://example.org/card", "as of its revision", digest },
    { "digital-signature", "file:model.sig", NULL, NULL },
    { "license", "https://example.org/LICENSE", NULL, NULL },
};
static const struct bom_property properties[] = {
    { "hearth:verdict", "allow" },
    { "hearth:rules", "L-017" },
    { "hearth:empty", NULL },
};

static const struct bom_model full_model = {
    .ref = "model:qwen",
    .name = "Qwen3-0.6B",
    .version = "c1899de",
    .group = "Qwen",
    .publisher = "Qwen",
    .supplier = "Alibaba Cloud",
    .description = "A small model.",
    .purl = "pkg:huggingface/Qwen/Qwen3-0.6B@c1899de",
    .root_sha256 = digest,
    ONE_OF(files),
    .files_complete = true,
    ONE_OF(licences),
    .task = "text-generation",
    .architecture_family = "transformer",
    .architecture = "Qwen3ForCausalLM",
    .released = "2025-04-29T00:00:00Z",
    .approach = "self-supervised",
    .inputs = text_format,
    .inputs_count = 1,
    .outputs = text_format,
    .outputs_count = 1,
    ONE_OF(datasets),
    ONE_OF(metrics),
    ONE_OF(users),
    ONE_OF(use_cases),
    ONE_OF(limitations),
    ONE_OF(tradeoffs),
    ONE_OF(ancestors),
    .derivation = "Q4_K by hearth quantize",
    ONE_OF(references),
    ONE_OF(properties),
};
static const struct bom_model bare_model = { .ref = "m", .name = "m" };
static const struct bom_software server = {
    .ref = "hearth",
    .name = "hearth serve",
    .version = "0.1.0",
    .sha256 = digest,
    .licences = one_expression,
    .licences_count = 1,
    ONE_OF(properties),
};
static const struct bom_software libraries[] = {
    { .ref = "lib:jansson",
      .name = "jansson",
      .version = "2.14",
      .purl = "pkg:deb/debian/libjansson4" },
};

static void write_out(const struct bom *b, const char *name)
{
    static const char *const versions[] = { [BOM_1_7] = "1.7", [BOM_1_6] = "1.6" };
    const char *folder = getenv("BOM_FOLDER");
    for (int v = 0; v < 2; v++) {
        struct buf text = BUF_INIT(BOM_BYTES_MAX), again = BUF_INIT(BOM_BYTES_MAX);
        struct json_doc *doc;
        struct error err = { 0 };
        char path[4096];
        if (bom_write(&text, b, (enum bom_version)v, &err)) fail_msg("%s: %s", name, err.text);
        assert_int_equal(bom_write(&again, b, (enum bom_version)v, &err), STATUS_OK);
        assert_int_equal(text.len, again.len);
        assert_memory_equal(text.data, again.data, text.len);
        assert_int_equal(json_parse(&doc, text.data, text.len, BOM_BYTES_MAX, name, &err),
                         STATUS_OK);
        assert_string_equal(json_text(json_get(json_root(doc), "specVersion")), versions[v]);
        json_doc_free(doc);
        snprintf(path, sizeof path, "%s/%s-%s.json", folder ? folder : "", name, versions[v]);
        if (folder) assert_int_equal(file_write(path, text.data, text.len, &err), STATUS_OK);
        buf_release(&text);
        buf_release(&again);
    }
}

static void write_spdx(const struct bom *b, const char *name)
{
    const char *folder = getenv("BOM_FOLDER");
    struct buf text = BUF_INIT(BOM_BYTES_MAX);
    struct json_doc *doc;
    struct error err = { 0 };
    char path[4096];
    if (bom_write_spdx(&text, b, &err)) fail_msg("%s: %s", name, err.text);
    assert_int_equal(json_parse(&doc, text.data, text.len, BOM_BYTES_MAX, name, &err), STATUS_OK);
    json_doc_free(doc);
    snprintf(path, sizeof path, "%s/%s.spdx", folder ? folder : "", name);
    if (folder) assert_int_equal(file_write(path, text.data, text.len, &err), STATUS_OK);
    buf_release(&text);
}

static void spdx_documents(void **state)
{
    static const char time[] = "2026-01-02T03:04:05Z";
    static const struct bom_reference from[] = { { "distribution", "https://example.org/model",
                                                   NULL, NULL } };
    char serial[BOM_SERIAL_BYTES];
    struct bom_model whole = full_model;
    whole.references = from;
    whole.references_count = 1;
    const struct bom_model both[] = { whole, bare_model };
    struct bom b = { .serial = serial, .timestamp = time, .tool_version = "0.1.0", .models = both };
    struct buf text = BUF_INIT(BOM_BYTES_MAX);
    struct error err = { 0 };
    bom_serial(serial, digest);
    b.models_count = 1;
    write_spdx(&b, "whole");
    b.models_count = 2;
    write_spdx(&b, "both");
    b.timestamp = NULL;
    assert_int_equal(bom_write_spdx(&text, &b, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "a time"));
    b = (struct bom){ .serial = serial, .timestamp = time };
    assert_int_equal(bom_write_spdx(&text, &b, &err), STATUS_BAD_INPUT);
    buf_release(&text);
}

static void documents(void **state)
{
    char serial[BOM_SERIAL_BYTES];
    const struct bom_model both[] = { full_model, bare_model };
    struct bom_model expression = bare_model;
    expression.licences = one_expression;
    expression.licences_count = 1;
    bom_serial(serial, digest);
    assert_string_equal(serial, "urn:uuid:ab010203-0405-8607-8809-0a0b0c0d0e00");
    write_out(&(struct bom){ .tool_version = "0.1.0" }, "empty");
    write_out(&(struct bom){ .models = &bare_model, .models_count = 1 }, "bare");
    write_out(&(struct bom){ .models = &expression, .models_count = 1 }, "expression");
    write_out(&(struct bom){ .serial = serial,
                             .timestamp = "2026-01-02T03:04:05Z",
                             .tool_version = "0.1.0",
                             .models = &full_model,
                             .models_count = 1 },
              "model");
    write_out(&(struct bom){ .serial = serial,
                             .tool_version = "0.1.0",
                             .subject = &server,
                             ONE_OF(libraries),
                             .models = both,
                             .models_count = 2,
                             ONE_OF(properties) },
              "server");
}

/* One thing wrong each: how to make it wrong, and a word of the complaint. */
static void no_name(struct bom_model *m)
{
    m->name = NULL;
}
static void no_ref(struct bom_model *m)
{
    m->ref = "";
}
static void bad_approach(struct bom_model *m)
{
    m->approach = "magic";
}
static void bad_licence(struct bom_model *m, struct bom_licence l)
{
    static struct bom_licence list[1];
    list[0] = l;
    m->licences = list;
    m->licences_count = 1;
}
static void licence_of_none(struct bom_model *m)
{
    bad_licence(m, (struct bom_licence){ 0 });
}
static void licence_of_two(struct bom_model *m)
{
    bad_licence(m, (struct bom_licence){ .id = "MIT", .name = "MIT" });
}
static void licence_ref_as_id(struct bom_model *m)
{
    bad_licence(m, (struct bom_licence){ .id = "LicenseRef-x" });
}
static void licence_words_as_id(struct bom_model *m)
{
    bad_licence(m, (struct bom_licence){ .id = "MIT License" });
}
static void expression_with_text(struct bom_model *m)
{
    bad_licence(m, (struct bom_licence){ .expression = "MIT", .text = "x" });
}
static void file_without_digest(struct bom_model *m)
{
    static const struct bom_file list[] = { { .name = "a" } };
    m->files = list;
    m->files_count = 1;
}
static void file_without_name(struct bom_model *m)
{
    static const struct bom_file list[] = { { .sha256 = digest } };
    m->files = list;
    m->files_count = 1;
}
static void bad_reference(struct bom_model *m)
{
    static const struct bom_reference list[] = { { "modelcard", "https://example.org", NULL,
                                                   NULL } };
    m->references = list;
    m->references_count = 1;
}
static void reference_to_nowhere(struct bom_model *m)
{
    static const struct bom_reference list[] = { { "vcs", NULL, NULL, NULL } };
    m->references = list;
    m->references_count = 1;
}
static void too_many(struct bom_model *m)
{
    m->files_count = BOM_ITEMS_MAX + 1;
}

static const struct {
    void (*spoil)(struct bom_model *m);
    enum status status;
    const char *words;
} spoilt[] = {
    { no_name, STATUS_BAD_INPUT, "no name" },
    { no_ref, STATUS_BAD_INPUT, "no ref" },
    { bad_approach, STATUS_BAD_INPUT, "magic" },
    { licence_of_none, STATUS_BAD_INPUT, "an id, a name or an expression" },
    { licence_of_two, STATUS_BAD_INPUT, "an id, a name or an expression" },
    { licence_ref_as_id, STATUS_BAD_INPUT, "LicenseRef-x" },
    { licence_words_as_id, STATUS_BAD_INPUT, "MIT License" },
    { expression_with_text, STATUS_BAD_INPUT, "no text of its own" },
    { file_without_digest, STATUS_BAD_INPUT, "no digest" },
    { file_without_name, STATUS_BAD_INPUT, "no name" },
    { bad_reference, STATUS_BAD_INPUT, "modelcard" },
    { reference_to_nowhere, STATUS_BAD_INPUT, "no url" },
    { too_many, STATUS_LIMIT, "more than" },
};

static void refusals(void **state)
{
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        struct bom_model m = full_model;
        struct buf text = BUF_INIT(BOM_BYTES_MAX);
        struct error err = { 0 };
        spoilt[i].spoil(&m);
        enum status st =
            bom_write(&text, &(struct bom){ .models = &m, .models_count = 1 }, BOM_1_7, &err);
        if (st != spoilt[i].status || !strstr(err.text, spoilt[i].words))
            fail_msg("case %zu: %s \"%s\"", i, status_name(st), err.text);
        assert_int_equal(text.len, 0);
        buf_release(&text);
    }
}

static void refs_and_serials(void **state)
{
    static const char *const serials[] = { "", "urn:uuid:1", "uuid",
                                           "urn:uuid:AB010203-0405-8607-8809-0a0b0c0d0e00" };
    const struct bom_model twice[] = { bare_model, bare_model };
    struct buf text = BUF_INIT(BOM_BYTES_MAX);
    struct error err = { 0 };
    struct bom b = { .models = twice, .models_count = 2 };
    assert_int_equal(bom_write(&text, &b, BOM_1_7, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "twice"));
    b = (struct bom){ .subject = &server, .libraries = &server, .libraries_count = 1 };
    assert_int_equal(bom_write(&text, &b, BOM_1_6, &err), STATUS_BAD_INPUT);
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        b = (struct bom){ .serial = serials[i] };
        assert_int_equal(bom_write(&text, &b, BOM_1_7, &err), STATUS_BAD_INPUT);
        assert_non_null(strstr(err.text, "UUID"));
    }
    buf_release(&text);
    text = BUF_INIT(100);
    b = (struct bom){ .models = &full_model, .models_count = 1 };
    assert_int_equal(bom_write(&text, &b, BOM_1_7, &err), STATUS_LIMIT);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents),
        cmocka_unit_test(spdx_documents),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refs_and_serials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
