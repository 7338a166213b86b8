/* Kinds of copies that the self-test makes of a random model: symbol, name, what is done.
 * SPDX-License-Identifier: Apache-2.0 */
COPY(NOISED, "noised", "every weight changed by noise of its own size")
COPY(PERMUTED, "permuted", "feed-forward units in another order, and a little noise")
COPY(QUANTIZED, "quantized", "4 bits, blocks of 32 with one scale")
COPY(PRUNED, "pruned", "the smaller half of the weights set to zero")
COPY(NARROWED, "narrowed", "half of the feed-forward units removed")
COPY(SHALLOWED, "shallowed", "every second layer removed")
COPY(UPCYCLED, "upcycled", "each feed-forward block cut into four experts, and noise")
