/* The declared use: what an organisation says it does with models, once, in hearth.yaml under `use:`.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is not declared is unknown, and the judge asks where it matters. An unknown key or value is an
 * error that names it and its line. */
#ifndef GOVERN_LICENCE_LICENCE_USE_H
#define GOVERN_LICENCE_LICENCE_USE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"
#include "base/core/yaml.h"

#define USE_TERRITORIES_MAX 256
#define USE_BYTES_MAX       (1u << 20)

enum declared { UNDECLARED, DECLARED_NO, DECLARED_YES };
enum use_entity { ENTITY_UNDECLARED, ENTITY_COMPANY, ENTITY_PERSON };
enum use_modify {
    MODIFY_NONE = 1, /* declared to be none */
    MODIFY_FINETUNE = 2,
    MODIFY_QUANTIZE = 4,
    MODIFY_MERGE = 8,
    MODIFY_DISTILL = 16
};

struct licence_use {
    enum declared commercial, cloud_provider, redistribute, outputs_train_models;
    /* -1: undeclared */
    int64_t users_month, users_day, revenue_year_usd, revenue_month_usd;
    char territory[USE_TERRITORIES_MAX][3]; /* ISO 3166-1 codes, or "EU" */
    int territory_count;                    /* 0: undeclared */
    unsigned modify;                        /* enum use_modify; 0: undeclared */
    enum declared multimodal;               /* from `modalities`: anything but text */
    enum use_entity entity;
};

void licence_use_init(struct licence_use *u); /* nothing declared */
/* `node`: the mapping with the keys. `what` names the file in messages. */
enum status licence_use_read(struct licence_use *ret, const struct yaml_node *node,
                             const char *what, struct error *err);
/* A whole file: the mapping itself, or one key `use:` with the mapping below. */
enum status licence_use_parse(struct licence_use *ret, struct span text, const char *what,
                              struct error *err);

/* Does the declared territory reach into one of `codes` ("EU GB KR")? A member state is in the EU; who
 * declares the EU is in its member states. Undeclared: UNDECLARED. *ret_code: the first that matches. */
enum declared licence_use_reaches(const struct licence_use *u, const char *codes, char ret_code[3]);

#endif
