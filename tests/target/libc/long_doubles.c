/* test: MEM=64M */
/* A long double prints as the double it is near and is read as one, and what stands beside it in
 * the same format is not disturbed: in registers and on the stack, with width, precision and
 * stars. */
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

static void is_read(void)
{
    long double x = 9, y = 9, z = 9;
    double d = 0;
    int number = 0, at = 0;
    char word[8] = "", set[8] = "";
    int count =
        sscanf("7 1.25 word 2.5e2 0.5", "%d %Lf %7s %lf%n %Lg", &number, &x, word, &d, &at, &y);
    check(count == 5 && number == 7 && x == 1.25L && strcmp(word, "word") == 0 && d == 250 &&
              at == 17 && y == 0.5L,
          "read among others");
    count = sscanf("1 2 L%]x 12.5", "%*f %Lf %7[]L%]x %4Le", &x, set, &y);
    check(count == 3 && x == 2 && strcmp(set, "L%]") == 0 && y == 12.5L,
          "with width, dropped, behind a set");
    y = 9;
    count = sscanf("3.5 word", "%Lf %Lf %Lf", &x, &y, &z);
    check(count == 1 && x == 3.5L && y == 9 && z == 9, "what is not there is not touched");
    check(sscanf("", "%Lf", &z) == EOF && z == 9, "nor at the end");
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
    is_read();
    return done();
}
