/* The parts of the test run, for this room only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LINEAGE_LINEAGE_TEST_INNER_H
#define GOVERN_LINEAGE_LINEAGE_TEST_INNER_H

#include "govern/lineage/lineage_test.h"

struct test_run {
    struct lineage_tests *tests;
    const struct lineage_model *a, *b;
    const struct lineage_test_options *options;
};

enum status residual_test_run(struct test_run *run, struct error *err);
enum status unit_tests_run(struct test_run *run, struct error *err);

#endif
