/* A request's JSON, checked member by member: what to generate, from which tokens, how.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_WORKER_FAR_REQUEST_H
#define LM_WORKER_FAR_REQUEST_H

#include "lm/chat/parse.h"
#include "lm/sample/sample.h"
#include "lm/worker/far_inner.h"
#include "lm/worker/stop_text.h"

struct far_request {
    struct json_doc *doc; /* texts below are borrowed from it */
    struct token_list prompt;
    int64_t token_max; /* -1: up to the end of the context; 0: none */
    bool ignore_eos, return_ids, echo;
    struct stop_text stops;
    struct sample_options sampling;
    struct logit_bias bias[SAMPLE_BIAS_MAX];
    int top_logprobs; /* SAMPLE_NO_LOGPROBS: none */

    struct kv_salt salt; /* of the tenant */
    enum sched_class priority;
    int64_t deadline_ms; /* from its arrival; 0: none */

    const struct parse_format *format; /* NULL: the text as it is */
    enum prompt_open open;
    bool chat;                /* the prompt is a conversation ... */
    bool single;              /* ... at most one call ends the answer */
    bool thought;             /* ... at whose end reasoning was closed already */
    const struct json *tools; /* NULL: unknown; empty: there are none */
    struct json_doc *no_tools;
    const struct json *constraint; /* NULL: none; its members are checked where it is compiled */
};

enum member_kind {
    MEMBER_ANY,
    MEMBER_BOOL,
    MEMBER_INT,
    MEMBER_NUMBER,
    MEMBER_TEXT,
    MEMBER_ARRAY,
    MEMBER_OBJECT
};

struct member_rule {
    const char *name;
    enum member_kind kind;
    int64_t min, max; /* of integers */
};

/* Every member is known and of its kind: nothing that was asked for is passed over. The last rule has no
 * name. */
enum status far_check_members(const struct json *object, const struct member_rule *rules,
                              struct error *err);
/* STATUS_UNSUPPORTED where the model makes states and no tokens. */
enum status far_need_head(const struct far *f, struct error *err);
/* STATUS_NOT_FOUND says which files are missing. */
enum status far_need_tokenizer(const struct far *f, const struct tokenizer **ret,
                               struct error *err);
/* "tenant", "priority" and "deadline_ms"; requests without a tenant are of one family. */
enum status far_read_owner(struct far_request *r, const struct json *request, struct error *err);
/* Appends a list of the model's ids. */
enum status far_read_ids(const struct far *f, const struct json *ids, struct token_list *out,
                         struct error *err);

/* On failure nothing is left to release. */
enum status far_request_read(struct far_request *ret, const struct far *f, struct span body,
                             struct error *err);
/* The tokens to score, without BOS; *ret_bos: the one that goes in front, -1: none. */
enum status far_score_request_read(struct token_list *ret, int32_t *ret_bos, const struct far *f,
                                   struct span body, struct error *err);
void far_request_release(struct far_request *r);
/* How the model writes calls and reasoning; never NULL. */
const struct parse_format *far_format(const struct far *f, bool with_tools);

#endif
