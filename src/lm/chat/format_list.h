/* The formats of calls and reasoning: one line each, in the order in which templates are asked.
 * SPDX-License-Identifier: Apache-2.0 */
FORMAT(qwen_xml)
FORMAT(hermes)
FORMAT(plain)
