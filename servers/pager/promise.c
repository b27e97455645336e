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

err_t promise_object_chunk(frame_t *chunk_out)
{
    return promise_allows_chunk() ? convert(KIND_OBJECT, chunk_out) : PAGER_ERR_NOMEM;
}

/* As many tables again as are promised stay, so that a big process that forks and forks does not
 * convert to and fro: a chunk that comes and goes has been paid for by as many promises. */
bool promise_return_chunk(void)
{
    return frames.totals.table_chunks > 1 &&
           2 * promises.tables + CHUNK_TABLES + TABLES_SPARE <= promise_tables_capacity() &&
           chunk_return();
}

static uint64_t chunks_for(uint64_t tables)
{
    uint64_t have = promise_tables_capacity();
    uint64_t want = promises.tables + tables;
    return want > have ? (want - have + CHUNK_TABLES - 1) / CHUNK_TABLES : 0;
}

/* P5 */
static bool account_may_take(const struct account *account, uint64_t user, uint64_t tables)
{
    if (account == NULL) {
        return true;
    }
    if (account->user + user > account->user_limit ||
        account->tables + tables > account->tables_limit) {
        return false;
    }
    bool small = account->user + user <= ACCOUNT_SMALL_FRAMES &&
                 account->tables + tables <= ACCOUNT_SMALL_TABLES;
    return small || account->user_limit == UINT64_MAX ||
           user_fits(user + promise_user_capacity() / SMALL_SHARE,
                     chunks_for(tables) + SMALL_CHUNKS);
}

/* P1 for both currencies; chunks are converted when that is what tables need. */
static err_t machine_take(uint64_t user, uint64_t tables)
{
    uint64_t chunks = chunks_for(tables);
    if (!user_fits(user, chunks)) {
        return PAGER_ERR_NOMEM;
    }
    for (; chunks > 0; chunks--) {
        frame_t chunk;
        if (convert(KIND_TABLE, &chunk) != ERR_OK) {
            return PAGER_ERR_NOMEM;
        }
    }
    return ERR_OK;
}

err_t promise_take(struct account *account, uint64_t user, uint64_t tables)
{
    if (!promises.overcommit) {
        if (!account_may_take(account, user, tables)) {
            return PAGER_ERR_AGAIN;
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
