/* How formats write the arguments of a call as tags, one entry each.
 * SPDX-License-Identifier: Apache-2.0
 *
 * TOOL_TAGS(name, before a parameter's name, behind it where the value is a text, behind it where it is JSON,
 * what ends a value, from the end of a value on). Values hold nothing that ends them. Names are those of
 * tool_syntax_list.h, which has the call around the parameters. Sources: the models' chat templates. */
TOOL_TAGS("qwen-xml", "<parameter=", ">\n", ">\n", "</parameter>", "\n</parameter>\n")
TOOL_TAGS("glm", "<arg_key>", "</arg_key>\n<arg_value>", "</arg_key>\n<arg_value>", "</arg_value>",
          "</arg_value>\n")
TOOL_TAGS("glm-4.7", "<arg_key>", "</arg_key><arg_value>", "</arg_key><arg_value>", "</arg_value>",
          "</arg_value>")
TOOL_TAGS("minimax", "<parameter name=\"", "\">", "\">", "</parameter>", "</parameter>\n")
TOOL_TAGS("seed", "<parameter=", ">", ">", "</parameter>", "</parameter>\n")
TOOL_TAGS("dsml", "<｜DSML｜parameter name=\"", "\" string=\"true\">", "\" string=\"false\">",
          "</｜DSML｜parameter>", "</｜DSML｜parameter>\n")
TOOL_TAGS("dsml-v4", "<｜DSML｜parameter name=\"", "\" string=\"true\">", "\" string=\"false\">",
          "</｜DSML｜parameter>", "</｜DSML｜parameter>\n")
