/* The policy in force: the mode and the declared use, from hearth.yaml.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   mode: enforce        # or audit: what the gate would refuse runs, and is recorded
 *   use:                 # govern/licence/licence_use.h
 *     commercial: true
 *
 * The file is the one that was named; else hearth.yaml in the working folder; else the one in
 * ~/.config/hearth, where ~ is the home that the system's user database knows: the environment says
 * nothing about policy. Without a file the mode is enforce and no use is declared. A first file is the
 * only one: nothing is mixed. Unknown keys at the top are errors; other sections are the server's. */
#ifndef GOVERN_GATE_POLICY_H
#define GOVERN_GATE_POLICY_H

#include "base/core/digest.h"
#include "base/core/span.h"
#include "govern/gate/verdict.h"
#include "govern/licence/licence_use.h"

#define POLICY_FILE      "hearth.yaml"
#define POLICY_BYTES_MAX ((size_t)1 << 20)

struct gate_policy {
    enum gate_mode mode;
    struct licence_use use;
    char path[4096];                  /* of the file, also when it is refused; "": there is none */
    uint8_t digest[SHA256_BYTES];     /* of the file's bytes; zero without one */
    uint8_t use_digest[SHA256_BYTES]; /* of what is declared: the same declaration has the same */
};

/* `config` NULL: looked for. */
enum status policy_read(struct gate_policy *ret, const char *config, struct error *err);
enum status policy_parse(struct gate_policy *ret, struct span text, const char *what,
                         struct error *err);
void policy_init(struct gate_policy *p); /* enforce, nothing declared */
/* Whether the key may stand at the top of hearth.yaml and is read by the gate. */
bool policy_owns_key(const char *key);

#endif
