/* A line of the shell, taken apart: commands and what joins them. Pure but for memory.
 *
 *   line     = command { joint command } [ ";" | "&" ]
 *   joint    = ";" | "&" | "&&" | "||"
 *   command  = word { word }
 *
 * '...' keeps everything, "..." all but \" \\ and $?, a backslash keeps the next character; $? is
 * the last command's status; # at the beginning of a word begins a comment. A joint says what comes
 * after its command: "&" does not wait for it.
 */
#ifndef SH_LINE_H
#define SH_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum joint { JOINT_END, JOINT_THEN, JOINT_BACKGROUND, JOINT_AND, JOINT_OR };

struct command {
    char **words; /* ends with NULL */
    size_t count;
    enum joint joint; /* what follows it */
};

struct line {
    struct command *commands;
    size_t count;
};

/* What is wrong with the text; NULL: nothing, and line_out is to be freed. */
const char *line_parse(const char *text, struct line *line_out);
/* Put the status where $? stands, just before the command runs. False: out of memory. */
[[nodiscard]] bool line_expand(struct command *command, int last_status);
void line_free(struct line *line);

#endif
