/* How formats write tool calls, one entry each.
 * SPDX-License-Identifier: Apache-2.0
 *
 * TOOL_SYNTAX(name, marker, before all, before a name, behind it, behind the arguments, between calls,
 * behind all). The marker, if any, is how the first of these texts begins: free text before calls
 * ends there. "\x01" stands for the number of the call. Names are those of lm/chat's formats.
 * Sources: the models' chat templates. */
TOOL_SYNTAX("hermes", "<tool_call>", "", "<tool_call>\n{\"name\": \"", "\", \"arguments\": ",
            "}\n</tool_call>", "\n", "")
TOOL_SYNTAX("llama", "", "", "{\"name\": \"", "\", \"parameters\": ", "}", "; ", "")
TOOL_SYNTAX("mistral", "[TOOL_CALLS]", "[TOOL_CALLS][", "{\"name\": \"", "\", \"arguments\": ", "}",
            ", ", "]")
TOOL_SYNTAX("mistral-args", "[TOOL_CALLS]", "", "[TOOL_CALLS]", "[ARGS]", "", "", "")
TOOL_SYNTAX("openpangu", "[unused11]", "[unused11][", "{\"name\": \"", "\", \"arguments\": ", "}",
            ", ", "][unused12]")
TOOL_SYNTAX("harmony", "", "", "commentary to=functions.", " <|constrain|>json<|message|>", "", "",
            "")
TOOL_SYNTAX("kimi", "<|tool_calls_section_begin|>", "<|tool_calls_section_begin|>",
            "<|tool_call_begin|>functions.", ":\x01<|tool_call_argument_begin|>",
            "<|tool_call_end|>", "", "<|tool_calls_section_end|>")
TOOL_SYNTAX("deepseek-v3", "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁begin｜>",
            "<｜tool▁call▁begin｜>function<｜tool▁sep｜>", "\n```json\n",
            "\n```<｜tool▁call▁end｜>", "\n", "<｜tool▁calls▁end｜>")
TOOL_SYNTAX("deepseek-v3.1", "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁begin｜>",
            "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>", "",
            "<｜tool▁calls▁end｜>")
/* Arguments as tags: tool_tags_list.h. */
TOOL_SYNTAX("qwen-xml", "<tool_call>", "", "<tool_call>\n<function=", ">\n",
            "</function>\n</tool_call>", "\n", "")
TOOL_SYNTAX("glm", "<tool_call>", "", "<tool_call>", "\n", "</tool_call>", "\n", "")
TOOL_SYNTAX("glm-4.7", "<tool_call>", "", "<tool_call>", "", "</tool_call>", "", "")
TOOL_SYNTAX("minimax", "<minimax:tool_call>", "<minimax:tool_call>\n", "<invoke name=\"", "\">\n",
            "</invoke>", "\n", "\n</minimax:tool_call>")
TOOL_SYNTAX("seed", "<seed:tool_call>", "", "<seed:tool_call>\n<function=", ">\n",
            "</function>\n</seed:tool_call>", "\n", "")
TOOL_SYNTAX("dsml", "<｜DSML｜function_calls>", "<｜DSML｜function_calls>\n",
            "<｜DSML｜invoke name=\"", "\">\n", "</｜DSML｜invoke>", "\n",
            "\n</｜DSML｜function_calls>")
TOOL_SYNTAX("dsml-v4", "<｜DSML｜tool_calls>", "<｜DSML｜tool_calls>\n", "<｜DSML｜invoke name=\"",
            "\">\n", "</｜DSML｜invoke>", "\n", "\n</｜DSML｜tool_calls>")
