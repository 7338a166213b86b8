/* Finding a file of the page.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/ui/ui.h"

#include <string.h>

const struct ui_file *ui_file_find(const char *path)
{
    for (size_t i = 0; i < ui_file_count; i++)
        if (strcmp(ui_files[i].path, path) == 0) return &ui_files[i];
    return NULL;
}
