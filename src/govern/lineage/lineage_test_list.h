/* The weight tests: symbol, identifier, title, what is exchanged under the null, what it is blind to.
 * SPDX-License-Identifier: Apache-2.0 */
TEST(RESIDUAL, "T1", "residual dimensions: norms and embedding columns at equal index",
     "one random order of the residual dimensions for the whole model",
     "a permutation or rotation of the residual dimensions, and norms folded into other weights")
TEST(UNITS, "T2", "feed-forward units: index of matched units",
     "a random order of the feed-forward units of each layer",
     "a permutation of the feed-forward units, and a rotation or permutation of the residual "
     "dimensions")
TEST(GATE_UP, "T3", "feed-forward units: matching by gate against matching by up",
     "independence of the two matchings (calibrated by simulation, not exact)",
     "a rotation or permutation of the residual dimensions, and models without gates")
