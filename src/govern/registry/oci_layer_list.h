/* Layers of models in registries that are named by their media type: type, stem, ending, and what several are.
 * SPDX-License-Identifier: Apache-2.0
 *
 * OCI_ONE: there can be one only. OCI_PARTS: parts of a split file in the manifest's order, named as such. OCI_MORE:
 * the second is stem-2. Types: Ollama's registry; docker/model-spec, "Media Types". */
OCI_LAYER("application/vnd.ollama.image.model",            "model",           ".gguf",        OCI_ONE)
OCI_LAYER("application/vnd.ollama.image.projector",        "mmproj",          ".gguf",        OCI_MORE)
OCI_LAYER("application/vnd.ollama.image.adapter",          "adapter",         ".gguf",        OCI_MORE)
OCI_LAYER("application/vnd.ollama.image.license",          "LICENSE",         "",             OCI_MORE)
OCI_LAYER("application/vnd.ollama.image.template",         "ollama-template", ".txt",         OCI_ONE)
OCI_LAYER("application/vnd.ollama.image.prompt",           "ollama-prompt",   ".txt",         OCI_ONE)
OCI_LAYER("application/vnd.ollama.image.system",           "ollama-system",   ".txt",         OCI_ONE)
OCI_LAYER("application/vnd.ollama.image.params",           "ollama-params",   ".json",        OCI_ONE)
OCI_LAYER("application/vnd.ollama.image.messages",         "ollama-messages", ".json",        OCI_ONE)
OCI_LAYER("application/vnd.docker.ai.gguf.v3",             "model",           ".gguf",        OCI_PARTS)
OCI_LAYER("application/vnd.docker.ai.gguf.v3.lora",        "adapter",         ".gguf",        OCI_MORE)
OCI_LAYER("application/vnd.docker.ai.gguf.v3.mmproj",      "mmproj",          ".gguf",        OCI_ONE)
OCI_LAYER("application/vnd.docker.ai.mmproj",              "mmproj",          ".gguf",        OCI_ONE)
OCI_LAYER("application/vnd.docker.ai.safetensors",         "model",           ".safetensors", OCI_PARTS)
OCI_LAYER("application/vnd.docker.ai.license",             "LICENSE",         "",             OCI_MORE)
OCI_LAYER("application/vnd.docker.ai.chat.template.jinja", "chat_template",   ".jinja",       OCI_ONE)
