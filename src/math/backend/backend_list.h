/* Backends: descriptor symbol.
 * SPDX-License-Identifier: Apache-2.0 */
BACKEND(backend_cpu)
BACKEND(backend_ref)
