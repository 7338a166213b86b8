/* Which of a model's texts holds for what.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "govern/licence/licence.h"

static bool names(const char *file, const char *word)
{
    size_t len = strlen(word);
    for (; strlen(file) >= len; file++)
        if (strncasecmp(file, word, len) == 0) return true;
    return false;
}

/* A file LICENSE-MODEL is for the weights, LICENSE-CODE for the code, LICENSE for what has none. */
const struct licence_reading *licence_pick(struct licence_reading *const *readings,
                                           const char *const *file_names, int count,
                                           const char *what, const char *other)
{
    const struct licence_reading *plain = NULL, *card = NULL;
    for (int i = 0; i < count; i++) {
        const char *name = file_names[i];
        if (strcasecmp(name, "README.md") == 0) card = readings[i];
        else if (names(name, what)) return readings[i];
        else if (!names(name, other) && !plain) plain = readings[i];
    }
    return plain ? plain : card;
}
