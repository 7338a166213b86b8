/* The near end of a worker: starts the sandboxed process that owns one model, and talks to it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only govern/gate starts one (worker_start.h); everybody else gets a worker from the gate. A worker
 * belongs to one thread at a time. Requests are answered together, in the order that lm/sched gives
 * them; each ends with exactly one WORKER_DONE or
 * WORKER_ERROR event, also when the worker dies: then every request under way ends with an error that
 * says how it died and what to do, and every later call fails with the same words.
 *
 * What comes from the worker is treated as a stranger's: frames are bounded and checked.
 *
 * A request is one JSON object; unknown members are an error:
 *   "messages", "tools", "documents", "add_generation_prompt", "continue_final_message",
 *   "chat_template_kwargs", "now"      as in lm/chat/chat_request.h; or
 *   "text"                             a text to be continued behind the model's BOS token, or
 *   "text_base64"                      the same where the bytes are no valid UTF-8; both with
 *   "parse_special": bool              special tokens in the text become their ids; or
 *   "ids": [int]                       exactly these tokens
 *   "parallel_tool_calls": bool        false: the first call ends the answer
 *   "parse": bool                      take the answer apart (lm/chat/parse.h); default: with messages.
 *                                      In a conversation without tools nothing is a call
 *   "return_ids": bool                 deltas name their tokens, with or without logprobs
 *   "max_tokens": int, "stop": [text], "ignore_eos": bool,
 *                                      0 tokens: the prompt is counted, and evaluated only where its
 *                                      log probabilities are wanted
 *   "constraint": {"type": ...}        a spec of lm/sample/constraint.h: the answer follows it, from where
 *                                      reasoning ends; what cannot be compiled ends the request before
 *                                      anything is told, naming keyword and JSON pointer. Of type "tools" it
 *                                      has "choice", "parallel", "whitespace", "content"; "strict": true,
 *                                      false or the names of tools that are held to their schemas (others
 *                                      are too where that can be done); "allowed": the names of tools that
 *                                      may be called. The tools are the request's
 *   "tenant": text                     who asks, as the front knows it: the share of the machine, and whose
 *                                      cached prompts may be used; requests without are of one tenant
 *   "priority": "high" | "normal" | "low"      shares 16 : 4 : 1 of the machine; default: normal
 *   "choice": int                      of several to the same request, where no seed is given and the worker
 *                                      is deterministic: another seed for each
 *   "deadline_ms": int                 from its arrival; then it ends with WORKER_ERROR, CANCELLED
 *   "echo": bool                       deltas {"prompt": [token]} hold the prompt's tokens, first of
 *                                      all; with "logprobs" where sampling has them (first: null)
 *   "sampling": {"temperature", "top_k", "top_p", "min_p", "repeat_penalty", "presence_penalty",
 *                "frequency_penalty", "seed", "logit_bias": [[id, value or null for -inf]], "logprobs": int}
 *                                      what is missing comes from the model's generation_config
 * Bodies of events:
 *   WORKER_PROGRESS  {"stage": text, "done": int, "total": int}
 *   WORKER_DELTA     one of {"content": text}, {"reasoning": text},
 *                    {"call": int, "name": text, "id": text, missing when the model gave none},
 *                    {"call": int, "arguments": text}, {"call": int, "end": true, "id": text where
 *                    it stood behind the arguments}, or none of them;
 *                    with "tokens": [token] where logprobs or ids were asked for; joined, they are all
 *                    tokens but the one that ended the answer. A token is {"id", "bytes": [int] (as it
 *                    is spelled; missing without a tokenizer), and with logprobs "logprob", "top":
 *                    [{"id", "bytes", "logprob"}], most likely first}.
 *   WORKER_DONE      {"finish": "stop" | "length" | "context" | "tool_calls" | "cancelled",
 *                    "prompt_tokens", "cached_tokens" (of them, not evaluated), "restored_tokens" (of
 *                    those, read back from the disk), "completion_tokens", "reasoning_tokens": int,
 *                    "cache": "memory" | "disk" (where something was found) | "none" | "unused" (log
 *                    probabilities of the prompt are not in the cache, or it was never evaluated),
 *                    "decode_steps", "displaced" (times it gave way to others): int, "queue_seconds",
 *                    "prompt_seconds", "decode_seconds": real, "seed": int,
 *                    "stop": text or null, "unparsed": bool, "end": the token that ended the answer,
 *                    where tokens were asked for and one did}
 *   WORKER_ERROR     no body; `error` says what happened
 */
#ifndef LM_WORKER_CLIENT_H
#define LM_WORKER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/json.h"
#include "base/core/log.h"
#include "base/core/status.h"

struct worker;

/* Asks it to stop, waits a moment, kills it; NULL is fine. */
void worker_stop(struct worker *w);

/* What the worker said when it was ready: {"family", "backend", "context_max", "model_context",
 * "vocab_size", "valid_vocab", "deterministic": bool, "parameter_count", "weight_bytes", "cache_bytes", "work_bytes",
 * "tokenizer": bool, "chat": null (no template, or "chat_error" says why it cannot be used) or
 * {"template_sha256", "format", "thinking": bool, "thinking_variable", "effort_variable": text or null,
 * "tools": bool}, "embedding": null (no embedder) or {"pooling": text, "dimensions": int, "normalize":
 * bool}, "rerank": bool, "headless": bool (it writes no text), "retrieval_error": text or null (what of these the files say and cannot be
 * done), "generation": {"eos_ids", "has_sampling", "temperature", "top_k", "top_p", "min_p",
 * "repetition_penalty"}, "sandbox": {"landlock_abi", "seccomp": bool}}. Borrowed from the worker; NULL
 * where no model was loaded. Of an inspection: {"container": "hf" | "gguf", "architecture", "family": text
 * or null, "tokenizer": null or {"kind", "pieces_sha256", "tokens"}, "chat_encoder", "template_sha256",
 * "tool_template_sha256": text or null, "tensors": {"bytes", "count", "parameters", "sha256"}, "warnings":
 * [text]}; all numbers are integers. */
const struct json *worker_ready(const struct worker *w);

enum worker_event_kind { WORKER_PROGRESS, WORKER_DELTA, WORKER_DONE, WORKER_ERROR };
struct worker_event {
    enum worker_event_kind kind;
    uint64_t request;
    const struct json *body;   /* until the next call of worker_next */
    const struct error *error; /* of WORKER_ERROR */
};

/* `request`: the JSON text. A request that is wrong ends with WORKER_ERROR, not here. */
enum status worker_submit(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err);
/* Waits up to `timeout_ms` (-1: for ever) for the next event. *ret_got false: none in time, or
 * a signal arrived. Fails only when nothing is under way and the worker is gone. */
enum status worker_next(struct worker *w, struct worker_event *ret, bool *ret_got, int timeout_ms,
                        struct error *err);
/* The request ends with WORKER_DONE, finish "cancelled", within one step. Unknown ids are ignored:
 * it may have ended meanwhile. */
enum status worker_cancel(struct worker *w, uint64_t request, struct error *err);
bool worker_alive(const struct worker *w); /* false: it has died, and every call fails */
/* Readable when worker_next has something; for poll(). */
int worker_descriptor(const struct worker *w);

/* Log probabilities of a text's tokens, each given what stands before it. `request`: {"text" or
 * "text_base64", "parse_special"} or {"ids"}. The worker cuts what is longer than the context into
 * windows as `hearth score` documents. Events: WORKER_PROGRESS; WORKER_DELTA {"scores": [{"id",
 * "logprob": real or null, "piece": text, or "piece_base64" where it is no valid UTF-8}]} in order;
 * WORKER_DONE {"tokens", "scored_tokens", "logprob_sum", "windows", "window_tokens", "seconds"}. */
enum status worker_score(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                         struct error *err);
/* Vectors of texts. `request`: {"inputs": [text, or list of ids that are taken as they are], "dimensions":
 * int, only the first so many, "normalize": bool, default: as the model's files say, after the cut;
 * "truncate": bool, longer texts lose their end, default false: STATUS_CONTEXT}. Only models that
 * are made for it: others are STATUS_UNSUPPORTED. Events: WORKER_PROGRESS; WORKER_DELTA {"index": int,
 * "tokens": int, "embedding": text}, base64 of little-endian float32, in any order; WORKER_DONE as of
 * worker_submit: "prompt_tokens" of all, no others. */
enum status worker_embed(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                         struct error *err);
/* How well documents answer a query. `request`: {"query": text, "documents": [text], "instruction": text,
 * what a document must do, default: the model's own}; or documents that are lists of ids, each a
 * whole prompt, without "query"; "true_id", "false_id": int, the two tokens whose logits are compared,
 * default: the model's. Events as of worker_embed: WORKER_DELTA {"index", "tokens", "score": real 0 to 1}. */
enum status worker_rerank(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err);
/* Asks the worker to try what its sandbox must refuse: WORKER_DONE {"attempts": [{"what": "open a
 * file", "refused": bool, "errno": text}], "landlock_abi": int, "seccomp": bool}. For `hearth doctor` and tests. */
enum status worker_probe(struct worker *w, uint64_t *ret_request, struct error *err);
/* WORKER_DONE; sums since the start: {"requests", "prompt_tokens", "cached_tokens", "restored_tokens",
 * "completion_tokens", "displaced", "steps", "prompt_rows", "decode_rows" (tokens evaluated); now:
 * "running", "decoding" (of those), "waiting", "slots" (that can run), "retry_seconds" (until one more is
 * likely to find a place); "kv": {"pages", "held", "shared", "cached", "free", "page_tokens", "evicted",
 * "copied"}, "store": null or {"pages", "used", "read", "written", "dropped", "evicted", "writable": bool};
 * "constraints": {"compiled", "refused", "found" (compiled or refused before), "remembered": int,
 * "compile_seconds"}}.
 * Zeros without a model. */
enum status worker_stats(struct worker *w, uint64_t *ret_request, struct error *err);
/* Of the process; for tests and for `ps`. */
int64_t worker_process(const struct worker *w);

#endif
