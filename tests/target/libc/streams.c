/* test: MEM=64M RUN="streams; streams flushed; memaudit" */
/* expect: (?m)^ok 1 - bulk writes go out whole$ */
/* expect: the last words, without a newline */
/* expect: from an exit handler */
/* expect: from a destructor */
/* expect: through fdopen 3\.25 */
/* stdio over the console: floats, bulk, several FILEs, all of it flushed at exit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/tap.h"

enum { BULK = 6000 };

static int constructed = 1;

__attribute__((constructor(200))) static void construct_first(void)
{
    constructed = constructed == 1 ? 2 : 0;
}

__attribute__((constructor)) static void construct_then(void)
{
    constructed = constructed == 2 ? 3 : 0;
}

static void at_exit(void)
{
    printf("# from an exit handler\n# ");
}

__attribute__((destructor)) static void destroy(void)
{
    if (getenv("NOTHING") == NULL) {
        printf("from a destructor, ");
    }
}

/* The second run: no check, only what exit does. */
static int leave_unflushed(void)
{
    atexit(at_exit);
    FILE *other = fdopen(dup(1), "w");
    fprintf(other, "# through fdopen %g\n", 3.25);
    printf("# the last words, without a newline\n");
    return 0;
}

static bool formats(const char *expected, const char *format, double value)
{
    char text[64];
    snprintf(text, sizeof(text), format, value);
    if (strcmp(text, expected) != 0) {
        note("'%s' is not '%s'", text, expected);
    }
    return strcmp(text, expected) == 0;
}

static int bulk_child(void *bulk)
{
    return write(1, bulk, BULK) == BULK ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "flushed") == 0) {
        return leave_unflushed();
    }
    static char bulk[BULK];
    for (int i = 0; i < BULK; i++) {
        bulk[i] = i % 60 == 59 ? '\n' : i % 60 == 0 ? '#' : (char)('a' + i / 60 % 26);
    }
    check(write(1, bulk, BULK) == BULK, "bulk writes go out whole");
    check(constructed == 3, "constructors ran before main, in their order");
    check(exits_with(child(bulk_child, bulk), 0), "a child writes bulk through its own buffer");
    check(write(1, bulk, 600) == 600, "and the parent through its own afterwards");
    check(formats("3.141593", "%f", 3.14159265) && formats("1e+100", "%g", 1e100) &&
              formats("   -0.500", "%9.3f", -0.5) && formats("inf", "%g", 1e308 * 10),
          "floats are printed");
    double read_back = 0;
    check(sscanf("2.5e3", "%lf", &read_back) == 1 && read_back == 2500, "floats are read");
    check(fflush(NULL) == 0, "everything can be flushed");
    struct stat status;
    check(fstat(1, &status) == 0 && S_ISCHR(status.st_mode) && isatty(0),
          "descriptors are a terminal");
    check(!isatty(9) && errno == EBADF, "others are not: EBADF");
    check(open("/nothing", O_RDONLY) == -1 && errno == ENOENT && fopen("nothing", "r") == NULL,
          "there are no files: ENOENT");
    int copy = dup(1);
    check(copy > 2 && close(copy) == 0 && close(copy) == -1 && errno == EBADF,
          "a descriptor closes once");
    check(lseek(1, 0, SEEK_SET) == -1 && errno == ESPIPE, "a terminal does not seek: ESPIPE");
    return done();
}
