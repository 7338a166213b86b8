/* A bill of materials: which models, of which files, under which terms. CycloneDX 1.7 and 1.6, SPDX 3.0.1.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The writer says what it is told and adds nothing: a fact that is NULL or 0 is left out, never guessed.
 * Every text is borrowed and must be UTF-8. The same input gives the same bytes, so a document can be
 * made again and compared; a time is in it only when the caller gives one.
 *
 * Formats: CycloneDX/specification, schema/bom-1.7.schema.json and bom-1.6.schema.json;
 * spdx/spdx-3-model, Core, Software, SimpleLicensing, ExpandedLicensing and AI. */
#ifndef GOVERN_REGISTRY_BOM_H
#define GOVERN_REGISTRY_BOM_H

#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/digest.h"
#include "base/core/status.h"

#define BOM_BYTES_MAX    ((size_t)256 << 20)
#define BOM_SERIAL_BYTES 46 /* "urn:uuid:" and 36 characters, with the terminator */
#define BOM_MODELS_MAX   1024
#define BOM_ITEMS_MAX    100000 /* of each list */

enum bom_version { BOM_1_7, BOM_1_6 };

/* Who says so: the maker, or who has looked. */
enum bom_claim { BOM_UNSTATED, BOM_DECLARED, BOM_CONCLUDED };

/* Exactly one of id, name and expression. */
struct bom_licence {
    const char *id;         /* on the SPDX list, which the caller has looked at */
    const char *name;       /* of a licence that is not: "Llama 3.1 Community License" */
    const char *expression; /* of SPDX: "Apache-2.0 AND MIT"; LicenseRef- names are allowed */
    enum bom_claim claim;
    const char *url;
    const uint8_t *text_sha256; /* of the text that was read; 32 bytes */
    const char *text;           /* the text itself; not of an expression */
};

struct bom_file {
    const char *name; /* relative to the model */
    const uint8_t *sha256;
    uint64_t bytes;
    const char *role; /* "weights", "tokenizer", "template", "config", "licence" ... */
};

struct bom_reference {
    const char *type; /* of CycloneDX: "model-card", "license", "digital-signature" ... */
    const char *url;
    const char *comment;
    const uint8_t *sha256; /* of what the url gives */
};

/* A model that this one was made from. */
struct bom_ancestor {
    const char *name, *version, *purl;
    const char *how; /* "finetune", "quantize", "merge" ... */
};

struct bom_dataset {
    const char *name, *url;
    const char *classification; /* "public" ... */
};

struct bom_metric {
    const char *type, *value, *slice; /* "accuracy", "0.713", "mmlu/law" */
    const char *low, *high;           /* of its confidence interval */
};

struct bom_property {
    const char *name, *value; /* "hearth:verdict", "allow" */
};

/* A list of texts or structs and its length. */
#define BOM_LIST(type, name) \
    const type *name;        \
    size_t name##_count

struct bom_model {
    const char *ref; /* its name in this document; unique */
    const char *name, *version, *group, *publisher, *supplier, *description, *purl;
    const uint8_t *root_sha256; /* manifest_root(): one number for all files */
    BOM_LIST(struct bom_file, files);
    bool files_complete; /* nothing but these was found in the model */
    BOM_LIST(struct bom_licence, licences);
    const char *task, *architecture_family, *architecture;
    const char *released;          /* when its maker gave it out: RFC 3339, UTC */
    const char *approach;          /* "self-supervised" ... */
    BOM_LIST(char *const, inputs); /* "text", "image" ... */
    BOM_LIST(char *const, outputs);
    BOM_LIST(struct bom_dataset, datasets);
    BOM_LIST(struct bom_metric, metrics);
    BOM_LIST(char *const, users);
    BOM_LIST(char *const, use_cases);
    BOM_LIST(char *const, limitations);
    BOM_LIST(char *const, tradeoffs);
    BOM_LIST(struct bom_ancestor, ancestors);
    const char *derivation; /* how it was made from them, for people */
    BOM_LIST(struct bom_reference, references);
    BOM_LIST(struct bom_property, properties);
};

/* A program or library: the running server, what it is linked with. */
struct bom_software {
    const char *ref, *name, *version, *purl;
    const uint8_t *sha256; /* of its file */
    BOM_LIST(struct bom_licence, licences);
    BOM_LIST(struct bom_property, properties);
};

struct bom {
    const char *serial;       /* "urn:uuid:..."; bom_serial() makes one */
    const char *timestamp;    /* RFC 3339, UTC */
    const char *tool_version; /* of Hearth, which writes this */
    const struct bom_software
        *subject; /* what the document is about when that is a running server */
    BOM_LIST(struct bom_software, libraries); /* that the subject consists of */
    BOM_LIST(struct bom_model, models);
    BOM_LIST(struct bom_property, properties);
};

/* A serial number out of a digest: the same model gives the same (RFC 9562, version 8). */
void bom_serial(char out[BOM_SERIAL_BYTES], const uint8_t sha256[SHA256_BYTES]);

/* Appends the document. STATUS_BAD_INPUT names what CycloneDX could not say: a missing name, a name used
 * twice, an unknown type of reference, a licence that is none or two things. Version 1.6 knows either
 * licences or one expression: beside others an expression becomes a name there. */
enum status bom_write(struct buf *out, const struct bom *b, enum bom_version version,
                      struct error *err);

/* The models, their files, licences and ancestors as SPDX 3.0.1 (JSON-LD). A timestamp and a serial are
 * needed: SPDX wants both. It is said to conform to the AI profile only when every model has what that
 * demands: supplier, version, time of release and a reference of type distribution. */
enum status bom_write_spdx(struct buf *out, const struct bom *b, struct error *err);

#endif
