/* The gate's own rules: symbol, identifier, what it is about.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rules of other rooms keep their identifiers behind "licence." and "scan.". */
GATE_RULE(UNLOCKED, "gate.unlocked", "the model is not in the store, or not pinned")
GATE_RULE(LOCK, "gate.lock", "the lock cannot be read, or does not say what the registry says")
GATE_RULE(REGISTRY, "gate.registry", "the registry does not hold together")
GATE_RULE(DIGEST, "gate.digest", "the bytes of a file are not those that were pinned")
GATE_RULE(UNJUDGED, "gate.unjudged", "nobody has judged the model yet")
GATE_RULE(LICENCE, "gate.licence", "what the licence says of the declared use")
GATE_RULE(SCAN, "gate.scan", "code, or text that hides, among the model's files")
GATE_RULE(APPROVAL, "gate.approval",
          "an approval that is not in the audit log as it stands in the lock")
GATE_RULE(EXPIRED, "gate.approval-expired", "an approval that has ended")
