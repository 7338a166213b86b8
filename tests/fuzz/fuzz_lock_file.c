/* Fuzzes hearth.lock: any bytes are a lock or are refused, and a lock's pins name files that stay in their folder.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "govern/registry/lock_file.h"
#include "govern/registry/model_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pin(const struct json *pin)
{
    const struct json *files = json_get(pin, "files");
    struct registry_model none = { .alias = "a" };
    struct error err = { .text = "" };
    for (struct json_member m = json_first(files); m.value; m = json_next(files, m)) {
        assert(m.key.data[0] != '/' && strlen(m.key.data) == m.key.len);
        for (const char *part = m.key.data; part; part = strchr(part, '/')) {
            part += *part == '/';
            assert(strncmp(part, "../", 3) != 0 && strcmp(part, "..") != 0);
        }
    }
    if (json_length(files)) assert(lock_file_compare(pin, &none, &err) == STATUS_BAD_INPUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc *doc;
    struct error err = { .text = "" };
    if (lock_file_parse(&doc, (struct span){ (const char *)data, size }, "fuzz.lock", &err)) {
        assert(err.text[0]);
        return 0;
    }
    const struct json *models = json_get(json_root(doc), "models");
    for (struct json_member m = json_first(models); m.value; m = json_next(models, m)) {
        assert(registry_check_alias(m.key.data, &err) == STATUS_OK);
        assert(lock_file_model(doc, m.key.data) == m.value);
        check_pin(m.value);
    }
    json_doc_free(doc);
    return 0;
}
