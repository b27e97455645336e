/* test: MEM=64M */
/* A long double prints as the double it is near, and what stands beside it in the same format is
 * not disturbed: in registers and on the stack, with width, precision and stars. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tap.h"

static volatile long double value = 1.25L; /* else the compiler prints it */

static void prints(const char *what, const char *text, const char *expected, int length)
{
    bool good = strcmp(text, expected) == 0 && length == (int)strlen(expected);
    if (!good) {
        note("\"%s\", not \"%s\"", text, expected);
    }
    check(good, "%s", what);
}

int main(void)
{
    char text[200];
    long double x = value;
    volatile size_t room = 4;
    int length = snprintf(text, sizeof(text), "%Lf", x);
    prints("alone", text, "1.250000", length);
    length = snprintf(text, sizeof(text), "%d %Lf %d", 1, x, 7);
    prints("between integers", text, "1 1.250000 7", length);
    length = snprintf(text, sizeof(text), "%f %Lg %s %Le %c", 2.5, x * 2, "word", -x, 'c');
    prints("beside doubles, words and letters", text, "2.500000 2.5 word -1.250000e+00 c", length);
    length = snprintf(text, sizeof(text), "%*d|%-*.*Lf|%+08.2LF|%%|%lld", 5, 3, 9, 2, x * 100, x,
                      1234567890123ll);
    prints("with width, precision and stars", text, "    3|125.00   |+0001.25|%|1234567890123",
           length);
    length = snprintf(text, sizeof(text), "%Lg%Lg%d%Lg%Lg%Lg%Lg%d%Lg%s", x, x + 1, 2, x + 2, x + 3,
                      x + 4, x + 5, 8, x + 6, "!");
    prints("ten arguments, most on the stack", text, "1.252.2523.254.255.256.2587.25!", length);
    length = snprintf(text, sizeof(text), "%Lf %Lf", (long double)INFINITY, x * 1e400L);
    prints("infinity, and what no double holds", text, "inf inf", length);
    length = snprintf(text, room, "%Lf", x);
    check(length == 8 && strcmp(text, "1.2") == 0, "cut at the buffer's end, the length whole");
    length = snprintf(text, sizeof(text), "a Lone L, %d%%, %ld", 5, 6l);
    prints("an L that is no conversion's", text, "a Lone L, 5%, 6", length);
    length = snprintf(text, sizeof(text), "%Lg", strtold("3.25", NULL));
    prints("strtold's", text, "3.25", length);
    return done();
}
