/* The routes that are the server's own: method, path, capability ("" for anybody), function.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A path that ends in '/' takes one more segment. APIs with models behind them are in shape_list.h. */
ROUTE("GET", "/", "", route_page)
ROUTE("GET", "/ui/", "", route_page)
ROUTE("GET", "/health", "", route_health)
ROUTE("GET", "/v1/models", "models", route_models)
ROUTE("GET", "/v1/models/", "models", route_model)
ROUTE("GET", "/props", "models", route_props)
ROUTE("GET", "/inventory", "metrics", route_inventory)
ROUTE("GET", "/metrics", "metrics", route_metrics)
ROUTE("GET", "/hearth/receipts/", "", route_receipt)
ROUTE("GET", "/api/tags", "models", route_ollama_tags)
ROUTE("POST", "/api/show", "models", route_ollama_show)
ROUTE("GET", "/api/version", "", route_ollama_version)
