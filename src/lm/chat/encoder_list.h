/* Families whose prompts are made by code of the vendor's instead of a template.
 * SPDX-License-Identifier: Apache-2.0 */
ENCODER(harmony)
ENCODER(deepseek_v32)
ENCODER(deepseek_v4)
