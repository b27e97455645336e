/* mem: where the memory is.
 * Totals in frames of 4 KiB and in page tables, harts; then, for each process, its pages and the
 * faults that it took, by kind. */
#include <stdio.h>

#include <byre/gen/names.h>

#include "statistics.h"

/* Beyond these the pager estimates instead of counting: what follows from that is marked by ~. */
enum { FRAME_KIB = 4, EXACT_CHUNKS = 64, EXACT_TABLES = 18 };

static void print_frames(const char *what, uint64_t frames)
{
    printf("  %-10s %9lu frames %9lu KiB\n", what, frames, frames * FRAME_KIB);
}

static int print_machine(void)
{
    struct memory_statistics s;
    err_t error = memory_statistics_read(&s);
    if (error != ERR_OK) {
        fprintf(stderr, "mem: %s\n", err_name(error));
        return 1;
    }
    printf("user memory\n");
    print_frames("total", s.frames_total);
    print_frames("free", s.frames_free);
    print_frames("used", s.frames_total - s.frames_free);
    struct memory_kinds k;
    if (memory_kinds_read(&k) == ERR_OK) {
        print_frames("fixed", k.frames_fixed);
        print_frames(k.chunks_user > EXACT_CHUNKS ? "~shared" : "shared",
                     k.frames_shared + k.archive_shared);
        print_frames("- archive", k.archive_shared);
    } else {
        k = (struct memory_kinds){0};
    }
    print_frames("promised", s.frames_promised);
    print_frames("limit", s.frames_limit);
    printf("  zero page  %9lu references\n", s.zero_references);
    printf("tables\n  used %lu, free %lu, promised %lu", s.tables_used, s.tables_free,
           s.tables_promised);
    if (k.chunks_user != 0) {
        printf(" of %lu\nchunks of 2 MiB\n  user %lu, tables %lu, objects %lu", k.tables_limit,
               k.chunks_user, k.chunks_table, k.chunks_object);
    }
    uint64_t harts;
    if (harts_read(&harts) == ERR_OK) {
        printf("\nharts that run: %lu", harts);
    }
    printf("\n");
    return 0;
}

int main(void)
{
    if (print_machine() != 0) {
        return 1;
    }
    printf("processes: pages                             faults\n"
           "  PID resident  private   shared tables    zero    copy   owner   other NAME\n");
    struct process_statistics p = {0};
    while (process_statistics_next(&p) == ERR_OK) {
        struct space_statistics s;
        if (p.space_id == 0 || space_statistics_read(p.space_id, &s) != ERR_OK) {
            printf("%5lu        -        -        -      -       -       -       -       - %s\n",
                   p.pid, p.name);
            continue;
        }
        char mark = s.tables > EXACT_TABLES ? '~' : ' ';
        printf("%5lu%c%8lu %8lu %8lu %6lu %7lu %7lu %7lu %7lu %s\n", p.pid, mark, s.resident_pages,
               s.private_pages, s.shared_pages, s.tables, s.faults_zero, s.faults_copy,
               s.faults_last_owner, s.faults_other, p.name);
    }
    return 0;
}
