/* Promises: copy-on-write owes memory that it has not taken. What is owed is counted in two
 * currencies, USER frames and TABLE frames, for the machine and for each account (process tree).
 *
 *   P1  Without overcommit, promised.user <= user frames that exist - reserve, and
 *       promised.tables <= table frames that exist: chunks become TABLE before they are needed.
 *   P2  An account's promises == the sum over its spaces and objects.
 *   P3  Records of the pager are promised too, and may dip into the reserve.
 *   P4  What is refused changes nothing.
 *   P5  What trees may promise together leaves a sixteenth of the machine, a chunk for tables and
 *       one for objects: those are for accounts that are small or have no limit. So whatever big
 *       trees do together, a few small ones can still begin. */
#ifndef PAGER_PROMISE_H
#define PAGER_PROMISE_H

#include "types.h"

enum {
    PROMISE_RESERVE_FRAMES = 32,
    /* P5: up to here an account is small. */
    ACCOUNT_SMALL_FRAMES = 256,
    ACCOUNT_SMALL_TABLES = 64,
};

struct account {
    uint64_t id;
    uint32_t refs;    /* spaces and objects that are charged to it, and account_set */
    bool named;       /* account_set made it and has not removed it */
    uint32_t objects; /* shared objects charged to it */
    uint64_t user;
    uint64_t tables;
    uint64_t user_limit; /* all ones: none */
    uint64_t tables_limit;
    struct account *next; /* in its hash chain */
};

struct promises {
    uint64_t user;
    uint64_t tables;
    uint64_t user_fixed;   /* capacity taken by frames in use before the pager began */
    uint64_t tables_fixed; /* tables likewise */
    bool overcommit;
};

extern struct promises promises;

void promises_start(bool overcommit);
/* AGAIN: the account's limit, or P5; NOMEM: the machine's; neither with overcommit. May turn a
 * chunk into TABLE. */
[[nodiscard]] err_t promise_take(struct account *account LENT, uint64_t user, uint64_t tables);
void promise_give(struct account *account LENT, uint64_t user, uint64_t tables);
/* For the pager's own records (P3). */
[[nodiscard]] err_t promise_take_record(void);
void promise_give_record(void);
uint64_t promise_user_capacity(void);
uint64_t promise_tables_capacity(void);
/* The same of USER frames, with the chunks that the tables' promises leave over: who is short gets
 * them. */
uint64_t promise_user_reach(void);

/* The account of that id, made if need be, with one more reference. NOMEM. */
[[nodiscard]] err_t account_get(uint64_t id, struct account **account_out GIVES);
struct account *account_find(uint64_t id); /* NULL: none; no reference */
void account_ref(struct account *account LENT);
void account_release(struct account *account TAKES);

/* Begin to make one TABLE chunk more, ahead of need, or to give back one that promises do not need,
 * nor any soon. False: all is as it should be, or a chunk is changing. */
bool promise_adjust_chunks(void);
/* May one more chunk leave USER without breaking P1? */
bool promise_allows_chunk(void);
/* Make the highest idle USER chunk an OBJECT chunk, as far as P1 allows. NOMEM. */
[[nodiscard]] err_t promise_object_chunk(frame_t *chunk_out GIVES);

#endif
