/* Promises and accounts; the contract is in promise.h. */
#include "promise.h"

#include "chunk.h"
#include "frame.h"
#include "pool.h"
#include "table.h"

enum {
    CHUNK_TABLES = CHUNK_PAGES - 1,
    TABLES_SPARE = 64,
    SMALL_SHARE = 16, /* P5: one of so many frames, and so many chunks, are for small accounts */
    SMALL_CHUNKS = 2,
    RELEASED_AT_ONCE = 2, /* of what is kept, before faults are looked at again */
};

struct promises promises;

static struct pool accounts;

void promises_start(bool overcommit)
{
    promises =
        (struct promises){.overcommit = overcommit,
                          .user_fixed = frames.totals.fixed,
                          .tables_fixed = (uint64_t)frames.totals.table_chunks * CHUNK_TABLES -
                                          frames.totals.table_free};
    pool_start(&accounts, "account", sizeof(struct account));
}

uint64_t promise_user_capacity(void)
{
    return (uint64_t)frames.totals.user_chunks * CHUNK_PAGES - promises.user_fixed;
}

uint64_t promise_tables_capacity(void)
{
    return (uint64_t)frames.totals.table_chunks * CHUNK_TABLES - promises.tables_fixed;
}

uint64_t promise_user_reach(void)
{
    uint64_t tables = promise_tables_capacity();
    uint64_t spare = tables > promises.tables ? (tables - promises.tables) / CHUNK_TABLES : 0;
    uint64_t most = frames.totals.table_chunks - 1;
    return promise_user_capacity() + (spare < most ? spare : most) * CHUNK_PAGES;
}

static bool user_fits(uint64_t more, uint64_t chunks_less)
{
    return promises.user + more + PROMISE_RESERVE_FRAMES + chunks_less * CHUNK_PAGES <=
           promise_user_capacity();
}

bool promise_allows_chunk(void)
{
    return promises.overcommit || user_fits(0, 1);
}

/* An idle chunk of the kind wanted; teardown may have to make one idle first. */
static err_t convert(unsigned kind, frame_t *chunk_out)
{
    err_t error = chunk_convert(kind, chunk_out);
    while (error != ERR_OK && teardown_slice()) {
        error = chunk_convert(kind, chunk_out);
    }
    return error;
}

/* Do promises, with so many tables more, leave a TABLE chunk over? */
static bool tables_leave_chunk(uint64_t tables)
{
    return frames.totals.table_chunks > 1 &&
           promises.tables + tables + CHUNK_TABLES <= promise_tables_capacity();
}

/* As many tables again as are promised are there, where memory is plenty: then the biggest process
 * can fork without waiting for a chunk, and one that forks and forks does not convert to and
 * fro. */
bool promise_adjust_chunks(void)
{
    uint64_t wanted = 2 * promises.tables;
    if (wanted > promise_tables_capacity()) {
        return user_fits(promise_user_capacity() / SMALL_SHARE, 1 + SMALL_CHUNKS) &&
               chunk_change_begin(KIND_TABLE);
    }
    if (!tables_leave_chunk(promises.tables + TABLES_SPARE)) {
        return false;
    }
    for (unsigned i = 0; i < RELEASED_AT_ONCE; i++) { /* one may be the last of its chunk */
        if (!memory_release_kept()) {
            return chunk_change_begin(KIND_USER);
        }
    }
    return true; /* the rest with the next work, or at once when somebody waits for quiet */
}

/* USER memory is short: end a change, or give a chunk back at once that these tables leave over. */
static bool make_room(uint64_t tables)
{
    if (chunk_change_finish()) {
        return true;
    }
    if (!tables_leave_chunk(tables)) {
        return false;
    }
    while (memory_release_kept()) {
    }
    return chunk_return();
}

err_t promise_object_chunk(frame_t *chunk_out)
{
    while (!promise_allows_chunk()) {
        if (!make_room(0)) {
            return PAGER_ERR_NOMEM;
        }
    }
    return convert(KIND_OBJECT, chunk_out);
}

static uint64_t chunks_for(uint64_t tables)
{
    uint64_t have = promise_tables_capacity();
    uint64_t want = promises.tables + tables;
    return want > have ? (want - have + CHUNK_TABLES - 1) / CHUNK_TABLES : 0;
}

static bool account_has_limit_for(const struct account *account, uint64_t user, uint64_t tables)
{
    return account->user + user <= account->user_limit &&
           account->tables + tables <= account->tables_limit;
}

/* P5 */
static bool account_may_take(const struct account *account, uint64_t user, uint64_t tables)
{
    bool small = account->user + user <= ACCOUNT_SMALL_FRAMES &&
                 account->tables + tables <= ACCOUNT_SMALL_TABLES;
    return small || account->user_limit == UINT64_MAX ||
           user_fits(user + promise_user_capacity() / SMALL_SHARE,
                     chunks_for(tables) + SMALL_CHUNKS);
}

/* P1 for both currencies; chunks are converted when that is what tables need. */
static err_t machine_take(uint64_t user, uint64_t tables)
{
    for (;;) {
        uint64_t chunks = chunks_for(tables);
        frame_t chunk;
        if (!user_fits(user, chunks)) {
            if (!make_room(tables)) {
                return PAGER_ERR_NOMEM;
            }
        } else if (chunks == 0) {
            return ERR_OK;
        } else if (!chunk_change_finish() && convert(KIND_TABLE, &chunk) != ERR_OK) {
            return PAGER_ERR_NOMEM;
        }
    }
}

err_t promise_take(struct account *account, uint64_t user, uint64_t tables)
{
    if (!promises.overcommit) {
        if (account != NULL && !account_has_limit_for(account, user, tables)) {
            return PAGER_ERR_AGAIN;
        }
        while (account != NULL && !account_may_take(account, user, tables)) {
            if (!make_room(tables)) {
                return PAGER_ERR_AGAIN;
            }
        }
        err_t error = machine_take(user, tables);
        if (error != ERR_OK) {
            return error;
        }
    }
    promises.user += user;
    promises.tables += tables;
    if (account != NULL) {
        account->user += user;
        account->tables += tables;
    }
    return ERR_OK;
}

void promise_give(struct account *account, uint64_t user, uint64_t tables)
{
    PAGER_ASSERT(promises.user >= user && promises.tables >= tables);
    promises.user -= user;
    promises.tables -= tables;
    if (account != NULL) {
        PAGER_ASSERT(account->user >= user && account->tables >= tables);
        account->user -= user;
        account->tables -= tables;
    }
}

err_t promise_take_record(void)
{
    if (!promises.overcommit && promises.user + 1 > promise_user_capacity()) {
        return PAGER_ERR_NOMEM;
    }
    promises.user++;
    return ERR_OK;
}

void promise_give_record(void)
{
    PAGER_ASSERT(promises.user > 0);
    promises.user--;
}

/* ------------------------------------------------------------------------------- accounts */
static struct account **chain_of(uint64_t id)
{
    return &pager_state.account_chains[id & (pager_state.chain_count - 1)];
}

struct account *account_find(uint64_t id)
{
    struct account *a = *chain_of(id);
    while (a != NULL && a->id != id) {
        a = a->next;
    }
    return a;
}

err_t account_get(uint64_t id, struct account **account_out)
{
    struct account *a = account_find(id);
    if (a == NULL) {
        void *record;
        err_t error = pool_alloc(&accounts, &record);
        if (error != ERR_OK) {
            return error;
        }
        a = record;
        *a = (struct account){
            .id = id, .user_limit = UINT64_MAX, .tables_limit = UINT64_MAX, .next = *chain_of(id)};
        *chain_of(id) = a;
    }
    a->refs++;
    *account_out = a;
    return ERR_OK;
}

void account_ref(struct account *account)
{
    account->refs++;
}

void account_release(struct account *account)
{
    PAGER_ASSERT(account->refs > 0);
    if (--account->refs > 0) {
        return;
    }
    PAGER_ASSERT(account->user == 0 && account->tables == 0);
    struct account **link = chain_of(account->id);
    while (*link != account) {
        link = &(*link)->next;
    }
    *link = account->next;
    pool_free(&accounts, account);
}
