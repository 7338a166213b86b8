/* Files: mappings, ceilings, writes that replace all or nothing, full disks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/file.h"

static char folder[] = "/tmp/hearth-test-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int at;
    char *path = paths[at++ % 4];
    assert_true(file_join(path, sizeof paths[0], folder, name));
    return path;
}

static int make_folder(void **state)
{
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char **names;
    size_t count;
    if (file_list(&names, &count, folder, NULL)) return -1;
    for (size_t i = 0; i < count; i++)
        if (unlink(in_folder(names[i])) != 0) rmdir(in_folder(names[i]));
    file_list_free(names, count);
    return rmdir(folder);
}

static void writes_then_reads(void **state)
{
    struct error err;
    const char *path = in_folder("a.txt");
    assert_int_equal(file_write(path, "old content", 11, &err), 0);
    assert_int_equal(file_write(path, "new", 3, &err), 0);
    struct buf b = BUF_INIT(3);
    assert_int_equal(file_read(&b, path, &err), 0);
    assert_string_equal(b.data, "new");
    buf_release(&b);
    struct buf small = BUF_INIT(2);
    assert_int_equal(file_read(&small, path, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "limit of 2 bytes"));
    buf_release(&small);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
}

static void maps(void **state)
{
    struct error err;
    struct file_map m;
    const char *path = in_folder("map.bin");
    assert_int_equal(file_write(path, "0123456789", 10, &err), 0);
    assert_int_equal(file_map_path(&m, path, &err), 0);
    assert_int_equal(m.len, 10);
    assert_memory_equal(m.data, "0123456789", 10);
    file_will_need(&m, 0, 10);
    file_will_need(&m, 5, SIZE_MAX);
    file_dont_need(&m, 100, 1);
    assert_true(file_still_whole(&m));
    assert_int_equal(truncate(path, 9), 0);
    assert_false(file_still_whole(&m));
    file_unmap(&m);
    assert_null(m.data);
    file_unmap(&m);

    assert_int_equal(file_write(path, "", 0, &err), 0);
    assert_int_equal(file_map_path(&m, path, &err), 0);
    assert_true(m.len == 0 && m.data == NULL);
    file_unmap(&m);
    struct file_map zeroed = { 0 };
    file_unmap(&zeroed);
}

static void refuses_what_is_not_a_file(void **state)
{
    struct error err;
    struct file_map m = { 0 };
    struct buf b = BUF_INIT(10);
    assert_int_equal(file_map_path(&m, in_folder("missing"), &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "missing: No such file"));
    assert_int_equal(file_map_path(&m, folder, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(file_map_path(&m, "/dev/zero", &err), STATUS_BAD_INPUT);
    const char *fifo = in_folder("fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(file_map_path(&m, fifo, &err), STATUS_BAD_INPUT); /* and does not wait */
    assert_int_equal(file_read(&b, folder, &err), STATUS_BAD_INPUT);
    assert_int_equal(file_read(&b, in_folder("missing"), &err), STATUS_NOT_FOUND);
    assert_int_equal(file_read(&b, "/dev/zero", &err), STATUS_LIMIT);
    assert_int_equal(file_write(folder, "x", 1, &err), STATUS_BAD_INPUT);
    assert_int_equal(file_write(in_folder("no/such/folder"), "x", 1, &err), STATUS_NOT_FOUND);
    buf_release(&b);
    assert_int_equal(file_kind(folder), FILE_FOLDER);
    assert_int_equal(file_kind("/dev/null"), FILE_OTHER);
    assert_int_equal(file_kind(in_folder("missing")), FILE_MISSING);
}

static void full_disk_is_an_error(void **state)
{
    struct error err;
    if (file_kind("/dev/full") != FILE_OTHER) {
        fixture_skip(__FILE__, __LINE__, "/dev/full");
        return;
    }
    assert_int_equal(file_write("/dev/full", "x", 1, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "/dev/full: No space left on device"));
    struct file_out *f;
    assert_int_equal(file_out_open(&f, "/dev/full", &err), 0);
    assert_int_equal(file_out_write(f, "x", 1, &err), STATUS_IO);
    assert_int_equal(file_out_commit(f, &err), STATUS_IO); /* also for who did not look */
    assert_int_equal(file_kind("/dev/full"), FILE_OTHER);
}

static size_t names_in_folder(void)
{
    char **names;
    size_t count;
    assert_int_equal(file_list(&names, &count, folder, NULL), 0);
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(names[i - 1], names[i]) < 0);
    file_list_free(names, count);
    return count;
}

static void an_abandoned_write_leaves_the_old(void **state)
{
    struct error err;
    const char *path = in_folder("keep.txt");
    assert_int_equal(file_write(path, "old", 3, &err), 0);
    size_t count = names_in_folder();
    struct file_out *f;
    assert_int_equal(file_out_open(&f, path, &err), 0);
    assert_int_equal(file_out_write(f, "half of the n", 13, &err), 0);
    assert_int_equal(names_in_folder(), count + 1);
    file_out_abandon(f);
    file_out_abandon(NULL);
    assert_int_equal(names_in_folder(), count);
    struct buf b = BUF_INIT(100);
    assert_int_equal(file_read(&b, path, &err), 0);
    assert_string_equal(b.data, "old");
    buf_release(&b);
}

static void a_link_stays_a_link(void **state)
{
    struct error err;
    struct stat st;
    const char *target = in_folder("target"), *name = in_folder("link");
    assert_int_equal(file_write(target, "1", 1, &err), 0);
    assert_int_equal(symlink(target, name), 0);
    assert_int_equal(file_write(name, "22", 2, &err), 0);
    assert_int_equal(lstat(name, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 2);
}

static void joins_paths(void **state)
{
    char out[8];
    assert_true(file_join(out, sizeof out, "a", "b"));
    assert_string_equal(out, "a/b");
    assert_true(file_join(out, sizeof out, "a/", "b"));
    assert_string_equal(out, "a/b");
    assert_true(file_join(out, sizeof out, "abc", "def"));
    assert_false(file_join(out, sizeof out, "abc", "defg"));
    char **names = NULL;
    size_t count = 0;
    struct error err;
    assert_int_equal(file_list(&names, &count, in_folder("missing"), &err), STATUS_NOT_FOUND);
    assert_null(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_then_reads),
        cmocka_unit_test(maps),
        cmocka_unit_test(refuses_what_is_not_a_file),
        cmocka_unit_test(full_disk_is_an_error),
        cmocka_unit_test(an_abandoned_write_leaves_the_old),
        cmocka_unit_test(a_link_stays_a_link),
        cmocka_unit_test(joins_paths),
    };
    return cmocka_run_group_tests_name("file", tests, make_folder, remove_folder);
}
