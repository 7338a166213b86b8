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
COUNTER(WORKER_STARTS, "worker_starts_total", "Times the model's worker became ready.")
COUNTER(WORKER_FAILURES, "worker_failures_total", "Times the worker died or failed to start.")
COUNTER(REJECTED, "requests_rejected_total", "Requests refused because the model's queue was full.")
#endif
#ifdef GAUGE
GAUGE(RUNNING, "num_requests_running", "Requests whose answer has begun.")
GAUGE(WAITING, "num_requests_waiting", "Requests that wait for the model or their turn.")
GAUGE(LOADED, "model_loaded", "1 while the model is ready to answer.")
#endif
#ifdef HISTOGRAM
HISTOGRAM(TTFT, "time_to_first_token_seconds", first_buckets, "From the request to the first token.")
HISTOGRAM(INTER_TOKEN, "inter_token_latency_seconds", token_buckets, "Between two deltas of one answer.")
HISTOGRAM(E2E, "e2e_request_latency_seconds", request_buckets, "From the request to the end of its answer.")
HISTOGRAM(QUEUE, "request_queue_time_seconds", request_buckets, "Until the model took the request up.")
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
