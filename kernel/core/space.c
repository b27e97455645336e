/* Spaces: their root and their flushes. */
#include "core/space.h"

#include "arch.h"
#include "core/captable.h"
#include "core/hart.h"
#include "core/panic.h"
#include "core/syscall.h"
#include "core/table.h"

enum { SPACE_FLUSH_PAGES_MAX = 16 };

#define USER_ADDRESS_END (UINT64_C(1) << 38) /* the lower half of Sv39 */

void space_bind_root(struct space *space, frame_t root)
{
    table_record_of(root)->count = 1;
    table_record_of(root)->space = 1;
    space->root = root;
}

void space_destroy(struct space *space)
{
    for (unsigned i = 0; i < hart_count; i++) {
        KASSERT(hart_space(harts[i]) != space); /* S2, V5 */
    }
    arch_flush_space(space);
    if (space->root.number != 0) {
        table_record_of(space->root)->space = 0;
        table_unref(space->root); /* S1 */
        space->root = (frame_t){0};
    }
}

err_t sys_space_set_root(struct thread *caller, struct space *space, struct capability *memory)
{
    struct table root;

    TRY(table_find(caller, memory, 2, &root));
    REFUSE_IF(root.level != TABLE_LEVEL_ROOT, ERR_LEVEL);
    REFUSE_IF(space->root.number != 0 || root.record->count != 0, ERR_BUSY);
    space_bind_root(space, root.frame);
    return ERR_OK;
}

err_t sys_space_flush(struct thread *caller, struct space *space)
{
    uint64_t address = argument(caller, 1);
    uint64_t pages = argument(caller, 2);

    REFUSE_IF(address >= USER_ADDRESS_END || (address & (PAGE_BYTES - 1)) != 0 ||
                  pages > (USER_ADDRESS_END - address) >> PAGE_SHIFT,
              ERR_ARGUMENT);
    if (pages == 0 || pages > SPACE_FLUSH_PAGES_MAX) {
        arch_flush_space(space);
    } else {
        arch_flush_pages(space, (vaddr_t){address}, pages);
    }
    return ERR_OK;
}
