"""The mutants: a name, and edits (file, text that occurs there once, what replaces it).

Most change the pager. Those under tests/model change what stands for the kernel there: the kernel's
half of copy-on-write, whose absence the checker must notice just as well.
"""

COW = "servers/pager/cow.c"
REMOVE = "servers/pager/cow_remove.c"
FAULT = "servers/pager/fault.c"
TABLE = "servers/pager/table.c"
REGION = "servers/pager/region_change.c"
KERNEL = "tests/model/fake_table.c"
REPLY = "tests/model/sim_access.c"

MUTANTS = [
    # ---- fork
    ("fork_does_not_flush", [(COW,
        "err_t flushed = kernel_flush(parent->cap, 0, 0);",
        "err_t flushed = ERR_OK;")]),
    ("copy_leaves_source_entry_valid", [(KERNEL,
        "    entry_write(source, index, entry);\n    entry_write(target, index, entry);",
        "    if (level == TABLE_LEVEL_LEAF) {\n        entry_write(source, index, entry);\n    }\n"
        "    entry_write(target, index, entry);")]),
    ("copy_leaves_target_entry_valid", [(KERNEL,
        "    entry_write(target, index, entry);\n    return ERR_OK;",
        "    entry_write(target, index, fake_entry_names_table(entry, level)\n"
        "                                   ? (entry & ~(uint64_t)PTE_LAZY) | PTE_V : entry);\n"
        "    return ERR_OK;")]),
    ("leaf_copy_keeps_write_in_source", [(KERNEL,
        "    entry_write(source, index, entry);\n    entry_write(target, index, entry);",
        "    if (level != TABLE_LEVEL_LEAF) {\n        entry_write(source, index, entry);\n    }\n"
        "    entry_write(target, index, entry);")]),
    ("leaf_copy_keeps_write", [(KERNEL,
        "        entry &= ~(uint64_t)(PTE_W | PTE_D);\n    }\n    entry_write(source",
        "    }\n    entry_write(source")]),
    ("copy_does_not_count_children", [(KERNEL,
        "        fake_record(child)->count++;\n        entry = (entry",
        "        entry = (entry")]),
    # ---- the path of a fault
    ("thaw_ignores_count", [(KERNEL,
        "fake_record(fake_entry_frame(entry))->count == 1)",
        "fake_record(fake_entry_frame(entry))->count >= 1)")]),
    ("shared_middle_table_taken_for_own", [(COW,
        "if (table_count(*middle_out) == 1) {",
        "if (table_count(*middle_out) >= 1) {")]),
    ("shared_leaf_table_taken_for_own", [(COW,
        "if (__builtin_expect(table_count(*leaf_out) > 1, 0)) {",
        "if (__builtin_expect(table_count(*leaf_out) > 2, 0)) {")]),
    ("shared_leaf_table_read_with_write", [(COW,
        "    err_t error = kernel_table_protect(leaf, 0, TABLE_ENTRIES);\n",
        "    err_t error = ERR_OK;\n")]),
    ("split_leaf_does_not_count_frames", [(COW,
        "    leaf_ref_frames(shared);\n", "")]),
    ("split_leaf_does_not_flush", [(COW,
        "        error = kernel_flush(s->cap, 0, 0);\n        PAGER_ASSERT(error == ERR_OK);\n"
        "    }\n    frame_t replaced;",
        "    }\n    frame_t replaced;")]),
    ("regain_ignores_frame_count", [(COW, "(frame_count(f) > 1 && !shared) ||", "")]),
    ("regain_ignores_region", [(COW,
        "return r != NULL && (r->rights & MAP_W) != 0 && frame_is_counted(f);",
        "return r != NULL && frame_is_counted(f);")]),
    # ---- the frame
    ("replaced_page_is_not_flushed", [(REPLY,
        "    if (old != 0) {\n        machine_flush(",
        "    if (false) {\n        machine_flush(")]),
    ("last_owner_test_is_wrong", [(FAULT,
        "} else if (frame_is_shared(frame) && !region_is_shared(at->region)) {",
        "} else if (frame_count(frame) > 2 && !region_is_shared(at->region)) {")]),
    ("shared_region_is_copied", [(FAULT,
        "} else if (frame_is_shared(frame) && !region_is_shared(at->region)) {",
        "} else if (frame_is_shared(frame)) {")]),
    ("read_only_region_is_written", [(FAULT,
        "if ((r->rights & MAP_W) == 0) {", "if (r->rights == 0) {")]),
    ("not_executable_region_is_executed", [(FAULT,
        "if ((r->rights & MAP_X) == 0) {", "if (r->rights == 0) {")]),
    ("zero_frame_is_writable", [(FAULT,
        "map_word(fault_zero_frame, rights_without_write(at->region)), fault_zero_frame,",
        "map_word(fault_zero_frame, at->region->rights), fault_zero_frame,")]),
    ("file_frame_is_writable", [(FAULT,
        "map_word(source, rights_without_write(r)), source,",
        "map_word(source, r->rights), source,")]),
    ("new_page_is_not_zeroed", [(FAULT,
        "        page_zero(frame);\n        __builtin_memcpy(", "        __builtin_memcpy(")]),
    ("copied_page_is_not_whole", [("servers/pager/page.h",
        "    uint64_t *end = to + PAGE_WORDS;\n    while (to != end) {\n        uint64_t a",
        "    uint64_t *end = to + PAGE_WORDS - 8;\n    while (to != end) {\n        uint64_t a")]),
    ("file_tail_is_not_cut", [(FAULT,
        "fill_private(at, source, r->file_tail, step);",
        "fill_private(at, source, PAGE_BYTES, step);")]),
    ("replaced_frame_is_lost", [(FAULT,
        "            frame_unref(step->replaced);\n", "            (void)0;\n")]),
    ("taken_frame_is_lost", [(FAULT,
        "        frame_unref(step->taken); /*", "        (void)0; /*")]),
    ("shared_frame_is_not_counted", [(FAULT,
        "    frame_ref(frame);\n    answer_map(", "    answer_map(")]),
    # ---- unmap, mprotect, exit
    ("unmap_does_not_flush", [(REMOVE, "        flush_range(s, first, end, whole);\n", "")]),
    ("unmap_of_tables_flushes_pages_only", [(REMOVE,
        "        flush_range(s, first, end, whole);\n",
        "        flush_range(s, first, end < first + 16 ? end : first + 16, false);\n")]),
    ("unmap_does_not_release_frames", [(REMOVE,
        "        frame_unref(released[i]);\n", "        (void)0;\n")]),
    ("unmap_changes_shared_leaf_table", [(REMOVE,
        "    return path_leaf(s, middle, page, false, &leaf);\n", "    return ERR_OK;\n")]),
    ("unmap_buries_shared_table", [(REMOVE,
        "            if (table_count(entry_frame(e)) == 1) {",
        "            if (table_count(entry_frame(e)) <= 2) {")]),
    ("protect_does_not_flush", [(REMOVE, "    flush_range(s, first, end, false);\n", "")]),
    ("protect_strips_shared_table", [(REMOVE,
        "    return (lost & (MAP_R | MAP_X)) != 0;\n",
        "    (void)lost;\n    return false;\n")]),
    ("protect_forgets_hidden_page", [(REMOVE,
        "kernel_table_mark(leaf, index, mark_hidden(entry_frame(e)))",
        "kernel_table_drop(leaf, index, 1)")]),
    ("dead_table_keeps_children", [(TABLE,
        "if (entry_is_table(e) && table_count(entry_frame(e)) == 1) {",
        "if (entry_is_table(e) && table_count(entry_frame(e)) == 0) {")]),
    ("dead_table_takes_shared_children", [(TABLE,
        "if (entry_is_table(e) && table_count(entry_frame(e)) == 1) {",
        "if (entry_is_table(e) && table_count(entry_frame(e)) <= 2) {")]),
    ("dead_table_keeps_frames", [(TABLE,
        "                frame_unref(entry_frame(e));\n", "                (void)0;\n")]),
    # ---- regions
    ("split_region_keeps_offset", [(REGION,
        "upper.offset_pages = r->offset_pages + low;", "upper.offset_pages = r->offset_pages;")]),
    ("split_region_does_not_count_object", [(REGION,
        "    region_ref_backing(&upper);\n", "")]),
    ("shared_block_is_changed", [(REGION,
        "    struct region_block *old = map->block[index];\n    if (old->refs == 1) {",
        "    struct region_block *old = map->block[index];\n    if (old->refs >= 1) {")]),
    ("shared_map_is_changed", [(REGION,
        "    struct region_map *old = *map;\n    if (old->refs == 1) {",
        "    struct region_map *old = *map;\n    if (old->refs >= 1) {")]),
]
