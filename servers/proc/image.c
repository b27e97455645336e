/* Program images; contract in image.h. */
#include "image.h"

#include <string.h>

#include <byre/gen/proc.h>
#include <byre/table.h>

enum { IMAGES_CACHED = 64 };

static struct {
    const char *archive;
    uint64_t bytes;
    struct image cache[IMAGES_CACHED];
} images;

/* Programs that hold more than every program: they read the pager's records and the counters. */
static const char *const auditors[] = {"bin/memaudit", "bin/mem", "bin/bench"};

void image_archive_set(const void *archive, uint64_t bytes)
{
    images.archive = archive;
    images.bytes = bytes;
}

err_t image_next_file(uint64_t *position, struct cpio_member *member_out)
{
    return cpio_next(images.archive, images.bytes, position, member_out) == CPIO_MEMBER
               ? ERR_OK
               : PROC_ERR_NOENT;
}

static struct image *image_place(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    }
    return &images.cache[hash % IMAGES_CACHED];
}

static err_t image_read(struct image *image, const char *name)
{
    struct cpio_member member;

    if (cpio_find(images.archive, images.bytes, name, &member) != CPIO_MEMBER) {
        return PROC_ERR_NOENT;
    }
    uint64_t offset = (uint64_t)((const char *)member.data - images.archive);
    if (offset % PAGE_BYTES != 0) {
        return PROC_ERR_NOEXEC;
    }
    struct load_plan plan;
    if (load_plan_make(member.data, member.bytes, offset / PAGE_BYTES, &plan) != ERR_OK) {
        return PROC_ERR_NOEXEC;
    }
    memset(image, 0, sizeof(*image));
    strcpy(image->name, name);
    const char *slash = strrchr(name, '/');
    strncpy(image->program, slash == NULL ? name : slash + 1, sizeof(image->program) - 1);
    image->plan = plan;
    for (unsigned i = 0; i < sizeof(auditors) / sizeof(auditors[0]); i++) {
        image->auditor = image->auditor || strcmp(name, auditors[i]) == 0;
    }
    return ERR_OK;
}

err_t image_find(const char *path, struct image **image_out)
{
    const char *name = path[0] == '/' ? path + 1 : path;
    if (name[0] == '\0' || strnlen(name, IMAGE_NAME_BYTES) == IMAGE_NAME_BYTES) {
        return PROC_ERR_NOENT;
    }
    struct image *image = image_place(name);
    if (strcmp(image->name, name) != 0) {
        err_t error = image_read(image, name);
        if (error != ERR_OK) {
            return error;
        }
    }
    *image_out = image;
    return ERR_OK;
}
