/* Frame of the debug commands that run a model on given ids.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/debug_ids.h"

#include "front/cmd/text_input.h"

enum status debug_with_ids(const struct args *args, int64_t more, debug_ids_fn *fn,
                           struct error *err)
{
    struct token_list ids;
    struct model_settings settings;
    struct engine *e;
    enum status st = input_ids(&ids, args_text(args, "ids", NULL), err);
    if (st) return st;
    model_settings_init(&settings, args, false);
    settings.options.context_max = (int64_t)ids.count + more;
    st = model_open(&e, &settings, args, err);
    if (!st) {
        st = fn(e, &ids, args, err);
        engine_close(e);
    }
    token_list_release(&ids);
    return st;
}
