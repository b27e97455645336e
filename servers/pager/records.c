/* The records' head, and the proof that <byre/pager_records.h> describes them. */
#include "records.h"

#include <stddef.h>

#include <byre/pager_records.h>

#include "fault.h"
#include "frame.h"

struct pager_state pager_state;

#define SAME_SIZE(ours, theirs) \
    _Static_assert(sizeof(struct ours) == sizeof(struct theirs), #ours " as others see it")
#define SAME_PLACE(ours, theirs, member)                                             \
    _Static_assert(offsetof(struct ours, member) == offsetof(struct theirs, member), \
                   #ours "." #member " as others see it")

SAME_SIZE(frame_record, pager_frame_record);
SAME_PLACE(frame_record, pager_frame_record, flags);
SAME_SIZE(chunk_record, pager_chunk_record);
SAME_PLACE(chunk_record, pager_chunk_record, bump);
SAME_SIZE(region, pager_region);
SAME_PLACE(region, pager_region, flags);
SAME_PLACE(region, pager_region, backing);
SAME_PLACE(region, pager_region, file_pages);
SAME_SIZE(region_block, pager_region_block);
SAME_PLACE(region_block, pager_region_block, regions);
SAME_SIZE(region_map, pager_region_map);
SAME_PLACE(region_map, pager_region_map, block);
SAME_SIZE(object, pager_object);
SAME_PLACE(object, pager_object, leaf);
SAME_PLACE(space, pager_space, root);
SAME_PLACE(space, pager_space, map);
_Static_assert((int)FRAME_FIXED == (int)PAGER_FRAME_FIXED, "flags as others see them");
_Static_assert((int)FRAME_SYSTEM == (int)PAGER_FRAME_SYSTEM, "flags as others see them");
_Static_assert((int)BACKING_OBJECT == (int)PAGER_BACKING_OBJECT, "backings as others see them");
_Static_assert((int)SPACE_OBJECTS_A_PAGE == (int)PAGER_SPACES_A_PAGE, "pages as others see them");

void records_publish(struct pager_records *header, frame_t own_root)
{
    *header = (struct pager_records){
        .version = PAGER_RECORDS_VERSION,
        .root_frame = own_root.number,
        .first_frame = frames.first_frame,
        .chunk_count = frames.chunk_count,
        .zero_frame = fault_zero_frame.number,
        .spaces_max = pager_state.space_indices.length,
        .objects_max = pager_state.object_indices.length,
        .frame_records = (uintptr_t)frames.records,
        .chunk_records = (uintptr_t)frames.chunks,
        .spaces = (uintptr_t)pager_state.spaces,
        .space_object_pages = (uintptr_t)pager_state.space_object_page,
        .objects = (uintptr_t)pager_state.objects,
        .dead_objects = (uintptr_t)&pager_state.dead_objects,
    };
}
