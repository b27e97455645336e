/* hog: take memory until it is refused, or so many MiB.
 * It writes to every page, and holds them for so many seconds. To be refused is what it is for, so
 * that is success; to be killed is not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PIECE_PAGES_MAX = 256, MIB_PAGES = 256 };

/* Pages taken, in ever smaller pieces once a piece is refused. */
static unsigned long take(unsigned long limit_pages)
{
    unsigned long taken = 0;
    size_t piece = PIECE_PAGES_MAX;
    while (taken < limit_pages && piece > 0) {
        size_t pages = piece < limit_pages - taken ? piece : limit_pages - taken;
        char *memory =
            mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            if (errno != ENOMEM && errno != EAGAIN) {
                fprintf(stderr, "hog: %s\n", strerror(errno));
                exit(1);
            }
            piece /= 2;
            continue;
        }
        for (size_t i = 0; i < pages; i++) {
            memory[i * PAGE] = (char)(taken + i);
        }
        taken += pages;
    }
    return taken;
}

int main(int argc, char **argv)
{
    unsigned long limit = argc > 1 ? strtoul(argv[1], NULL, 10) * MIB_PAGES : 0;
    unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned long taken = take(limit != 0 ? limit : ~0ul);
    printf("hog: %lu KiB taken and written, %s\n", taken * (PAGE / 1024),
           limit != 0 && taken == limit ? "as asked" : "then refused");
    sleep(seconds);
    return 0;
}
