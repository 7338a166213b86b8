/* The dossier of a pinned model: one folder and one page for people who audit.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   dossier.html          everything below on one page: no script, nothing loaded, prints on A4
 *   verdict.json          the gate's verdict (verdict.h), the licence's, and what became of signatures
 *   pin.json              the pin as hearth.lock has it
 *   bom.cdx.json          CycloneDX 1.7; bom-1.6.cdx.json; bom.spdx.json (SPDX 3.0.1)
 *   licences/NN-NAME      the texts about licences, as they lie in the store
 *   signatures/NN-NAME    bundles among the model's files
 *   audit/INDEX.json      entries of the audit log about the model, and audit/INDEX.proof that they are in it;
 *                         audit/checkpoint and audit/key to check that with
 *   lineage.json          what weight tests found, where they were made
 *   SHA256SUMS            of all these
 *
 * The page states what the files say and what was decided; drafts are drafts and marked so on every sheet. Legal
 * facts come from law_list.h, each with source, date and standing. Nothing on the page is a conclusion of law. */
#ifndef GOVERN_DOSSIER_DOSSIER_H
#define GOVERN_DOSSIER_DOSSIER_H

#include "govern/audit/audit.h"
#include "govern/dossier/page.h"
#include "govern/dossier/record.h"
#include "govern/gate/policy.h"
#include "govern/gate/verdict.h"
#include "govern/registry/model_signing.h"

#define DOSSIER_PAGE_BYTES_MAX ((size_t)64 << 20)
#define DOSSIER_FILE_BYTES_MAX ((size_t)256 << 20)
#define DOSSIER_ENTRIES_MAX    2000                /* of the audit log, about the model */
#define DOSSIER_LOG_MAX        ((uint64_t)2000000) /* the newest entries that are looked through */
#define LINEAGE_BYTES_MAX      ((size_t)64 << 20)

/* An entry of the audit log about the model. */
struct dossier_entry {
    uint64_t index;
    int64_t time_ms;
    char kind[64];
    char details[1024]; /* of its body, for people */
    bool proven;        /* its proof was checked against the signed checkpoint */
};

/* VERIFIED: by the trust that was given. NOT_VERIFIED: none was, or the method cannot be checked here. */
enum signature_answer { SIGNATURE_NOT_VERIFIED, SIGNATURE_VERIFIED, SIGNATURE_FAILS };
const char *signature_answer_name(enum signature_answer a);

struct dossier_signature {
    enum signature_answer answer;
    struct signature_facts facts;  /* where it is verified */
    char reason[ERROR_TEXT_BYTES]; /* where it is not */
};

struct dossier {
    const struct record *record;
    const struct gate_verdict *verdict; /* NULL: it was not asked */
    const struct gate_policy *policy;   /* the declared use; NULL: none */
    struct audit_view *log;             /* NULL: there is none */
    struct span lineage;                /* the JSON of `hearth lineage --json`; {NULL,0}: none */
    enum dossier_language language;
    int64_t at_ms; /* unix time that stands on it */

    /* Found by dossier_find_entries(). */
    struct dossier_entry *entries; /* [entry_count] */
    size_t entry_count;
    bool entries_cut;

    /* Found by dossier_check_signatures(). */
    struct dossier_signature *signatures; /* [record->signature_count]; NULL: not looked at */
    bool trusted;                         /* a key or certificates were given */
};

/* Looks through the log; without one there are no entries. */
enum status dossier_find_entries(struct dossier *d, struct error *err);
/* Checks each bundle among the model's files against the files of the store; with neither key nor certificates in
 * `trust` none is verified. A bundle that fails is an answer, not an error. */
enum status dossier_check_signatures(struct dossier *d, struct registry *registry,
                                     const struct signature_trust *trust, struct error *err);
int dossier_signatures_verified(const struct dossier *d); /* how many */
void dossier_release(struct dossier *d);                  /* what that made; nothing borrowed */

/* Appends the page. */
enum status dossier_page(struct buf *out, const struct dossier *d, struct error *err);
/* Writes the folder, which must not exist; it appears when it is whole. */
enum status dossier_write(const struct dossier *d, struct registry *registry, const char *folder,
                          struct error *err);
/* STATUS_USAGE: "en", "zh" and "both" are known. */
enum status dossier_language_find(enum dossier_language *ret, const char *name, struct error *err);

/* The parts of the page, for this room. */
void dossier_put_identity(struct page *p, const struct dossier *d);
void dossier_put_licence(struct page *p, const struct dossier *d);
void dossier_put_openness(struct page *p, const struct dossier *d);
enum status dossier_put_lineage(struct page *p, const struct dossier *d, struct error *err);
void dossier_put_papers(struct page *p, const struct dossier *d); /* BOM, signatures */
void dossier_put_signatures(struct page *p, const struct dossier *d);
void dossier_write_signatures(struct json_writer *j, const struct dossier *d);
void dossier_put_history(struct page *p, const struct dossier *d); /* approvals, changes */
void dossier_put_drafts(struct page *p, const struct dossier *d);
/* Name of a copied file in the folder: "licences/01-LICENSE". */
#define DOSSIER_NAME_BYTES 96
void dossier_copy_name(char out[DOSSIER_NAME_BYTES], const char *folder, int number,
                       const char *name);
/* "commercial: yes; territory: EU; ..." of the declared use. */
#define DOSSIER_USE_BYTES 1024
void dossier_use_words(char out[DOSSIER_USE_BYTES], const struct gate_policy *policy);

#endif
