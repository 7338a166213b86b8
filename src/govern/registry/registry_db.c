/* The tables of the registry, over SQLite.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/registry_db.h"

#include <limits.h>
#include <sqlite3.h>
#include <string.h>

#include "govern/registry/model_scan.h"

#define BUSY_MS         10000
#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define ALIASES_MAX     100000

struct registry_db {
    sqlite3 *handle;
    char path[REGISTRY_PATH_BYTES];
};

/* Ordered; never changed once published: what is new is another line. */
static const char *const migrations[] = {
    "CREATE TABLE migration (number INTEGER PRIMARY KEY, sha256 BLOB NOT NULL) STRICT;"
    "CREATE TABLE model ("
    "  id INTEGER PRIMARY KEY,"
    "  alias TEXT NOT NULL UNIQUE,"
    "  source TEXT NOT NULL,"
    "  revision TEXT,"
    "  main_file TEXT,"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "  added_ms INTEGER NOT NULL,"
    "  facts TEXT NOT NULL) STRICT;"
    "CREATE TABLE file ("
    "  model INTEGER NOT NULL REFERENCES model (id) ON DELETE CASCADE,"
    "  name TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL CHECK (bytes >= 0),"
    "  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),"
    "  PRIMARY KEY (model, name)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX file_sha256 ON file (sha256);"
    "CREATE TABLE blob ("
    "  sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),"
    "  identity BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE pending ("
    "  identity BLOB PRIMARY KEY,"
    "  sha256 BLOB NOT NULL CHECK (length(sha256) = 32)) STRICT, WITHOUT ROWID;",
    "CREATE TABLE seen ("
    "  identity BLOB PRIMARY KEY,"
    "  sha256 BLOB NOT NULL CHECK (length(sha256) = 32)) STRICT, WITHOUT ROWID;",
    /* 3: other revisions, and what a lock may lack */
    "CREATE TABLE revision ("
    "  id INTEGER PRIMARY KEY,"
    "  alias TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  revision TEXT,"
    "  main_file TEXT,"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "  added_ms INTEGER NOT NULL,"
    "  facts TEXT NOT NULL,"
    "  state INTEGER NOT NULL CHECK (state IN (0, 1)),"
    "  replaced_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX revision_staged ON revision (alias) WHERE state = 1;"
    "CREATE INDEX revision_alias ON revision (alias, state);"
    "CREATE TABLE revision_file ("
    "  revision INTEGER NOT NULL REFERENCES revision (id) ON DELETE CASCADE,"
    "  name TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL CHECK (bytes >= 0),"
    "  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),"
    "  PRIMARY KEY (revision, name)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX revision_file_sha256 ON revision_file (sha256);"
    "CREATE TABLE unsettled ("
    "  alias TEXT NOT NULL,"
    "  lock_path TEXT NOT NULL,"
    "  entry INTEGER NOT NULL CHECK (entry >= 0),"
    "  PRIMARY KEY (alias, lock_path)) STRICT, WITHOUT ROWID;",
    /* 4: what was hashed is remembered with a seal; what older ones remembered is hashed again */
    "DROP TABLE blob;"
    "CREATE TABLE blob ("
    "  sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),"
    "  seal BLOB NOT NULL CHECK (length(seal) = 32)) STRICT, WITHOUT ROWID;"
    "DROP TABLE pending;"
    "CREATE TABLE pending ("
    "  identity BLOB PRIMARY KEY,"
    "  sealed BLOB NOT NULL CHECK (length(sealed) = 64)) STRICT, WITHOUT ROWID;"
    "DROP TABLE seen;"
    "CREATE TABLE seen ("
    "  identity BLOB PRIMARY KEY,"
    "  sealed BLOB NOT NULL CHECK (length(sealed) = 64)) STRICT, WITHOUT ROWID;",
    /* 5: sealed texts about models */
    "CREATE TABLE note ("
    "  alias TEXT NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  text BLOB NOT NULL,"
    "  seal BLOB NOT NULL CHECK (length(seal) = 32),"
    "  PRIMARY KEY (alias, kind)) STRICT, WITHOUT ROWID;",
};
#define MIGRATION_COUNT (int)(sizeof migrations / sizeof *migrations)

/* ---- small steps ---- */

static enum status failed(const struct registry_db *db, struct error *err)
{
    int code = sqlite3_errcode(db->handle);
    const char *words = sqlite3_errmsg(db->handle);
    if (code == SQLITE_NOMEM) return error_set(err, STATUS_NO_MEMORY, "no memory for the registry");
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return error_set(err, STATUS_BAD_INPUT, "%s is damaged: %s", db->path, words);
    if (code == SQLITE_BUSY)
        return error_set(err, STATUS_FAILED, "%s is used by another process; try again", db->path);
    return error_set(err, STATUS_IO, "%s: %s", db->path, words);
}

static enum status run(struct registry_db *db, const char *sql, struct error *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) ? failed(db, err) : STATUS_OK;
}

static enum status prepare(struct registry_db *db, const char *sql, sqlite3_stmt **ret,
                           struct error *err)
{
    return sqlite3_prepare_v2(db->handle, sql, -1, ret, NULL) ? failed(db, err) : STATUS_OK;
}

/* Nothing is bound that lives shorter than the statement; a failure shows when it is stepped. */
static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    if (text) sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

static void bind_bytes(sqlite3_stmt *s, int at, const void *bytes, size_t len)
{
    sqlite3_bind_blob64(s, at, bytes, len, SQLITE_STATIC);
}

/* One row, or none. */
static enum status step(struct registry_db *db, sqlite3_stmt *s, bool *ret_row, struct error *err)
{
    int code = sqlite3_step(s);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(db, err);
    *ret_row = code == SQLITE_ROW;
    return STATUS_OK;
}

static enum status step_once(struct registry_db *db, sqlite3_stmt *s, struct error *err)
{
    bool row;
    return step(db, s, &row, err);
}

static bool column_bytes(sqlite3_stmt *s, int at, void *ret, size_t len)
{
    if (sqlite3_column_type(s, at) != SQLITE_BLOB || sqlite3_column_bytes(s, at) != (int)len)
        return false;
    memcpy(ret, sqlite3_column_blob(s, at), len);
    return true;
}

static enum status damaged(const struct registry_db *db, const char *what, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "%s is damaged: %s", db->path, what);
}

/* ---- opening ---- */

static enum status read_version(struct registry_db *db, int *ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum status st = prepare(db, "PRAGMA user_version", &s, err);
    if (!st) st = step(db, s, &row, err);
    if (!st) *ret = row ? sqlite3_column_int(s, 0) : 0;
    sqlite3_finalize(s);
    return st;
}

static enum status note_migration(struct registry_db *db, int i, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    sqlite3_stmt *s = NULL;
    enum status st = sha256_of(migrations[i], strlen(migrations[i]), digest, err);
    if (!st) st = prepare(db, "INSERT INTO migration VALUES (?, ?)", &s, err);
    if (!st) {
        sqlite3_bind_int(s, 1, i + 1);
        bind_bytes(s, 2, digest, sizeof digest);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

static enum status migrate(struct registry_db *db, struct error *err)
{
    int version = 0;
    char pragma[64];
    enum status st = read_version(db, &version, err);
    if (!st && version > MIGRATION_COUNT)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s was written by a newer Hearth (version %d of its tables, %d here)",
                         db->path, version, MIGRATION_COUNT);
    if (st || version == MIGRATION_COUNT) return st;
    st = db_begin(db, err);
    if (!st) st = read_version(db, &version, err); /* another process may have been here */
    for (int i = version; i < MIGRATION_COUNT && !st; i++) {
        st = run(db, migrations[i], err);
        if (!st) st = note_migration(db, i, err);
        sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA user_version = %d", i + 1);
        if (!st) st = run(db, pragma, err);
    }
    if (!st) st = db_commit(db, err);
    else db_rollback(db);
    return st;
}

/* The file may have been tampered with: its schema gets no say in what is run. */
static void distrust(sqlite3 *handle)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
}

enum status db_open(struct registry_db **ret, const char *path, struct error *err)
{
    struct registry_db *db = mem_zero(sizeof *db);
    if (!db) return error_set(err, STATUS_NO_MEMORY, "no memory for the registry");
    enum status st = STATUS_OK;
    if (strlen(path) >= sizeof db->path)
        st = error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
    else memcpy(db->path, path, strlen(path) + 1);
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    if (!st && sqlite3_open_v2(path, &db->handle, flags, NULL)) st = failed(db, err);
    if (!st) {
        sqlite3_busy_timeout(db->handle, BUSY_MS);
        distrust(db->handle);
    }
    if (!st)
        st = run(db,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
                 err);
    if (!st) st = migrate(db, err);
    if (st) db_close(db);
    else *ret = db;
    return st;
}

void db_close(struct registry_db *db)
{
    if (!db) return;
    sqlite3_close(db->handle);
    mem_free(db);
}

enum status db_begin(struct registry_db *db, struct error *err)
{
    return run(db, "BEGIN IMMEDIATE", err);
}

enum status db_commit(struct registry_db *db, struct error *err)
{
    enum status st = run(db, "COMMIT", err);
    if (st) db_rollback(db);
    return st;
}

void db_rollback(struct registry_db *db)
{
    if (!sqlite3_get_autocommit(db->handle)) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- models ---- */

static enum status put_files(struct registry_db *db, const char *sql, int64_t id,
                             const struct registry_model *m, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, sql, &s, err);
    for (size_t i = 0; i < m->file_count && !st; i++) {
        const struct registry_file *f = &m->files[i];
        sqlite3_bind_int64(s, 1, id);
        bind_text(s, 2, f->name);
        sqlite3_bind_int64(s, 3, (int64_t)f->bytes);
        bind_bytes(s, 4, f->sha256, SHA256_BYTES);
        st = step_once(db, s, err);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return st;
}

static void bind_model(sqlite3_stmt *s, const struct registry_model *m)
{
    bind_text(s, 1, m->alias);
    bind_text(s, 2, m->source);
    bind_text(s, 3, m->revision);
    bind_text(s, 4, m->main_file);
    bind_bytes(s, 5, m->digest, SHA256_BYTES);
    sqlite3_bind_int64(s, 6, m->added_ms);
    sqlite3_bind_text64(s, 7, m->facts.data, m->facts.len, SQLITE_STATIC, SQLITE_UTF8);
}

enum status db_put_model(struct registry_db *db, const struct registry_model *m, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db,
                             "INSERT INTO model (alias, source, revision, main_file, digest,"
                             " added_ms, facts) VALUES (?, ?, ?, ?, ?, ?, ?)",
                             &s, err);
    if (!st) {
        bind_model(s, m);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st ? st
              : put_files(db, "INSERT INTO file VALUES (?, ?, ?, ?)",
                          sqlite3_last_insert_rowid(db->handle), m, err);
}

enum status db_put_revision(struct registry_db *db, const struct registry_model *m,
                            enum db_revision state, int64_t replaced_ms, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db,
                             "INSERT INTO revision (alias, source, revision, main_file, digest,"
                             " added_ms, facts, state, replaced_ms)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                             &s, err);
    if (!st) {
        bind_model(s, m);
        sqlite3_bind_int(s, 8, (int)state);
        sqlite3_bind_int64(s, 9, replaced_ms);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st ? st
              : put_files(db, "INSERT INTO revision_file VALUES (?, ?, ?, ?)",
                          sqlite3_last_insert_rowid(db->handle), m, err);
}

static const char *column_text(struct arena *a, sqlite3_stmt *s, int at)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    return text ? arena_copy_text(a, text, (size_t)sqlite3_column_bytes(s, at)) : NULL;
}

static enum status read_file_row(struct registry_db *db, sqlite3_stmt *s, struct arena *a,
                                 struct registry_file *ret, struct error *err)
{
    ret->name = column_text(a, s, 0);
    ret->bytes = (uint64_t)sqlite3_column_int64(s, 1);
    if (!ret->name) return error_set(err, STATUS_NO_MEMORY, "no memory for a model's files");
    if (!column_bytes(s, 2, ret->sha256, SHA256_BYTES) || sqlite3_column_int64(s, 1) < 0)
        return damaged(db, "a file has no digest or size", err);
    enum status st = model_scan_check_name(ret->name, err);
    return st ? error_wrap(err, st, "%s is damaged", db->path) : st;
}

static enum status read_files(struct registry_db *db, const char *sql, int64_t id,
                              struct registry_model *m, struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = true;
    enum status st = prepare(db, sql, &s, err);
    if (!st) sqlite3_bind_int64(s, 1, id);
    m->files = arena_array(&m->arena, REGISTRY_FILES_MAX, sizeof *m->files);
    if (!st && !m->files) st = error_set(err, STATUS_NO_MEMORY, "no memory for a model's files");
    while (!st && !(st = step(db, s, &row, err)) && row) {
        if (m->file_count == REGISTRY_FILES_MAX)
            st = damaged(db, "a model has too many files", err);
        else st = read_file_row(db, s, &m->arena, &m->files[m->file_count++], err);
    }
    sqlite3_finalize(s);
    return st;
}

static enum status read_model_row(struct registry_db *db, sqlite3_stmt *s, struct registry_model *m,
                                  struct error *err)
{
    m->source = column_text(&m->arena, s, 1);
    m->revision = column_text(&m->arena, s, 2);
    m->main_file = column_text(&m->arena, s, 3);
    m->added_ms = sqlite3_column_int64(s, 5);
    m->facts.data = column_text(&m->arena, s, 6);
    m->facts.len = (size_t)sqlite3_column_bytes(s, 6);
    if (!m->source || !m->facts.data || !m->alias)
        return error_set(err, STATUS_NO_MEMORY, "no memory for a model of the registry");
    if (!column_bytes(s, 4, m->digest, SHA256_BYTES))
        return damaged(db, "a model has no digest", err);
    return STATUS_OK;
}

/* How a model is found: rows with the columns of read_model_row, and its files. BINARY collation: by bytes, as
 * strcmp() sorts. */
struct model_query {
    const char *model, *files;
};
static const struct model_query model_query = {
    "SELECT id, source, revision, main_file, digest, added_ms, facts FROM model WHERE alias = ?1",
    "SELECT name, bytes, sha256 FROM file WHERE model = ? ORDER BY name COLLATE BINARY",
};
static const struct model_query revision_query = {
    "SELECT id, source, revision, main_file, digest, added_ms, facts FROM revision"
    " WHERE alias = ?1 AND state = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3",
    "SELECT name, bytes, sha256 FROM revision_file WHERE revision = ? ORDER BY name COLLATE BINARY",
};

/* Later parameters than a query has are not bound, which is no fault. */
static enum status find_model(struct registry_db *db, const struct model_query *q,
                              const char *alias, int state, size_t skip, struct registry_model *ret,
                              struct error *err)
{
    sqlite3_stmt *s = NULL;
    struct registry_model m = { .file_count = 0 };
    bool row = false;
    int64_t id = 0;
    arena_init(&m.arena, ARENA_BYTES_MAX);
    m.alias = arena_copy_text(&m.arena, alias, strlen(alias));
    enum status st = prepare(db, q->model, &s, err);
    if (!st) {
        bind_text(s, 1, alias);
        sqlite3_bind_int(s, 2, state);
        sqlite3_bind_int64(s, 3, (int64_t)skip);
        st = step(db, s, &row, err);
    }
    if (!st && !row) st = error_set(err, STATUS_NOT_FOUND, "there is no model \"%.128s\"", alias);
    if (!st) {
        id = sqlite3_column_int64(s, 0);
        st = read_model_row(db, s, &m, err);
    }
    /* While `s` stands at its row the connection sees one state of the registry: files and row belong together. */
    if (!st) st = read_files(db, q->files, id, &m, err);
    sqlite3_finalize(s);
    if (st) arena_release(&m.arena);
    else *ret = m;
    return st;
}

enum status db_find_model(struct registry_db *db, const char *alias, struct registry_model *ret,
                          struct error *err)
{
    return find_model(db, &model_query, alias, 0, 0, ret, err);
}

enum status db_find_revision(struct registry_db *db, const char *alias, enum db_revision state,
                             size_t skip, struct registry_model *ret, struct error *err)
{
    return find_model(db, &revision_query, alias, (int)state, skip, ret, err);
}

static enum status read_former(struct registry_db *db, sqlite3_stmt *s, struct arena *a,
                               struct registry_former *ret, struct error *err)
{
    ret->source = column_text(a, s, 0);
    ret->revision = column_text(a, s, 1);
    ret->added_ms = sqlite3_column_int64(s, 3);
    ret->replaced_ms = sqlite3_column_int64(s, 4);
    ret->file_count = (size_t)sqlite3_column_int64(s, 5);
    ret->bytes = (uint64_t)sqlite3_column_int64(s, 6);
    if (!ret->source) return error_set(err, STATUS_NO_MEMORY, "no memory for former revisions");
    if (!column_bytes(s, 2, ret->digest, SHA256_BYTES))
        return damaged(db, "a former revision has no digest", err);
    return STATUS_OK;
}

enum status db_formers(struct registry_db *db, const char *alias, struct registry_formers *ret,
                       struct error *err)
{
    struct registry_formers f = { .count = 0 };
    sqlite3_stmt *s = NULL;
    bool row = true;
    arena_init(&f.arena, ARENA_BYTES_MAX);
    f.list = arena_array(&f.arena, REGISTRY_FORMERS_MAX, sizeof *f.list);
    enum status st = prepare(db,
                             "SELECT source, revision.revision, digest, added_ms, replaced_ms,"
                             " count(name), coalesce(sum(bytes), 0) FROM revision"
                             " LEFT JOIN revision_file ON revision_file.revision = revision.id"
                             " WHERE alias = ? AND state = 0 GROUP BY id ORDER BY id DESC",
                             &s, err);
    if (!st && !f.list) st = error_set(err, STATUS_NO_MEMORY, "no memory for former revisions");
    if (!st) bind_text(s, 1, alias);
    while (!st && f.count < REGISTRY_FORMERS_MAX && !(st = step(db, s, &row, err)) && row)
        st = read_former(db, s, &f.arena, &f.list[f.count++], err);
    sqlite3_finalize(s);
    if (st) registry_formers_release(&f);
    else *ret = f;
    return st;
}

enum status db_forget_revisions(struct registry_db *db, const char *alias, enum db_revision state,
                                struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(
        db, "DELETE FROM revision WHERE state = ?1 AND (?2 IS NULL OR alias = ?2)", &s, err);
    if (!st) {
        sqlite3_bind_int(s, 1, (int)state);
        bind_text(s, 2, alias);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

enum status db_forget_revision(struct registry_db *db, const char *alias,
                               const uint8_t digest[SHA256_BYTES], struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, "DELETE FROM revision WHERE alias = ? AND digest = ?", &s, err);
    if (!st) {
        bind_text(s, 1, alias);
        bind_bytes(s, 2, digest, SHA256_BYTES);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

enum status db_remove_model(struct registry_db *db, const char *alias, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, "DELETE FROM model WHERE alias = ?", &s, err);
    if (!st) {
        bind_text(s, 1, alias);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

static enum status collect_aliases(struct registry_db *db, sqlite3_stmt *s, char **list,
                                   size_t count, struct error *err)
{
    bool row = true;
    size_t n = 0;
    enum status st = STATUS_OK;
    while (!(st = step(db, s, &row, err)) && row && n < count) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        list[n] = text ? mem_copy_text(text, strlen(text)) : NULL;
        if (!list[n++]) return error_set(err, STATUS_NO_MEMORY, "no memory for the list of models");
    }
    return st;
}

static enum status count_models(struct registry_db *db, size_t *ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum status st = prepare(db, "SELECT count(*) FROM model", &s, err);
    if (!st) st = step(db, s, &row, err);
    int64_t count = row ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    if (!st && count > ALIASES_MAX)
        st = error_set(err, STATUS_LIMIT, "%s holds more than %d models", db->path, ALIASES_MAX);
    if (!st) *ret = (size_t)count;
    return st;
}

enum status db_aliases(struct registry_db *db, char ***ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    size_t count = 0;
    enum status st = count_models(db, &count, err);
    if (st) return st;
    char **list = mem_array(count + 1, sizeof *list);
    if (!list) return error_set(err, STATUS_NO_MEMORY, "no memory for the list of models");
    st = prepare(db, "SELECT alias FROM model ORDER BY alias COLLATE BINARY", &s, err);
    if (!st) st = collect_aliases(db, s, list, count, err);
    sqlite3_finalize(s);
    if (st) registry_aliases_free(list);
    else *ret = list;
    return st;
}

enum status db_is_used(struct registry_db *db, const uint8_t digest[SHA256_BYTES], bool *ret,
                       struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db,
                             "SELECT 1 FROM file WHERE sha256 = ?1 UNION ALL"
                             " SELECT 1 FROM revision_file WHERE sha256 = ?1 LIMIT 1",
                             &s, err);
    if (!st) {
        bind_bytes(s, 1, digest, SHA256_BYTES);
        st = step(db, s, ret, err);
    }
    sqlite3_finalize(s);
    return st;
}

/* ---- pairs of bytes ---- */

static enum status put_pair(struct registry_db *db, const char *sql, const void *key,
                            size_t key_len, const void *value, size_t value_len, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, sql, &s, err);
    if (!st) {
        bind_bytes(s, 1, key, key_len);
        bind_bytes(s, 2, value, value_len);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

static enum status find_pair(struct registry_db *db, const char *sql, const void *key,
                             size_t key_len, void *ret, size_t len, bool *ret_found,
                             struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum status st = prepare(db, sql, &s, err);
    if (!st) {
        bind_bytes(s, 1, key, key_len);
        st = step(db, s, &row, err);
    }
    if (!st) *ret_found = row && column_bytes(s, 0, ret, len);
    sqlite3_finalize(s);
    return st;
}

enum status db_put_blob(struct registry_db *db, const uint8_t digest[SHA256_BYTES],
                        const uint8_t seal[SHA256_BYTES], struct error *err)
{
    return put_pair(db, "INSERT OR REPLACE INTO blob VALUES (?, ?)", digest, SHA256_BYTES, seal,
                    SHA256_BYTES, err);
}

enum status db_find_blob(struct registry_db *db, const uint8_t digest[SHA256_BYTES],
                         uint8_t ret[SHA256_BYTES], bool *ret_found, struct error *err)
{
    return find_pair(db, "SELECT seal FROM blob WHERE sha256 = ?", digest, SHA256_BYTES, ret,
                     SHA256_BYTES, ret_found, err);
}

enum status db_forget_blob(struct registry_db *db, const uint8_t digest[SHA256_BYTES],
                           struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, "DELETE FROM blob WHERE sha256 = ?", &s, err);
    if (!st) {
        bind_bytes(s, 1, digest, SHA256_BYTES);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

enum status db_put_pending(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                           const struct db_sealed *what, struct error *err)
{
    return put_pair(db, "INSERT OR REPLACE INTO pending VALUES (?, ?)", identity,
                    FILE_IDENTITY_BYTES, what, sizeof *what, err);
}

enum status db_find_pending(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                            struct db_sealed *ret, bool *ret_found, struct error *err)
{
    return find_pair(db, "SELECT sealed FROM pending WHERE identity = ?", identity,
                     FILE_IDENTITY_BYTES, ret, sizeof *ret, ret_found, err);
}

enum status db_clear_pending(struct registry_db *db, struct error *err)
{
    return run(db, "DELETE FROM pending", err);
}

enum status db_put_seen(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                        const struct db_sealed *what, struct error *err)
{
    return put_pair(db, "INSERT OR REPLACE INTO seen VALUES (?, ?)", identity, FILE_IDENTITY_BYTES,
                    what, sizeof *what, err);
}

enum status db_find_seen(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                         struct db_sealed *ret, bool *ret_found, struct error *err)
{
    return find_pair(db, "SELECT sealed FROM seen WHERE identity = ?", identity,
                     FILE_IDENTITY_BYTES, ret, sizeof *ret, ret_found, err);
}

enum status db_clear_seen(struct registry_db *db, struct error *err)
{
    return run(db, "DELETE FROM seen", err);
}

/* ---- notes ---- */

enum status db_put_note(struct registry_db *db, const char *alias, int kind, struct span text,
                        const uint8_t seal[SHA256_BYTES], struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, "INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)", &s, err);
    if (!st) {
        bind_text(s, 1, alias);
        sqlite3_bind_int(s, 2, kind);
        bind_bytes(s, 3, text.data, text.len);
        bind_bytes(s, 4, seal, SHA256_BYTES);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

enum status db_find_note(struct registry_db *db, const char *alias, int kind, struct buf *out,
                         uint8_t ret_seal[SHA256_BYTES], bool *ret_found, struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum status st =
        prepare(db, "SELECT text, seal FROM note WHERE alias = ? AND kind = ?", &s, err);
    if (!st) {
        bind_text(s, 1, alias);
        sqlite3_bind_int(s, 2, kind);
        st = step(db, s, &row, err);
    }
    if (!st) *ret_found = row && column_bytes(s, 1, ret_seal, SHA256_BYTES);
    if (!st && *ret_found) {
        const void *text = sqlite3_column_blob(s, 0);
        buf_append(out, text ? text : "", (size_t)sqlite3_column_bytes(s, 0));
        st = buf_check(out, "a note of the registry", err);
    }
    sqlite3_finalize(s);
    return st;
}

enum status db_forget_notes(struct registry_db *db, const char *alias, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, "DELETE FROM note WHERE alias = ?", &s, err);
    if (!st) {
        bind_text(s, 1, alias);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

/* ---- what locks may lack ---- */

static enum status change_unsettled(struct registry_db *db, const char *sql,
                                    const struct db_unsettled *u, struct error *err)
{
    sqlite3_stmt *s = NULL;
    enum status st = prepare(db, sql, &s, err);
    if (!st) {
        bind_text(s, 1, u->alias);
        bind_text(s, 2, u->lock_path);
        sqlite3_bind_int64(s, 3, (int64_t)u->entry);
        st = step_once(db, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

enum status db_put_unsettled(struct registry_db *db, const struct db_unsettled *u,
                             struct error *err)
{
    return change_unsettled(db, "INSERT OR REPLACE INTO unsettled VALUES (?1, ?2, ?3)", u, err);
}

enum status db_forget_unsettled(struct registry_db *db, const struct db_unsettled *u,
                                struct error *err)
{
    return change_unsettled(
        db, "DELETE FROM unsettled WHERE alias = ?1 AND lock_path = ?2 AND entry = ?3", u, err);
}

static bool column_fits(sqlite3_stmt *s, int at, char *ret, size_t ret_bytes)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    size_t len = text ? (size_t)sqlite3_column_bytes(s, at) : ret_bytes;
    if (len >= ret_bytes) return false;
    memcpy(ret, text, len);
    ret[len] = 0;
    return true;
}

enum status db_find_unsettled(struct registry_db *db, struct db_unsettled *ret, bool *ret_found,
                              struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum status st = prepare(db, "SELECT alias, lock_path, entry FROM unsettled LIMIT 1", &s, err);
    if (!st) st = step(db, s, &row, err);
    if (!st && row &&
        (!column_fits(s, 0, ret->alias, sizeof ret->alias) ||
         !column_fits(s, 1, ret->lock_path, sizeof ret->lock_path) ||
         sqlite3_column_int64(s, 2) < 0))
        st = damaged(db, "a lock to be written has no name", err);
    if (!st && row) ret->entry = (uint64_t)sqlite3_column_int64(s, 2);
    sqlite3_finalize(s);
    if (!st) *ret_found = row;
    return st;
}

enum status db_check(struct registry_db *db, struct error *err)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum status st = prepare(db, "PRAGMA quick_check(1)", &s, err);
    if (!st) st = step(db, s, &row, err);
    const char *words = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (!st && (!words || strcmp(words, "ok") != 0))
        st = damaged(db, words ? words : "it cannot be checked", err);
    sqlite3_finalize(s);
    return st;
}