/* Every API shape: the struct shape of its file.
 * SPDX-License-Identifier: Apache-2.0 */
SHAPE(shape_openai_chat)
SHAPE(shape_anthropic_messages)
SHAPE(shape_anthropic_count_tokens)
SHAPE(shape_openai_responses)
SHAPE(shape_openai_input_tokens)
SHAPE(shape_openai_completions)
SHAPE(shape_ollama_chat)
SHAPE(shape_ollama_generate)
SHAPE(shape_tokenize)
SHAPE(shape_detokenize)
