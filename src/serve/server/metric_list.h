/* What is measured of each model: names as dashboards of other servers have them behind their prefix.
 * SPDX-License-Identifier: Apache-2.0
 *
 * COUNTER(name, text, help), GAUGE(name, text, help), HISTOGRAM(name, text, buckets, help),
 * FINISH(name): how an answer ended. */
#ifdef COUNTER
COUNTER(PROMPT_TOKENS, "prompt_tokens_total", "Tokens of prompts.")
COUNTER(GENERATION_TOKENS, "generation_tokens_total", "Tokens generated.")
COUNTER(CACHE_QUERIES, "prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.")
COUNTER(CACHE_HITS, "prefix_cache_hits_total", "Prompt tokens found in the prefix cache.")
COUNTER(CACHE_RESTORED, "prefix_cache_restored_total", "Of the tokens found, those read back from the disk.")
COUNTER(PREEMPTIONS, "num_preemptions_total", "Times a request gave way to others and waited again.")
COUNTER(WORKER_STARTS, "worker_starts_total", "Times the model's worker became ready.")
COUNTER(WORKER_FAILURES, "worker_failures_total", "Times the worker died or failed to start.")
COUNTER(REJECTED, "requests_rejected_total", "Requests refused because the model's queue was full.")
#endif
#ifdef GAUGE
GAUGE(RUNNING, "num_requests_running", "Requests whose answer has begun.")
GAUGE(WAITING, "num_requests_waiting", "Requests that wait for the model or their turn.")
GAUGE(KV_USAGE, "kv_cache_usage_perc", "Share of the cache's pages that running requests hold; 1 is all.")
GAUGE(KV_PAGES, "kv_cache_pages", "Pages of the cache.")
GAUGE(KV_KEPT, "kv_cache_pages_kept", "Pages that nobody holds, kept for prompts that begin alike.")
GAUGE(STORE_PAGES, "kv_store_pages", "Pages of the cache on the disk.")
GAUGE(BATCH, "batch_requests", "Requests that the model evaluates together.")
GAUGE(LOADED, "model_loaded", "1 while the model is ready to answer.")
#endif
#ifdef HISTOGRAM
HISTOGRAM(TTFT, "time_to_first_token_seconds", first_buckets, "From the request to the first token.")
HISTOGRAM(INTER_TOKEN, "inter_token_latency_seconds", token_buckets, "Between two deltas of one answer.")
HISTOGRAM(E2E, "e2e_request_latency_seconds", request_buckets, "From the request to the end of its answer.")
HISTOGRAM(QUEUE, "request_queue_time_seconds", request_buckets, "From the request to its place in the batch.")
HISTOGRAM(PROMPT_SIZE, "request_prompt_tokens", size_buckets, "Prompt tokens of a request.")
HISTOGRAM(GENERATION_SIZE, "request_generation_tokens", size_buckets, "Generated tokens of a request.")
#endif
#ifdef FINISH
FINISH(stop)
FINISH(length)
FINISH(context)
FINISH(tool_calls)
FINISH(cancelled)
FINISH(error)
#endif
