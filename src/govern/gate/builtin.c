/* The model in the box.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/builtin.h"

#include <string.h>

const struct registry_file *builtin_find(const char *name)
{
    for (size_t i = 0; i < builtin_file_count; i++)
        if (strcmp(builtin_files[i].name, name) == 0) return &builtin_files[i];
    return NULL;
}
