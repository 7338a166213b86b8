/* Model families: descriptor symbol, each in family_<name>.c.
 * SPDX-License-Identifier: Apache-2.0 */
FAMILY(family_llama)
FAMILY(family_mistral)
FAMILY(family_qwen2)
FAMILY(family_qwen3)
