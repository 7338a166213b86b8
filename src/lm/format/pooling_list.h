/* How the states of a text's tokens become one vector, in the order of llama.cpp's pooling_type.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Enum name, word, and the word of sentence-transformers (pooling_mode, and pooling_mode_<word>
 * or pooling_mode_<word>_token(s) in older files). */
POOLING(NONE, "none", "")
POOLING(MEAN, "mean", "mean")
POOLING(CLS, "cls", "cls")
POOLING(LAST, "last", "lasttoken")
POOLING(RANK, "rank", "")
POOLING(MAX, "max", "max")
POOLING(MEAN_SQRT, "mean_sqrt_len", "mean_sqrt_len_tokens")
POOLING(WEIGHTED_MEAN, "weighted_mean", "weightedmean")
