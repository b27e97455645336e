/* memaudit: recount the running system's memory; fail if a book is wrong.
 *
 * Holds the pager still, recounts what every frame and table is named by, compares with the pager's
 * counts and the kernel's, lets the pager go on, and prints. With a number it holds the pager so many
 * milliseconds longer (tests let faults queue meanwhile), with a second one it counts so often at most
 * while other servers are at work. Exit status 0: everything agrees; 1:
 * differences, each named in a line; 2: the audit could not be done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <byre/gen/kernel.h>
#include <byre/gen/names.h>
#include <byre/gen/pager_client.h>
#include <byre/program.h>

#include "audit.h"

enum {
    SLOT_HOLD = PROGRAM_SLOT_FREE, /* the endpoint on which the held pager listens */
    SLOT_MEMORY,
    STACK_TOUCH_BYTES = 32 * 1024,
    RECOUNT_TRIES = 100,
    RECOUNT_PAUSE_US = 500,
    KINDS = 6,
};

extern const char __executable_start[];
extern const char _end[];

static struct audit audit;
static unsigned longer_ms; /* to hold the pager */
static unsigned tries_most = RECOUNT_TRIES;

static int fail(const char *what, err_t error)
{
    fprintf(stderr, "memaudit: %s: %s\n", what, err_name(error));
    return 2;
}

/* ------------------------------------------------------------------------------ the hold */

static err_t hold(void)
{
    uint64_t first;
    uint64_t total;
    uint64_t records;
    uint64_t records_bytes;
    uint64_t window;
    err_t error = pager_audit_begin(PROGRAM_SLOT_AUDIT, &first, &total, &records, &records_bytes,
                                    &window, SLOT_HOLD);
    audit.window = (const uint8_t *)window;
    audit.records = (const struct pager_records *)records;
    return error;
}

static err_t let_go(void)
{
    err_t error = pager_audit_end(SLOT_HOLD);
    (void)!byre_cap_delete(0, SLOT_HOLD);
    return error;
}

/* How much there is to count, from a first short hold. */
static err_t measure(void)
{
    err_t error = hold();
    if (error != ERR_OK) {
        return error;
    }
    audit.first_frame = audit.records->first_frame;
    audit.frame_count = (uint64_t)audit.records->chunk_count * CHUNK_PAGES;
    uint32_t version = audit.records->version;
    error = let_go();
    return version == PAGER_RECORDS_VERSION ? error : ERR_UNSUPPORTED;
}

/* Anew: all counts. */
static void clear(void)
{
    memset(audit.references, 0, audit.frame_count * sizeof(*audit.references));
    memset(audit.valid_references, 0, audit.frame_count * sizeof(*audit.valid_references));
    memset(audit.owners, 0, audit.frame_count * sizeof(*audit.owners));
    memset(audit.finding, 0, sizeof(audit.finding));
    memset(&audit.totals, 0, sizeof(audit.totals));
    memset(audit.server, 0, sizeof(audit.server));
    audit.findings = 0;
    audit.kernel_half_root = 0;
}

static void *touched(uint64_t count, uint64_t bytes_each)
{
    void *memory =
        mmap(NULL, count * bytes_each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("memaudit");
        exit(2);
    }
    return memset(memory, 0, count * bytes_each);
}

/* V2: from here on every page of this program that the audit needs is there. */
static void touch_everything(void)
{
    volatile char stack[STACK_TOUCH_BYTES];
    for (size_t i = 0; i < sizeof(stack); i += PAGE_BYTES) {
        stack[i] = 0;
    }
    for (const volatile char *p = __executable_start; p < _end; p += PAGE_BYTES) {
        (void)*p;
    }
    audit.chunks = touched(audit.frame_count / CHUNK_PAGES, sizeof(struct chunk_view));
    audit.references = touched(audit.frame_count, sizeof(uint32_t));
    audit.valid_references = touched(audit.frame_count, sizeof(uint32_t));
    audit.owners = touched(audit.frame_count, sizeof(uint8_t));
    audit.pages = touched(CHUNK_PAGES, sizeof(struct object_page));
    clear();
}

/* ------------------------------------------------------------------------------ the kernel */

static bool query_objects(uint64_t page, struct object_page *out)
{
    return byre_object_info(SLOT_MEMORY, page, &out->class_bytes, &out->live_slots,
                            &out->chunk_live_pages) == ERR_OK;
}

static void ask_chunks(void)
{
    for (uint64_t i = 0; i < audit.frame_count / CHUNK_PAGES; i++) {
        uint64_t kind;
        uint64_t used;
        err_t error =
            byre_memory_info(SLOT_MEMORY, audit.first_frame + i * CHUNK_PAGES, &kind, &used);
        audit.chunks[i].kind = (uint8_t)(error == ERR_OK ? kind : KIND_FIRMWARE);
        audit.chunks[i].used = (uint16_t)(error == ERR_OK ? used : 0);
    }
}

/* Not a word to anybody in here. *settled_out: all books held still. */
static err_t recount(bool *settled_out)
{
    *settled_out = false;
    err_t error = hold();
    if (error != ERR_OK) {
        return error;
    }
    error = pager_audit_memory(SLOT_HOLD, SLOT_MEMORY);
    if (error == ERR_OK) {
        ask_chunks();
        audit_owners(&audit);
        /* First what others than the pager can change: once one waits for the pager amid a request,
         * it does so until the end of the hold. */
        *settled_out = audit_objects(&audit, query_objects);
        if (*settled_out) {
            audit_tables(&audit);
            audit_slots(&audit);
            audit_counts(&audit);
            audit_spaces(&audit);
        }
        (void)!byre_cap_delete(0, SLOT_MEMORY);
    }
    if (longer_ms != 0 && *settled_out) {
        usleep(longer_ms * 1000);
    }
    err_t end = let_go();
    return error != ERR_OK ? error : end;
}

/* Proc may have been in the midst of a request when the pager was held: then it goes on, and all is
 * counted anew. */
static err_t recount_settled(void)
{
    bool settled = false;
    err_t error = ERR_OK;
    for (unsigned tries = 0; error == ERR_OK && !settled && tries < tries_most; tries++) {
        if (tries > 0) {
            usleep(RECOUNT_PAUSE_US);
            clear();
        }
        error = recount(&settled);
    }
    return error == ERR_OK && !settled ? ERR_BUSY : error;
}

/* ------------------------------------------------------------------------------ the report */

static void print_objects(const struct audit_totals *t)
{
    printf("objects   %lu live: %lu of spaces", t->objects, t->objects_of_spaces);
    for (unsigned i = 0; i < PAGER_BOOKS_MAX; i++) {
        if (audit.server[i][0] != '\0') {
            printf(", %lu of %s", t->objects_of[i], audit.server[i]);
        }
    }
    printf("\n");
}

static void print_totals(const struct audit_totals *t)
{
    printf("frames    %lu used, %lu free, %lu shared; %lu entries, %lu slots of shared memory\n",
           t->frames_used, t->frames_free, t->frames_shared, t->entries_leaf, t->slots);
    printf("tables    %lu roots, %lu middle, %lu leaf, %lu free; named by %lu valid and %lu lazy "
           "entries\n",
           t->tables[TABLE_LEVEL_ROOT], t->tables[TABLE_LEVEL_MIDDLE], t->tables[TABLE_LEVEL_LEAF],
           t->tables_free, t->entries_valid, t->entries_lazy);
    printf("entries   %lu of 2 MiB, %lu of devices, %lu hidden, %lu of init and the pager\n",
           t->entries_chunk, t->entries_device, t->entries_hidden, t->entries_system);
    printf("spaces    %lu with %lu regions; rights of %lu pages\n", t->spaces, t->regions,
           t->pages_checked);
    print_objects(t);
    printf("chunks   ");
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (t->chunks[kind] != 0) {
            printf(" %lu %s", t->chunks[kind], kind_name(kind));
        }
    }
    printf("\n");
}

static int report(void)
{
    print_totals(&audit.totals);
    unsigned shown = audit.findings < FINDINGS_MAX ? audit.findings : FINDINGS_MAX;
    for (unsigned i = 0; i < shown; i++) {
        printf("DIFFERENCE %s\n", audit.finding[i]);
    }
    if (audit.findings > shown) {
        printf("and %u more\n", audit.findings - shown);
    }
    printf("memaudit: %s\n", audit.findings == 0 ? "the books agree" : "THE BOOKS DO NOT AGREE");
    return audit.findings == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    longer_ms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    tries_most = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : RECOUNT_TRIES;
    err_t error = measure();
    if (error != ERR_OK) {
        return fail("the pager does not let me look", error);
    }
    touch_everything();
    error = recount_settled();
    if (error == ERR_BUSY && audit.moved < PAGER_BOOKS_MAX) {
        fprintf(stderr,
                "memaudit: counted %u times, and each time %s was amid a request: try again\n",
                tries_most, audit.server[audit.moved]);
        return 2;
    }
    if (error != ERR_OK) {
        return fail("the audit was cut short", error);
    }
    return report();
}
