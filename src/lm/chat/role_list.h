/* Names of roles that clients send, and what each is.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The last four are older names of tool results, which some templates still use. */
ROLE("system", SYSTEM)
ROLE("developer", DEVELOPER)
ROLE("user", USER)
ROLE("assistant", ASSISTANT)
ROLE("tool", TOOL)
ROLE("function", TOOL)
ROLE("observation", TOOL)
ROLE("ipython", TOOL)
ROLE("environment", TOOL)
