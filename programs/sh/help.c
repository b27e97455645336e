/* help; contract in help.h. What a program of ours is for is the first line of its source. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include <byre/gen/names.h>
#include <byre/gen/proc_client.h>
#include <byre/program.h>

static const char about_shell[] = "Commands are joined by ; && || and &, which does not wait. "
                                  "Words: 'as it is', \"with $?\", \\c.\n"
                                  "^C ends the command in the foreground, ^D the input.\n";

struct about {
    const char *name;
    const char *text;
};

static const struct about own[] = {
    {"exit [STATUS]", "leave the shell; leaving the first one powers off"},
    {"help", "this"},
    {"wait", "wait until nothing runs in the background"},
};

static const struct about programs[] = {
#include <byre/gen/programs.inc>
};

static void help_line(const char *name, const char *text)
{
    if (text == NULL) {
        printf("  %s\n", name);
    } else {
        printf("  %-13s %s\n", name, text);
    }
}

/* NULL: it is not one of ours. */
static const char *help_about(const char *name)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (strcmp(programs[i].name, name) == 0) {
            return programs[i].text;
        }
    }
    return NULL;
}

int help_print(void)
{
    static const char folder[] = "bin/";
    uint64_t position = 0, mode, bytes, name[4];
    err_t error;

    fputs(about_shell, stdout);
    printf("Its own commands:\n");
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        help_line(own[i].name, own[i].text);
    }
    printf("Programs:\n");
    while ((error = proc_member(PROGRAM_SLOT_PROC, position, &position, &mode, &bytes, &name[0],
                                &name[1], &name[2], &name[3])) == ERR_OK) {
        char path[sizeof(name) + 1] = {0};
        memcpy(path, name, sizeof(name));
        if (strncmp(path, folder, sizeof(folder) - 1) == 0 && path[sizeof(folder) - 1] != '\0') {
            help_line(path + sizeof(folder) - 1, help_about(path + sizeof(folder) - 1));
        }
    }
    if (error != PROC_ERR_NOENT) {
        fprintf(stderr, "sh: help: %s\n", err_name(error));
        return 1;
    }
    return 0;
}
