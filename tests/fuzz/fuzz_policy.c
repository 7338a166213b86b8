/* hearth.yaml, as the gate and as the server read it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/policy.h"
#include "serve/server/server_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate_policy policy;
    struct server_settings settings;
    struct error err;
    struct span text = { (const char *)data, size };
    if (policy_parse(&policy, text, "hearth.yaml", &err)) policy_init(&policy);
    server_settings_init(&settings);
    server_config_parse(&settings, text.data, text.len, "hearth.yaml", "", &err);
    server_settings_release(&settings);
    return 0;
}
