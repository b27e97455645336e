"""The mutants: a name, and edits (file, text that occurs there once, what replaces it).

Most change the pager. Those under tests/model change what stands for the kernel there: the kernel's
half of copy-on-write, whose absence the checker must notice just as well.
"""

BESIDE = "servers/pager/beside.h"
WAIT = "servers/pager/beside.c"
COW = "servers/pager/cow.c"
FORK = "servers/pager/cow_fork.c"
REMOVE = "servers/pager/cow_remove.c"
FAULT = "servers/pager/fault.c"
NEAR = "servers/pager/fault_near.h"
MEMORY = "servers/pager/memory.c"
PLACE = "servers/pager/memory_place.c"
IMAGE = "servers/pager/image.c"
OBJECT = "servers/pager/object.c"
TABLE = "servers/pager/table.c"
SHELL = "servers/pager/shell.c"
REGION = "servers/pager/region_change.c"
PROC = "servers/pager/request_proc.c"
SELF = "servers/pager/request_self.c"
KERNEL = "tests/model/fake_table.c"
REPLY = "tests/model/sim_faults.c"

FORK_MUTANTS = [
    ("fork_does_not_flush", [(FORK,
        "err_t flushed = kernel_flush(parent->cap, 0, 0);", "err_t flushed = ERR_OK;")]),
    ("fork_of_who_rests_does_not_flush", [(FORK, "protects ? 0 : parent->cap", "0")]),
    ("fork_copies_hot_pages_before_the_flush", [
        (FORK, "        err_t flushed = kernel_flush(parent->cap, 0, 0);",
         "        if (is_hot) {\n            hot_pages_copy(&hot);\n        }\n"
         "        err_t flushed = kernel_flush(parent->cap, 0, 0);"),
        (FORK, "    hot_pages_copy(hot);\n    if (!parent_rests) {", "    if (!parent_rests) {")]),
    ("fork_leaves_hot_page_unfilled", [(FORK,
        "        page_copy(hot->copies[i], entry_frame(entry_of(hot->leaf, hot->pages[i])));\n",
        "")]),
    ("fork_lets_the_parent_write_hot_pages", [(FORK,
        "    if (protects) {\n        hot_pages_protect(&hot);",
        "    if (false) {\n        hot_pages_protect(&hot);")]),
    ("fork_does_not_count_hot_leaf", [(FORK,
        "    leaf_ref_frames(hot->leaf);\n", "")]),
    ("fork_promises_nothing", [(PROC,
        "{.user = parent->promised_user, .tables", "{.user = 0, .tables")]),
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
        "        fake_record(child)->count++;\n        entry = (entry", "        entry = (entry")]),
]

BESIDE_MUTANTS = [
    ("requests_run_beside_answers_that_are_out", [(WAIT,
        "    while (beside.out[thread] != NULL && !beside_reply_is_done(thread)) {\n"
        "        beside_let_run();\n    }\n    beside_done(thread);",
        "    if (beside.out[thread] != NULL && beside_reply_is_done(thread)) {\n"
        "        beside_done(thread);\n    }")]),
    ("uncommon_faults_run_beside_answers_that_are_out", [(BESIDE,
        "    beside_alone_of(id);    /* Z2 */", "    fault_reach_empty(reach);")]),
    ("requests_of_a_space_wait_for_no_answer", [(WAIT,
        "        if (step_is_of(t, space_id)) {\n            wait_for", "        if (false) {\n            wait_for")]),
    ("fork_does_not_hold_the_parent", [(WAIT,
        "    beside.steps[thread] = (struct beside_step){.space_id = parent_id};\n",
        "    beside.steps[thread] = (struct beside_step){.space_id = 0};\n    (void)parent_id;\n")]),
    ("fork_holds_faults_of_the_parent_no_more", [(BESIDE,
        "        if (beside_holds(id)) {", "        if (false) {")]),
    ("fork_runs_beside_answers_to_the_parent", [(WAIT,
        "        beside_alone_of(request->in.space_fork.space_id);\n", "")]),
    ("unmap_runs_beside_answers_to_the_sender", [(WAIT,
        "    case PAGER_UNMAP:\n", "    case PAGER_UNMAP:\n        return;\n")]),
    ("entry_of_an_answer_that_is_out_is_free", [(BESIDE,
        "        if (*out == entry) {\n            return false;\n        }\n", "")]),
    ("replaced_frame_is_let_go_before_the_reply", [(BESIDE,
        "beside.out[t] != NULL &&\n            beside_reply_is_done(t)) {", "beside.out[t] != NULL) {")]),
    ("answer_is_finished_before_the_reply", [(WAIT,
        "    while (beside.out[thread] != NULL && !beside_reply_is_done(thread)) {\n"
        "        beside_let_run();\n    }\n", "")]),
    ("finished_answer_stays_out", [(BESIDE,
        "        beside.out[thread] = NULL;\n", "")]),
    ("what_common_faults_remember_outlives_a_request", [(WAIT,
        "        fault_reach_empty(&beside.reaches[i]);\n", "        (void)i;\n")]),
    ("what_common_faults_remember_outlives_its_regions", [(WAIT,
        "    fault_reach_empty(&beside.reaches[space_id % BESIDE_REACHES]);\n", "")]),
]

PATH_MUTANTS = [
    ("thaw_ignores_count", [(KERNEL,
        "fake_record(fake_entry_frame(entry))->count == 1)",
        "fake_record(fake_entry_frame(entry))->count >= 1)")]),
    ("shared_middle_table_taken_for_own", [(COW,
        "if (table_count(*middle_out) == 1) {", "if (table_count(*middle_out) >= 1) {")]),
    ("shared_leaf_table_taken_for_own", [(COW,
        "if (__builtin_expect(table_count(*leaf_out) > 1, 0)) {",
        "if (__builtin_expect(table_count(*leaf_out) > 2, 0)) {")]),
    ("shared_path_taken_for_private", [("servers/pager/cow.h",
        "entry_is_valid(e) && table_count(entry_frame(e)) == 1, 1)",
        "entry_is_valid(e), 1)")]),
    ("shared_leaf_table_read_with_write", [(COW,
        "    err_t error = kernel_table_protect(leaf, 0, TABLE_ENTRIES);\n",
        "    err_t error = ERR_OK;\n")]),
    ("split_leaf_does_not_count_frames", [(COW, "    leaf_ref_frames(shared);\n", "")]),
    ("split_leaf_does_not_flush", [(COW,
        "        error = kernel_flush(s->cap, 0, 0);\n        PAGER_ASSERT(error == ERR_OK);\n"
        "    }\n    frame_t replaced;",
        "    }\n    frame_t replaced;")]),
    ("split_leaf_flushes_while_still_valid", [(COW,
        "        error = kernel_table_lazy(middle, index, 1);\n"
        "        PAGER_ASSERT(error == ERR_OK);\n        error = kernel_flush(s->cap, 0, 0);",
        "        error = kernel_flush(s->cap, 0, 0);")]),
    ("regain_ignores_frame_count", [(COW, "(frame_count(f) > 1 && !shared) ||", "")]),
    ("regain_ignores_region", [(COW,
        "return r != NULL && (r->rights & MAP_W) != 0 && frame_is_counted(f);",
        "return r != NULL && frame_is_counted(f);")]),
]

FRAME_MUTANTS = [
    ("replaced_page_is_not_flushed", [(REPLY,
        "    if (old & PTE_V) {\n        machine_flush(", "    if (false) {\n        machine_flush(")]),
    ("last_owner_test_is_wrong", [(NEAR,
        "if (!frame_is_shared(frame) || region_is_shared(at->region)) {",
        "if (frame_count(frame) <= 2 || region_is_shared(at->region)) {")]),
    ("shared_region_is_copied", [(NEAR,
        "if (!frame_is_shared(frame) || region_is_shared(at->region)) {",
        "if (!frame_is_shared(frame)) {")]),
    ("read_only_region_is_written", [(NEAR,
        "return (r->rights & right) != 0;",
        "return (r->rights & (right == MAP_W ? MAP_R : right)) != 0;")]),
    ("not_executable_region_is_executed", [(NEAR,
        "return (r->rights & right) != 0;",
        "return (r->rights & (right == MAP_X ? MAP_R : right)) != 0;")]),
    ("reach_is_another_spaces", [(NEAR,
        "id != reach->id || page - reach->first_page >= reach->pages",
        "page - reach->first_page >= reach->pages")]),
    ("reach_is_kept_over_requests", [("tests/model/port.c",
        "    fault_reach_empty(&reach);\n    beside_alone_for(request);\n",
        "    beside_alone_for(request);\n")]),
    ("reach_goes_beyond_the_table", [(FAULT,
        "uint32_t end = group + GROUP_PAGES;", "uint32_t end = group + 2 * GROUP_PAGES;")]),
    ("reach_goes_beyond_the_region", [(FAULT,
        "    if (region_end(r) < end) {", "    if (false) {")]),
    ("reach_goes_below_the_stack", [(FAULT,
        "(r->flags & REGION_STACK) != 0 && s->stack_low > first", "false")]),
    ("reach_has_a_shared_table", [(FAULT,
        "!cow_path_is_private(s, (uint32_t)page, &leaf)",
        "(leaf = entry_frame(table_entries(s->root)[page_root_index((uint32_t)page)])).number == 0 ||\n"
        "        (leaf = entry_frame(table_entries(leaf)[page_middle_index((uint32_t)page)])).number"
        " == 0")]),
    ("rights_of_the_region_are_stale", [
        (MEMORY, "    space_forget_hit(s);\n    error = region_map_isolate(",
         "    error = region_map_isolate("),
        (MEMORY, "writable ? REGION_PROMISED : 0);\n    space_forget_hit(s);\n",
         "writable ? REGION_PROMISED : 0);\n")]),
    ("pages_ahead_are_regained_while_shared", [(FAULT,
        " || frame_is_shared(entry_frame(e))) {", ") {")]),
    ("zero_frame_is_writable", [(NEAR,
        "answer_map(step, at, frame, rights_without_write(at->region), frame, replaced);",
        "answer_map(step, at, frame, at->region->rights, frame, replaced);")]),
    ("file_frame_is_writable", [(FAULT,
        "answer_map(step, at, source, rights_without_write(r), source,",
        "answer_map(step, at, source, r->rights, source,")]),
    ("new_page_is_not_zeroed", [(NEAR,
        "        step->fill = FILL_ZEROES;\n", "")]),
    ("page_is_not_copied", [(NEAR,
        "    step->fill = FILL_COPY;\n", "")]),
    ("copied_page_is_not_whole", [("servers/pager/page.h",
        "i < PAGE_TURN_WORDS; i += 8) {", "i < PAGE_TURN_WORDS - 8; i += 8) {")]),
    ("file_tail_is_not_cut", [(FAULT,
        "fill_private(at, source, r->file_tail, step);",
        "fill_private(at, source, PAGE_BYTES, step);")]),
    ("replaced_frame_is_lost", [("servers/pager/fault.h",
        "frame_unref(replaced);", "(void)0;")]),
    ("taken_frame_is_lost", [("servers/pager/fault.h",
        "frame_unref(taken); /*", "(void)0; /*")]),
    ("shared_frame_is_not_counted", [(FAULT,
        "    frame_ref(frame);\n    answer_map(", "    answer_map(")]),
    ("neighbours_filled_are_not_counted", [(FAULT,
        "        frame_ref((frame_t){source.number + i});\n", "        (void)i;\n")]),
    ("neighbours_filled_are_anothers", [(FAULT,
        "    frame_t source = {pager_archive.number + r->offset_pages + first - r->first_page};",
        "    frame_t source = {pager_archive.number + r->offset_pages + at->page - r->first_page};")]),
    ("shared_object_page_is_not_zeroed", [(OBJECT,
        "        page_zero(*frame_out);\n", "")]),
    ("stack_grows_without_a_promise", [(FAULT,
        "(below && space_grow_stack(s, at.region, page) != ERR_OK) ||", "")]),
    ("allocation_does_not_wait_for_teardown", [(TABLE,
        "    err_t error = frame_alloc(frame_out);\n"
        "    while (__builtin_expect(error != ERR_OK, 0) && teardown_slice()) {",
        "    err_t error = frame_alloc(frame_out);\n    while (false) {")]),
]

REMOVE_MUTANTS = [
    ("unmap_does_not_flush", [(REMOVE, "        flush_range(s, first, end, whole);\n", "")]),
    ("unmap_of_tables_flushes_pages_only", [(REMOVE,
        "        flush_range(s, first, end, whole);\n",
        "        flush_range(s, first, end < first + 16 ? end : first + 16, false);\n")]),
    ("unmap_of_registers_does_not_flush", [(REMOVE,
        "if (whole || emptied) {", "if (whole || released_count > 0) {")]),
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
    ("copied_page_keeps_what_was_there", [(PLACE,
        "        page_zero(frame);\n    }\n    return copy_bytes(", "    }\n    return copy_bytes(")]),
    ("copied_page_stays_below_the_promise", [(PLACE,
        "    err_t error = space_grow_stack(to, stack, (uint32_t)(target >> PAGE_SHIFT));",
        "    err_t error = ERR_OK;")]),
    ("page_to_copy_is_not_filled_in", [(PLACE,
        "    if (!entry_is_valid(e)) {",
        "    if (e == 0) {\n        *frame_out = pager_archive;\n        return ERR_OK;\n    }\n"
        "    if (!entry_is_valid(e)) {")]),
    ("image_pages_are_not_counted", [(IMAGE,
        "        frame_ref((frame_t){words[i] >> MAP_FRAME_SHIFT});", "        (void)words[i];")]),
    ("image_shares_its_data", [(IMAGE,
        "        *word = map_word(frame, MAP_R | MAP_W);",
        "        frame_unref(frame);\n        frame_ref((frame_t){*word >> MAP_FRAME_SHIFT});")]),
    ("image_holds_no_map", [(IMAGE,
        ".map = region_map_share(s->map),", ".map = s->map,")]),
    ("image_promises_nothing", [(PROC, "{.user = image->promised_user,", "{.user = 0,")]),
    ("image_of_wired_memory", [(IMAGE,
        "(r->flags & (REGION_SHARED | REGION_WIRED)) == 0", "(r->flags & REGION_SHARED) == 0")]),
    ("image_shows_beyond_the_file", [(IMAGE,
        "if (bytes == 0 || (bytes < PAGE_BYTES && !written)) {", "if (bytes == 0) {")]),
    ("shared_key_gives_more_rights", [(SELF,
        "(r->max_rights & MAP_W) == 0 ||", "")]),
    ("dead_table_keeps_children", [(TABLE,
        "if (e != 0 && entry_is_table(e) && table_count_of_entry(e) == 1) {",
        "if (e != 0 && entry_is_table(e) && table_count_of_entry(e) == 0) {")]),
    ("dead_table_takes_shared_children", [(TABLE,
        "if (e != 0 && entry_is_table(e) && table_count_of_entry(e) == 1) {",
        "if (e != 0 && entry_is_table(e) && table_count_of_entry(e) <= 2) {")]),
    ("kept_space_is_not_renewed", [("servers/pager/space.c",
        "    err_t error = kernel_cap_renew(s->cap);", "    err_t error = ERR_OK;")]),
    ("shell_shows_its_page_to_another", [(SHELL,
        "    } else if (shell_out->middle.number != 0 && !(with_frame && page == shell_out->page)) {",
        "    } else if (false) {")]),
    ("shell_keeps_frames", [(SHELL,
        "                frame_batch_unref(&batch, e >> PTE_FRAME_SHIFT);\n",
        "                (void)batch;\n")]),
    ("shell_overlooks_a_table", [(SHELL,
        "1u << group && sum == entries[kept];", "1u << group && sum != 0;")]),
    ("shell_takes_shared_tables", [(SHELL,
        "table_count_of_entry(e) == 1) {", "table_count_of_entry(e) <= 2) {")]),
    ("kept_table_is_not_emptied", [(TABLE,
        "    if (end > 0) {\n        err_t error = kernel_table_drop(table, 0, end);\n"
        "        PAGER_ASSERT(error == ERR_OK);\n    }\n", "    (void)is_leaf;\n")]),
    ("dead_table_keeps_frames", [(TABLE,
        "                    frame_batch_unref(&batch, e >> PTE_FRAME_SHIFT);\n",
        "                    (void)0;\n")]),
    ("dead_table_keeps_runs_of_frames", [(TABLE,
        "                frame_unref_run(&batch.records[first >> PTE_FRAME_SHIFT]);\n", "")]),
    ("last_owners_in_a_run_stay", [("servers/pager/frame.h",
        "        if (__builtin_expect((int32_t)left > 0, 1)) {",
        "        if (__builtin_expect((int32_t)left >= 0, 1)) {")]),
    ("dead_frames_are_freed_while_shared", [("servers/pager/frame.h",
        "    if (r->count - 2 < FRAME_COUNT_MAX - 2) {\n        r->count--;\n    } else if (r->count == 1 &&",
        "    if (r->count >= 1 &&")]),
    ("dead_entries_stay_counted", [("servers/pager/frame.h",
        "    if (r->count - 2 < FRAME_COUNT_MAX - 2) {\n        r->count--;\n",
        "    if (r->count - 2 < FRAME_COUNT_MAX - 2) {\n")]),
]

REGION_MUTANTS = [
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
    ("shared_and_private_pages_meet", [(PLACE,
        "return region_is_shared(r) == shared ? region_end(r) : up;",
        "return region_end(r) + 0 * up;")]),
]

MUTANTS = (BESIDE_MUTANTS + FORK_MUTANTS + PATH_MUTANTS + FRAME_MUTANTS + REMOVE_MUTANTS +
           REGION_MUTANTS)
