#!/usr/bin/env python3
# Writes rope.json: RoPE parameters of the golden models as transformers (5.23.0) understands them.
# SPDX-License-Identifier: Apache-2.0
#
#     python3 tests/vectors/make_rope.py GOLDEN_MODELS_FOLDER
#
# One line for each set of parameters: theta, kind, share of a head that rotates, the factor that
# multiplies cos and sin. Models whose class transformers lacks are left out, and so is minimax_m2,
# which says the rotating share in a key of its own (rotary_dim).
import glob, json, os, sys
from transformers import AutoConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

KINDS = ["default", "linear", "dynamic", "llama3", "yarn"]
rows = []
for folder in sorted(glob.glob(os.path.join(sys.argv[1], "*/"))):
    name = os.path.basename(folder.rstrip("/"))
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False).get_text_config()
    except Exception:
        continue
    sets = getattr(config, "rope_parameters", None)
    if sets is None or config.model_type == "minimax_m2":
        continue
    nested = "rope_type" not in sets
    for layer, p in sets.items() if nested else [(None, sets)]:
        if p["rope_type"] not in KINDS or "alpha" in p:  # alpha is refused
            continue
        attention = 1.0
        if p["rope_type"] != "default":
            _, attention = ROPE_INIT_FUNCTIONS[p["rope_type"]](config, "cpu", seq_len=1, **({"layer_type": layer} if nested else {}))
        rows.append({"model": name, "layer": layer, "kind": KINDS.index(p["rope_type"]), "theta": p["rope_theta"],
                     "factor": p.get("factor", 0), "share": p.get("partial_rotary_factor", 1.0), "attention": attention,
                     "original": p.get("original_max_position_embeddings", 0)})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "rope.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
