/* test: MEM=64M BOOTARGS="testhooks" RUN="images first; images; images last && memaudit" */
/* A command of the shell begins with the image that the pager made of its program when it ran
 * before, though each begins a tree of its own, for which proc asks what is promised. Between two
 * runs one space is made, the second's; to make an image takes another one. What counts is a hook:
 * an allocation that is to fail, far away. */
#include <string.h>

#include <byre/pager_hook.h>

#include "support/tap.h"

enum { FAR_AWAY = 1000 };

int main(int argc, char **argv)
{
    bool is_first = argc > 1 && strcmp(argv[1], "first") == 0;
    bool is_last = argc > 1 && strcmp(argv[1], "last") == 0;
    uint64_t left = hook(PAGER_HOOK_FAIL_SPACE, is_last ? 0 : FAR_AWAY);
    if (is_first) {
        check(left == 0, "nobody counts yet");
    } else {
        check(left == FAR_AWAY - 1, "one space is made for a program that ran before, not %d",
              FAR_AWAY - (int)left);
    }
    return done();
}
