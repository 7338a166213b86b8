/* What an entry of the audit log can be about: its symbol, its name in the log, and words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A name in the log never changes its meaning; new kinds are added at the end. */
AUDIT_KIND(LOG_START, "log.start", "the log begins")
AUDIT_KIND(MODEL_ADD, "model.add", "a model was added to the store")
AUDIT_KIND(MODEL_REMOVE, "model.remove", "a model was removed from the store")
AUDIT_KIND(MODEL_EXPORT, "model.export", "a model was exported")
AUDIT_KIND(MODEL_VERIFY, "model.verify", "the files of a model were verified")
AUDIT_KIND(MODEL_LOAD, "model.load", "a model was loaded")
AUDIT_KIND(MODEL_UPGRADE, "model.upgrade", "a model was replaced by another revision")
AUDIT_KIND(VERDICT, "verdict", "a model was judged for a declared use")
AUDIT_KIND(APPROVAL, "approval", "a person approved a model")
AUDIT_KIND(REFUSAL, "refusal", "the gate refused")
AUDIT_KIND(KEY_CHANGE, "key.change", "a key was made, changed or revoked")
AUDIT_KIND(CONFIG_CHANGE, "config.change", "the configuration was changed")
AUDIT_KIND(STORE_CLEAN, "store.clean", "bytes that nothing names were removed from the store")
