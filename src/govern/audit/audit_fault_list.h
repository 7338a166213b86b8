/* What can be wrong with an audit log: symbol, name and words.
 * SPDX-License-Identifier: Apache-2.0 */
AUDIT_FAULT(SIGNATURE, "signature", "the checkpoint is not signed by the log's key")
AUDIT_FAULT(TRUNCATED, "truncated", "the log is shorter than a checkpoint that it signed")
AUDIT_FAULT(FORKED, "forked", "the log and a checkpoint that it signed do not share their past")
AUDIT_FAULT(EDITED, "edited", "entries are not those that were logged")
AUDIT_FAULT(TILE, "tile", "stored hashes are not those of the entries")
AUDIT_FAULT(MISSING, "missing", "files of the log are missing or cut off")
AUDIT_FAULT(FORM, "form", "an entry is not canonical JSON")
