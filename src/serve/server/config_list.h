/* The settings of hearth.yaml that the server reads: place, type, range.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SETTING(struct, section, key, type, field, min, max). Sections: "" is the top, "limits" a mapping
 * of it, "model" one of its models. Types: INT (int64_t), SIZE (size_t), COUNT (int), FLAG, TEXT,
 * TEXTS (a sequence, at most max). */
SETTING(server_settings, "", "default_model", TEXT, default_model, 0, 0)
SETTING(server_settings, "", "require_key", FLAG, require_key, 0, 0)
SETTING(server_settings, "", "hosts", TEXTS, hosts, 0, SERVER_NAMES_MAX)
SETTING(server_settings, "", "origins", TEXTS, origins, 0, SERVER_NAMES_MAX)
SETTING(server_settings, "", "load_wait_seconds", INT, load_wait_s, 0, 3600)
SETTING(server_settings, "", "drain_seconds", INT, drain_s, 0, 86400)
SETTING(server_settings, "", "keep_alive_ms", INT, keep_alive_ms, 100, 600000)
SETTING(server_settings, "limits", "body_bytes", SIZE, limits.body_bytes_max, 1024, 1 << 30)
SETTING(server_settings, "limits", "bodies_bytes", SIZE, limits.bodies_bytes_max, 1024, 1LL << 40)
SETTING(server_settings, "limits", "stream_queue_bytes", SIZE, limits.queue_bytes_max, 4096, 1 << 30)
SETTING(server_settings, "limits", "connections", COUNT, limits.connections_max, 1, 1000000)
SETTING(server_settings, "limits", "connections_per_ip", COUNT, limits.connections_per_ip_max, 0, 1000000)
SETTING(server_settings, "limits", "head_ms", COUNT, limits.head_ms, 100, 3600000)
SETTING(server_settings, "limits", "body_ms", COUNT, limits.body_ms, 100, 3600000)
SETTING(server_settings, "limits", "idle_ms", COUNT, limits.idle_ms, 100, 3600000)
SETTING(server_settings, "limits", "stall_ms", COUNT, limits.stall_ms, 100, 3600000)
SETTING(model_settings_entry, "model", "path", TEXT, path, 0, 0)
SETTING(model_settings_entry, "model", "aliases", TEXTS, aliases, 0, SERVER_ALIASES_MAX)
SETTING(model_settings_entry, "model", "preload", FLAG, preload, 0, 0)
SETTING(model_settings_entry, "model", "context", INT, context_max, 1, 1 << 30)
SETTING(model_settings_entry, "model", "threads", INT, threads, 0, 512)
SETTING(model_settings_entry, "model", "memory_bytes", INT, memory_bytes, 1 << 20, 1LL << 46)
SETTING(model_settings_entry, "model", "queue", INT, queue_max, 1, 65536)
SETTING(model_settings_entry, "model", "unload_after_seconds", INT, unload_after_s, 0, 31536000)
SETTING(model_settings_entry, "model", "batch", INT, batch, 1, 256)
SETTING(model_settings_entry, "model", "cache_tokens", INT, cache_tokens, 1, 1 << 30)
SETTING(model_settings_entry, "model", "cache", TEXT, cache_type, 0, 0)
