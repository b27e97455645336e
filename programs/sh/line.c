/* Lines of the shell; contract in line.h. */
#include "line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "out of memory";

enum { STATUS_MARK = 1, STATUS_DIGITS = 12 }; /* the byte that stands for $? until line_expand */

struct parser {
    const char *at;
    const char *error;
    char *word; /* being read; NULL: none */
    size_t word_bytes;
    size_t word_room;
    struct line line;
    bool in_command; /* the last command may get more words */
};

/* ----------------------------------------------------------------------------- building */

static void parser_add_char(struct parser *parser, char c)
{
    if (parser->word_bytes + 1 >= parser->word_room) {
        size_t room = parser->word_room == 0 ? 32 : 2 * parser->word_room;
        char *word = realloc(parser->word, room);
        if (word == NULL) {
            parser->error = no_memory;
            return;
        }
        parser->word = word;
        parser->word_room = room;
    }
    parser->word[parser->word_bytes++] = c;
    parser->word[parser->word_bytes] = '\0';
}

/* An empty word is a word ('' or ""). */
static void parser_begin_word(struct parser *parser)
{
    if (parser->word == NULL) {
        parser_add_char(parser, '\0');
        parser->word_bytes = 0;
    }
}

static struct command *parser_command(struct parser *parser)
{
    struct line *line = &parser->line;

    if (!parser->in_command) {
        struct command *commands = realloc(line->commands, (line->count + 1) * sizeof(*commands));
        if (commands == NULL) {
            parser->error = no_memory;
            return NULL;
        }
        line->commands = commands;
        commands[line->count++] = (struct command){.joint = JOINT_END};
        parser->in_command = true;
    }
    return &line->commands[line->count - 1];
}

static void parser_end_word(struct parser *parser)
{
    if (parser->word == NULL) {
        return;
    }
    struct command *command = parser_command(parser);
    char **words =
        command == NULL ? NULL : realloc(command->words, (command->count + 2) * sizeof(*words));
    if (words == NULL) {
        parser->error = no_memory;
        return;
    }
    command->words = words;
    words[command->count++] = parser->word;
    words[command->count] = NULL;
    parser->word = NULL;
    parser->word_bytes = 0;
    parser->word_room = 0;
}

/* ------------------------------------------------------------------------------ reading */

static void parser_read_single_quotes(struct parser *parser)
{
    const char *end = strchr(parser->at, '\'');

    if (end == NULL) {
        parser->error = "a ' is not closed";
        return;
    }
    while (parser->at < end) {
        parser_add_char(parser, *parser->at++);
    }
    parser->at++;
}

static void parser_read_double_quotes(struct parser *parser)
{
    while (*parser->at != '"') {
        if (*parser->at == '\0') {
            parser->error = "a \" is not closed";
            return;
        }
        if (*parser->at == '\\' && (parser->at[1] == '"' || parser->at[1] == '\\')) {
            parser->at++;
        } else if (strncmp(parser->at, "$?", 2) == 0) {
            parser_add_char(parser, STATUS_MARK);
            parser->at += 2;
            continue;
        }
        parser_add_char(parser, *parser->at++);
    }
    parser->at++;
}

static enum joint parser_read_joint(struct parser *parser)
{
    char c = *parser->at++;

    if (c == ';' || c == '\n') {
        return JOINT_THEN;
    }
    if (*parser->at == c) {
        parser->at++;
        return c == '&' ? JOINT_AND : JOINT_OR;
    }
    if (c == '|') {
        parser->error = "there are no pipes yet";
    }
    return JOINT_BACKGROUND;
}

static void parser_join(struct parser *parser)
{
    bool newline = *parser->at == '\n';

    parser_end_word(parser);
    enum joint joint = parser_read_joint(parser);
    if (parser->error != NULL) {
        return;
    }
    if (parser->in_command) {
        parser->line.commands[parser->line.count - 1].joint = joint;
        parser->in_command = false;
    } else if (!newline) {
        parser->error = "a command is missing";
    }
}

static void parser_step(struct parser *parser)
{
    char c = *parser->at;

    if (c == ' ' || c == STATUS_MARK || c == '\t' || c == '\r') {
        parser_end_word(parser);
        parser->at++;
    } else if (c == '#' && parser->word == NULL) {
        parser->at += strcspn(parser->at, "\n");
    } else if (strchr(";&|\n", c) != NULL) {
        parser_join(parser);
    } else if (strchr("<>()", c) != NULL) {
        parser->error = "there are no redirections and groups yet";
    } else {
        parser_begin_word(parser);
        parser->at++;
        if (c == '\'') {
            parser_read_single_quotes(parser);
        } else if (c == '"') {
            parser_read_double_quotes(parser);
        } else if (c == '$' && *parser->at == '?') {
            parser->at++;
            parser_add_char(parser, STATUS_MARK);
        } else if (c == '\\' && *parser->at != '\0') {
            parser_add_char(parser, *parser->at++);
        } else {
            parser_add_char(parser, c);
        }
    }
}

static bool parser_wants_more(const struct parser *parser)
{
    if (parser->in_command || parser->line.count == 0) {
        return false;
    }
    enum joint joint = parser->line.commands[parser->line.count - 1].joint;
    return joint == JOINT_AND || joint == JOINT_OR;
}

const char *line_parse(const char *text, struct line *line_out)
{
    struct parser parser = {.at = text};

    while (parser.error == NULL && *parser.at != '\0') {
        parser_step(&parser);
    }
    if (parser.error == NULL) {
        parser_end_word(&parser);
    }
    if (parser.error == NULL && parser_wants_more(&parser)) {
        parser.error = "a command is missing at the end";
    }
    if (parser.error != NULL) {
        free(parser.word);
        line_free(&parser.line);
        return parser.error;
    }
    *line_out = parser.line;
    return NULL;
}

static char *line_expand_word(const char *word, const char *digits)
{
    size_t marks = 0;

    for (const char *c = word; *c != '\0'; c++) {
        marks += *c == STATUS_MARK;
    }
    char *expanded = malloc(strlen(word) + marks * strlen(digits) + 1);
    if (expanded == NULL) {
        return NULL;
    }
    char *to = expanded;
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == STATUS_MARK) {
            strcpy(to, digits);
            to += strlen(digits);
        } else {
            *to++ = *c;
        }
    }
    *to = '\0';
    return expanded;
}

bool line_expand(struct command *command, int last_status)
{
    char digits[STATUS_DIGITS];

    (void)snprintf(digits, sizeof(digits), "%d", last_status);
    for (size_t i = 0; i < command->count; i++) {
        if (strchr(command->words[i], STATUS_MARK) == NULL) {
            continue;
        }
        char *expanded = line_expand_word(command->words[i], digits);
        if (expanded == NULL) {
            return false;
        }
        free(command->words[i]);
        command->words[i] = expanded;
    }
    return true;
}

void line_free(struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        for (size_t w = 0; w < line->commands[i].count; w++) {
            free(line->commands[i].words[w]);
        }
        free(line->commands[i].words);
    }
    free(line->commands);
    *line = (struct line){0};
}
