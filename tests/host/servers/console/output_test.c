/* Output of several sessions: whole lines, in turn, bounded, and every writer is answered once.
 * sources: servers/console/output.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output.h"

/* ------------------------------------------------------------- a UART, sessions, reply objects */

static char sent[1 << 20];
static size_t sent_bytes;
static size_t uart_room;
static unsigned answers;

static void uart_open(const struct console_start *start)
{
    (void)start;
}

static bool uart_receive(uint8_t *byte_out)
{
    (void)byte_out;
    return false;
}

static bool uart_send(uint8_t byte)
{
    if (uart_room == 0) {
        return false;
    }
    uart_room--;
    sent[sent_bytes++] = (char)byte;
    sent[sent_bytes] = '\0';
    return true;
}

static void uart_want_room(bool wanted)
{
    (void)wanted;
}

static bool uart_is_silent(void)
{
    return true;
}

static const struct uart_driver uart = {uart_open,      uart_receive,   uart_send,
                                        uart_want_room, uart_want_room, uart_is_silent};

err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor)
{
    (void)number;
    (void)capability;
    (void)m;
    (void)descriptor;
    answers++;
    return ERR_OK;
}

void job_give(struct job *job)
{
    list_remove(&job->queue);
    free(job);
}

static struct session sessions[4];
static struct reply reply;

static int begin(void **state)
{
    (void)state;
    sent_bytes = 0;
    sent[0] = '\0';
    uart_room = sizeof(sent) - 1;
    answers = 0;
    for (unsigned i = 0; i < 4; i++) {
        list_init(&sessions[i].writes);
        list_init(&sessions[i].ready);
    }
    output_init(&uart, true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    uart_room = sizeof(sent) - sent_bytes - 1;
    for (unsigned i = 0; i < 4; i++) {
        output_forget(&sessions[i]);
    }
    output_run();
    assert_true(output_is_empty());
    return 0;
}

/* Write as a request does: at once, or as a job whose caller waits. */
static bool write_text(struct session *session, const char *text)
{
    struct job *job = calloc(1, sizeof(*job));

    list_init(&job->queue);
    job->session = session;
    job->from = text;
    job->bytes = strlen(text);
    if (output_write(job)) {
        free(job);
        return true;
    }
    job->reply = &reply;
    return false;
}

/* ----------------------------------------------------------------------------------- tests */

static void a_line_of_one_is_not_broken_by_another(void **state)
{
    (void)state;
    assert_true(write_text(&sessions[0], "one "));
    assert_false(write_text(&sessions[1], "two\n"));
    assert_true(write_text(&sessions[0], "line\n"));
    assert_string_equal(sent, "one line\ntwo\n");
    assert_int_equal(answers, 1);
}

static void an_owner_that_waits_for_input_gives_way(void **state)
{
    (void)state;
    write_text(&sessions[0], "$ ");
    write_text(&sessions[1], "two\n");
    assert_string_equal(sent, "$ ");
    output_release(&sessions[0]);
    assert_string_equal(sent, "$ two\n");
}

static void an_owner_that_has_gone_gives_way(void **state)
{
    (void)state;
    write_text(&sessions[0], "half");
    write_text(&sessions[1], "two\n");
    output_forget(&sessions[0]);
    assert_string_equal(sent, "halftwo\n");
}

static void patience_with_an_idle_owner_ends(void **state)
{
    (void)state;
    write_text(&sessions[0], "half");
    assert_false(output_patience());
    write_text(&sessions[1], "two\n");
    assert_true(output_patience());
    output_expire();
    assert_string_equal(sent, "halftwo\n");
    assert_false(output_patience());
}

static void lines_take_turns(void **state)
{
    (void)state;
    uart_room = 0;
    char *filler = calloc(1, OUTPUT_RING_BYTES);
    memset(filler, 'f', OUTPUT_RING_BYTES - 1);
    filler[OUTPUT_RING_BYTES - 2] = '\n';
    write_text(&sessions[3], filler); /* the ring is full from here on */
    write_text(&sessions[0], "a1\na2\na3\n");
    write_text(&sessions[1], "b1\nb2\n");
    write_text(&sessions[2], "c1\n");
    uart_room = 2 * OUTPUT_RING_BYTES;
    output_run();
    assert_non_null(strstr(sent, "f\na1\nb1\nc1\na2\nb2\na3\n"));
    assert_int_equal(answers, 4);
    free(filler);
}

static void a_writer_without_newlines_cannot_keep_the_terminal(void **state)
{
    (void)state;
    char *endless = calloc(1, 4 * OUTPUT_LINE_BYTES);
    memset(endless, 'x', 4 * OUTPUT_LINE_BYTES - 1);
    uart_room = 0;
    assert_false(write_text(&sessions[0], endless));
    assert_false(write_text(&sessions[1], "two\n"));
    uart_room = sizeof(sent) - 1;
    output_run();
    const char *two = strstr(sent, "two\n");
    assert_non_null(two);
    assert_true(two - sent <= 2 * OUTPUT_LINE_BYTES);
    assert_int_equal(sent_bytes, 4 * OUTPUT_LINE_BYTES - 1 + 4);
    free(endless);
}

static void a_slow_line_makes_writers_wait_and_loses_nothing(void **state)
{
    (void)state;
    char text[64];
    unsigned waiting = 0;
    size_t total = 0;
    static char lines[400][16];

    uart_room = 0;
    for (unsigned i = 0; i < 400; i++) {
        (void)snprintf(lines[i], sizeof(lines[i]), "line %06u\n", i);
        total += strlen(lines[i]);
        waiting += !write_text(&sessions[i % 4], lines[i]);
    }
    assert_true(waiting > 0);
    while (!output_is_empty()) {
        uart_room = 7;
        output_run();
    }
    assert_int_equal(answers, waiting);
    assert_int_equal(sent_bytes, total);
    for (unsigned i = 0; i < 400; i++) {
        (void)snprintf(text, sizeof(text), "line %06u\n", i);
        assert_non_null(strstr(sent, text));
    }
}

static void echo_has_room_when_output_has_filled_the_ring(void **state)
{
    (void)state;
    char *filler = calloc(1, 2 * OUTPUT_RING_BYTES);
    memset(filler, 'f', 2 * OUTPUT_RING_BYTES - 1);
    uart_room = 0;
    write_text(&sessions[0], filler);
    output_echo("typed", 5);
    uart_room = OUTPUT_RING_BYTES;
    output_run();
    assert_non_null(strstr(sent, "typed"));
    output_forget(&sessions[0]);
    free(filler);
}

static void newlines_become_cr_lf_without_framing(void **state)
{
    (void)state;
    output_init(&uart, false);
    write_text(&sessions[0], "a\nb\n");
    assert_string_equal(sent, "a\r\nb\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_of_one_is_not_broken_by_another, begin, end),
        cmocka_unit_test_setup_teardown(an_owner_that_waits_for_input_gives_way, begin, end),
        cmocka_unit_test_setup_teardown(an_owner_that_has_gone_gives_way, begin, end),
        cmocka_unit_test_setup_teardown(patience_with_an_idle_owner_ends, begin, end),
        cmocka_unit_test_setup_teardown(lines_take_turns, begin, end),
        cmocka_unit_test_setup_teardown(a_writer_without_newlines_cannot_keep_the_terminal, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_slow_line_makes_writers_wait_and_loses_nothing, begin,
                                        end),
        cmocka_unit_test_setup_teardown(echo_has_room_when_output_has_filled_the_ring, begin, end),
        cmocka_unit_test_setup_teardown(newlines_become_cr_lf_without_framing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
