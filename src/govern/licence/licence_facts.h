/* What is known about each licence: one row a text, with its source and date.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A fact says what the text grants or asks, not whether somebody may do something: that is the judge's
 * business. Where a text was not read the row says so (`trust`), and the judge then allows nothing by it.
 * Rows stand in licence_fact_list.h. Static data; any thread may call. */
#ifndef GOVERN_LICENCE_LICENCE_FACTS_H
#define GOVERN_LICENCE_LICENCE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/json_write.h"

enum commercial_use {
    COMMERCIAL_YES,
    COMMERCIAL_NO,
    COMMERCIAL_CONDITIONAL, /* under the conditions of the row */
    COMMERCIAL_SILENT       /* the text does not speak of it */
};

/* What happens above a number of users or an income. */
enum beyond {
    BEYOND_NOTHING,
    BEYOND_NO_RIGHTS, /* nothing is licensed until the vendor says so */
    BEYOND_DISPLAY    /* the model's name must be displayed */
};

enum output_rule {
    OUTPUT_FREE,
    OUTPUT_SILENT,
    OUTPUT_DISPLAY,       /* a model trained on outputs carries a name or a line */
    OUTPUT_DERIVATIVE,    /* a model trained on outputs is a derivative: the licence goes with it */
    OUTPUT_NO_OTHER_LLM,  /* may not improve other language models */
    OUTPUT_NO_OTHER_AI,   /* may not improve any other model */
    OUTPUT_RESEARCH_ONLY, /* the outputs themselves are restricted */
    OUTPUT_UNKNOWN
};

enum patent_grant { PATENT_UNKNOWN, PATENT_GRANTED, PATENT_SILENT, PATENT_NONE };

/* Duties of whoever passes the model or something made from it on. */
enum share_duty {
    SHARE_COPY = 1,        /* a copy of the licence */
    SHARE_MARK = 2,        /* say which files were changed */
    SHARE_NOTICE = 4,      /* a prescribed line: `notice` */
    SHARE_FLOW = 8,        /* bind downstream users to the use limits */
    SHARE_DISPLAY = 16,    /* show a line: `display` */
    SHARE_NAME = 32,       /* a model's name must begin with: `name_prefix` */
    SHARE_KEEP = 64,       /* keep copyright and other notices */
    SHARE_SOURCE = 128,    /* offer the source under the same licence */
    SHARE_ALIKE = 256,     /* derivatives under the same licence */
    SHARE_FORBIDDEN = 512, /* not to be passed on, or not when changed */
    SHARE_UNKNOWN = 1024
};

enum licence_end {
    END_BREACH = 1,
    END_LITIGATION = 2, /* a suit about any intellectual property in the model or its outputs */
    END_PATENT_SUIT = 4,
    END_REVOCABLE = 8,
    END_TEXT_MAY_CHANGE = 16,
    END_REMOTE = 32 /* the vendor may restrict use from afar */
};

enum trust { TRUST_TEXT, TRUST_PARTLY, TRUST_SECOND_HAND };

struct licence_facts {
    const char *id, *name;
    enum commercial_use commercial;
    bool conditions_commercial_only; /* the limits below bind only commercial use */
    /* Limits: 0 is none. Users and currency units as the text counts them. */
    int64_t users_month_max, users_day_max, revenue_year_usd_max, revenue_month_usd_max;
    enum beyond beyond;
    const char *registration; /* where commercial users register; NULL: nowhere */
    const char *request;      /* whom to ask for other rights; NULL: the vendor */
    bool no_cloud_providers, no_persons, no_companies;
    /* Who offers models as a service needs a separate agreement for commercial use, with more revenue in
     * twelve months than this; 1: with any. 0: no such clause. */
    int64_t service_revenue_usd_max;
    const char *not_in;            /* "EU GB KR": no rights there; NULL: everywhere */
    const char *not_multimodal_in; /* the same, for multimodal models only */
    unsigned share;                /* enum share_duty */
    bool
        service_shares; /* offering it, or what contains it, as a service counts as passing it on */
    const char *notice, *display, *name_prefix;
    enum output_rule outputs;
    const char *use_policy; /* what it forbids, in few words; NULL: nothing */
    enum patent_grant patent;
    unsigned ends;   /* enum licence_end */
    const char *law; /* NULL: none stated */
    bool open;       /* an open licence for the thing it is made for: OSI, OpenMDW, CC for data */
    bool companion;  /* a policy or a notice: grants nothing itself */
    const char *belongs_to; /* a companion's licence */
    enum trust trust;
    const char *doubt;  /* what was not verified */
    const char *source; /* where the facts come from */
    const char *as_of;  /* date of the text or of the reading, ISO */
};

/* NULL: the table has no row. */
const struct licence_facts *licence_facts_of(const char *id);
const struct licence_facts *licence_facts_at(size_t i); /* NULL past the end */
/* For a text without a row of its own: what its family has in common. NULL: none. */
const struct licence_facts *licence_facts_of_family(const char *id);
/* Facts that hold for every licence that the OSI approved; its own duties are not in the table. */
const struct licence_facts *licence_facts_osi(void);

/* 0 best .. 7: OpenMDW, Apache, MIT; display duties; registration; use limits; territory; no commerce;
 * unknown. */
int licence_preference(const struct licence_facts *f);
const char *licence_preference_words(int preference);

void licence_facts_write(struct json_writer *w, const struct licence_facts *f);
const char *commercial_use_name(enum commercial_use c);
const char *output_rule_name(enum output_rule o);

#endif
