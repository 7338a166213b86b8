/* Which licence a model is known to have, from its name on the hubs: only where no text is at hand.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A name is a hint and no evidence. It is used for one thing: to notice that a derivative claims more than
 * its base gives, when the base's own files are not there. */
#ifndef GOVERN_LICENCE_LICENCE_FAMILY_H
#define GOVERN_LICENCE_LICENCE_FAMILY_H

#include "govern/licence/licence_facts.h"
#include "base/core/span.h"

/* "meta-llama/Llama-3.1-8B" or its address: the row; NULL where the name tells nothing. Of models whose
 * sizes have different licences the size decides. */
const struct licence_facts *licence_of_model_name(struct span name);

#endif
