/* What a person can say to a chat besides talking: command_<symbol>() in chat_command.c.
 * SPDX-License-Identifier: Apache-2.0 */
CHAT_COMMAND(help, "", "this list")
CHAT_COMMAND(system, "[TEXT]", "set the system message, or show it; /system - takes it away")
CHAT_COMMAND(reset, "", "forget the messages; the system message and the tools stay")
CHAT_COMMAND(save, "FILE", "write the chat to a file")
CHAT_COMMAND(load, "FILE", "go on with a chat from a file")
CHAT_COMMAND(tools, "[FILE]",
             "give the model tools (a JSON list), or show them; /tools - takes them away")
CHAT_COMMAND(think, "", "let the model think before it answers")
CHAT_COMMAND(nothink, "", "let it answer at once")
CHAT_COMMAND(fold, "", "show thinking as one line, or all of it")
CHAT_COMMAND(show, "", "the thinking before the last answer")
CHAT_COMMAND(stats, "", "tokens, times and memory")
CHAT_COMMAND(quit, "", "leave; so does Ctrl-D")
