/* The subcommands: cmd_<symbol> is defined in cmd_<symbol>.c. Order is that of the help.
 * SPDX-License-Identifier: Apache-2.0 */
COMMAND(run)
COMMAND(score)
COMMAND(tokens)
COMMAND(inspect)
COMMAND(plan)
COMMAND(doctor)
COMMAND(debug)
COMMAND(debug_logits)
COMMAND(debug_greedy)
COMMAND(debug_tokens)
COMMAND(help)
COMMAND(version)
