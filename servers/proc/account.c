/* Accounts of process trees; contract in account.h. */
#include "account.h"

#include <byre/gen/pager_client.h>
#include <byre/server.h>

#define ACCOUNT_UNBOUNDED UINT64_MAX

err_t account_open_unbounded(uint64_t account)
{
    return pager_account_set(SERVER_SLOT_PAGER, account, ACCOUNT_UNBOUNDED, ACCOUNT_UNBOUNDED);
}

static uint64_t most_of(uint64_t free)
{
    return free - free / 8;
}

err_t account_open(uint64_t account)
{
    uint64_t promised, limit, tables_promised, tables_limit, frames, harts;

    err_t error = pager_promises(SERVER_SLOT_PAGER, &promised, &limit, &tables_promised,
                                 &tables_limit, &frames, &harts);
    if (error != ERR_OK) {
        return error;
    }
    uint64_t left = limit > promised ? limit - promised : 0;
    return pager_account_set(SERVER_SLOT_PAGER, account, most_of(left), most_of(left));
}

void account_close(uint64_t account)
{
    /* The tree has no member left, so nothing is charged any more but what the pager is freeing. */
    (void)pager_account_set(SERVER_SLOT_PAGER, account, 0, 0);
}
