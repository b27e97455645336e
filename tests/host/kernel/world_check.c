/* The walker: everything that the kernel's headers promise, recounted. A broken promise ends the
 * test by kernel_panic, which prints the event ring. */
#include "core/event.h"
#include "core/interrupt.h"
#include "core/message.h"
#include "core/panic.h"
#include "kernel/world.h"

enum { WALK_THREADS_MAX = 256 };

#define CHECK KASSERT

static struct thread *threads[WALK_THREADS_MAX];
static unsigned thread_count;

static bool list_holds(const struct list_node *head, const struct list_node *node)
{
    for (const struct list_node *i = head->next; i != head; i = i->next) {
        CHECK(i->next->previous == i);
        if (i == node) {
            return true;
        }
    }
    return false;
}

static unsigned list_length(const struct list_node *head)
{
    unsigned length = 0;

    for (const struct list_node *i = head->next; i != head; i = i->next) {
        length++;
    }
    return length;
}

/* T1, T2 of tree.h below a node that is so deep; the number of nodes. */
static unsigned check_tree(const struct tree_node *node, unsigned depth)
{
    unsigned count = 1;
    uint64_t path = (UINT64_C(1) << depth) - 1;

    for (unsigned side = 0; side < 2; side++) {
        const struct tree_node *child = node->child[side];

        if (child != NULL) {
            CHECK(child->parent == node);
            CHECK(child->key > node->key ||
                  (child->key == node->key && child->number > node->number));
            CHECK((child->number & path) == (node->number & path));
            CHECK((child->number >> depth & 1) == side);
            count += check_tree(child, depth + 1);
        }
    }
    return count;
}

static bool tree_holds(const struct tree *tree, const struct tree_node *node)
{
    while (node->parent != NULL) {
        node = node->parent;
    }
    return tree->root == node;
}

static unsigned tree_length(const struct tree *tree)
{
    return tree->root == NULL ? 0 : check_tree(tree->root, 0);
}

/* N2 */
static bool endpoint_holds(const struct endpoint *endpoint, const struct thread *thread)
{
    for (const struct thread *i = endpoint->receiver; i != NULL; i = i->next_receiver) {
        CHECK(i->state == THREAD_RECEIVING && i->waits_on.endpoint == endpoint);
        CHECK(i->next_receiver == NULL || i->next_receiver->previous_receiver == i);
        if (i == thread) {
            return true;
        }
    }
    return false;
}

/* W3 */
static void check_receive_descriptor(const struct thread *thread)
{
    const struct capability *slot;

    if (thread->receive_descriptor != RECEIVE_NONE) {
        CHECK(thread->bound_notification == NULL || thread->bound_notification->bits == 0); /*F3*/
        slot =
            captable_slot(thread->captable,
                          (uint64_t)thread->receive_descriptor >> IPC_REPLY_SHIFT & IPC_SLOT_MASK);
        CHECK(slot != NULL && capability_is_good(slot, OBJECT_REPLY, 0));
        CHECK(slot->object == &thread->receive_reply->object);
    }
}

/* H1: the thread's one place, looked for where its state says. */
static void check_thread(const struct thread *thread)
{
    const struct hart *hart = thread->hart;
    bool is_waiting = thread->state >= THREAD_CALLING && thread->state <= THREAD_WAITING;

    CHECK(thread->priority < THREAD_PRIORITIES);
    CHECK((thread->state == THREAD_RUNNING) == (hart->current == thread));
    CHECK((thread->queue.next != NULL) ==
          (thread->state == THREAD_READY || thread->state == THREAD_WAITING));
    CHECK(tree_is_linked(&thread->order) == (thread->state == THREAD_CALLING));
    CHECK(is_waiting || !tree_is_linked(&thread->deadline.node)); /* D2 */
    CHECK(thread->rank == 0 || (thread->rank == UINT64_C(1) << thread->priority &&
                                !tree_is_linked(&thread->deadline.node))); /* H4 */
    CHECK(is_waiting || !thread->in_fault);
    CHECK(!thread->in_fault || !tree_is_linked(&thread->deadline.node));               /* Z4 */
    CHECK(thread->receive_reply == NULL || thread->receive_reply->receiver == thread); /* W2 */
    check_receive_descriptor(thread);
    CHECK((thread->state == THREAD_UNCONFIGURED) == (thread->space == NULL));
    CHECK(thread->bound_notification == NULL || thread->bound_notification->bound == thread);
    switch (thread->state) {
    case THREAD_READY:
        CHECK(list_holds(&hart->ready[thread->priority], &thread->queue));
        break;
    case THREAD_CALLING:
        CHECK(object_type(&thread->waits_on.endpoint->object) == OBJECT_ENDPOINT);
        CHECK(tree_holds(&thread->waits_on.endpoint->callers, &thread->order));
        CHECK(thread->order.key == (uint64_t)(THREAD_PRIORITIES - 1 - thread->priority)); /* N2 */
        break;
    case THREAD_RECEIVING:
        CHECK(object_type(&thread->waits_on.endpoint->object) == OBJECT_ENDPOINT);
        CHECK(endpoint_holds(thread->waits_on.endpoint, thread));                           /* N2 */
        CHECK(thread->receive_reply == NULL || thread->receive_reply->caller == NULL);      /* W2 */
        CHECK(thread->bound_notification == NULL || thread->bound_notification->bits == 0); /*F1*/
        break;
    case THREAD_REPLYING:
        CHECK(object_type(&thread->waits_on.reply->object) == OBJECT_REPLY);
        CHECK(thread->waits_on.reply->caller == thread); /* W1 */
        break;
    case THREAD_WAITING:
        CHECK(object_type(&thread->waits_on.notification->object) == OBJECT_NOTIFICATION);
        CHECK(list_holds(&thread->waits_on.notification->waiters, &thread->queue));
        break;
    default:
        CHECK(thread->state <= THREAD_FAULTED);
        break;
    }
}

static unsigned count_threads_of(const void *space_or_table)
{
    unsigned count = 0;

    for (unsigned i = 0; i < thread_count; i++) {
        count += threads[i]->space == space_or_table || threads[i]->captable == space_or_table;
    }
    return count;
}

static void check_capability(const struct capability *capability)
{
    enum object_type type = capability_type(capability);

    if (capability_is_empty(capability)) {
        CHECK(capability->use == 0 && capability->object == NULL && capability->badge == 0);
        return;
    }
    CHECK(type > OBJECT_NONE && type < OBJECT_TYPES);
    CHECK(capability->use == ((uint64_t)type << CAPABILITY_TYPE_SHIFT | capability->rights)); /*P3*/
    CHECK((type >= OBJECT_MEMORY) == (capability->header >> OBJECT_GENERATION_SHIFT == 0));
}

static void check_captable(struct captable *table)
{
    CHECK(table->bound_threads == count_threads_of(table));
    CHECK(table->slot_count >= 2 && (table->slot_count & (table->slot_count - 1)) == 0);
    for (uint64_t i = 1; i < table->slot_count; i++) {
        check_capability(captable_slot(table, i));
    }
}

static void check_object(struct object *object)
{
    switch (object_type(object)) {
    case OBJECT_THREAD:
        check_thread((struct thread *)object);
        break;
    case OBJECT_SPACE: {
        const struct space *space = (struct space *)object;

        CHECK(space->bound_threads == count_threads_of(space));
        CHECK(space->root.number == 0 || (table_record_of(space->root)->space == 1 &&
                                          table_record_of(space->root)->count == 1)); /* S1 */
        break;
    }
    case OBJECT_ENDPOINT: {
        const struct endpoint *endpoint = (struct endpoint *)object;

        CHECK(tree_length(&endpoint->callers) == 0 || endpoint->receiver == NULL); /* N1 */
        break;
    }
    case OBJECT_REPLY: {
        const struct reply *reply = (struct reply *)object;

        CHECK(reply->caller == NULL ||
              (reply->caller->state == THREAD_REPLYING && reply->caller->waits_on.reply == reply));
        CHECK(reply->receiver == NULL || reply->receiver->receive_reply == reply);
        break;
    }
    case OBJECT_NOTIFICATION: {
        const struct notification *notification = (struct notification *)object;

        CHECK(notification->bits == 0 || list_is_empty(&notification->waiters)); /* F1 */
        CHECK(notification->bound == NULL ||
              notification->bound->bound_notification == notification);
        break;
    }
    case OBJECT_INTERRUPT: {
        const struct interrupt *interrupt = (struct interrupt *)object;

        check_capability(&interrupt->notification);
        CHECK(interrupt->source == 0 || interrupt_sources[interrupt->source] == interrupt); /* J1 */
        break;
    }
    case OBJECT_TIMER:
        check_capability(&((struct timer *)object)->notification);
        CHECK(((struct timer *)object)->deadline.is_timer);
        break;
    case OBJECT_CAPTABLE:
        check_captable((struct captable *)object);
        break;
    default:
        kernel_panic("no such type: %x", object->header);
    }
}

/* Every live object of an OBJECT chunk; O4, O5. */
static void walk_objects(unsigned chunk, void (*visit)(struct object *object))
{
    unsigned used = 0;

    for (unsigned i = OBJECT_MAP_PAGES; i < CHUNK_PAGES; i++) {
        frame_t page = fake_frame(chunk, i);
        const struct page_map *map = object_page_map(page);

        used += map->live != 0;
        if (map->shift == 0 || map->is_continued) {
            CHECK(map->live == 0);
            continue;
        }
        for (unsigned slot = 0; slot < (unsigned)PAGE_BYTES >> map->shift; slot++) {
            struct object *object = object_at(page, slot, map->shift);

            if ((map->live >> slot & 1) != 0) {
                visit(object);
            } else {
                CHECK(object->header == 0);
            }
        }
    }
    CHECK(chunks.records[chunk].used == used);
}

static void gather(struct object *object)
{
    if (object_type(object) == OBJECT_THREAD) {
        CHECK(thread_count < WALK_THREADS_MAX);
        threads[thread_count++] = (struct thread *)object;
    }
}

/* ---------------------------------------------------------------------- tables */
static uint32_t recounted[FAKE_CHUNKS][CHUNK_PAGES];

static void check_entry(uint64_t entry, unsigned level)
{
    frame_t frame = entry_frame(entry);
    unsigned kind = chunk_kind(frame);
    bool is_device = frame.number >= WORLD_DEVICE_FRAME &&
                     frame.number < WORLD_DEVICE_FRAME + WORLD_DEVICE_FRAMES;

    if (entry_names_table(entry)) { /* T1 */
        unsigned chunk = (unsigned)(frame.number - fake_frame(0, 0).number) / CHUNK_PAGES;

        CHECK(level > 0 && kind == KIND_TABLE);
        CHECK(table_record_of(frame)->state == level);
        CHECK((entry & 0x3ff) == PTE_V || (entry & 0x3ff) == PTE_LAZY);
        recounted[chunk][frame.number % CHUNK_PAGES]++;
    } else if ((entry & PTE_V) != 0) { /* T3 */
        uint64_t must = PTE_V | PTE_R | PTE_U | PTE_A;

        CHECK((entry & must) == must && (entry & PTE_G) == 0);
        CHECK(((entry & PTE_D) != 0) == ((entry & PTE_W) != 0));
        CHECK((entry & (PTE_W | PTE_X)) != (PTE_W | PTE_X));
        CHECK(level < 2);
        CHECK(level == 0 || frame.number % CHUNK_PAGES == 0);
        CHECK(kind == KIND_USER || is_device || chunks.closing != 0 ||
              (kind == KIND_TABLE && (entry & (PTE_W | PTE_X)) == 0));
        CHECK(kind != KIND_KERNEL && kind != KIND_OBJECT);
    }
}

static void walk_table(frame_t frame)
{
    const struct table_record *record = table_record_of(frame);
    const uint64_t *entries = table_entries_of(frame);

    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if (record->state == TABLE_LEVEL_ROOT + 1 && i >= ROOT_USER_ENTRIES) {
            CHECK(entries[i] != 0 && entries[i] == entries[ROOT_USER_ENTRIES]);
        } else if (entries[i] != 0) {
            CHECK(record->state != 0);                                     /* T5 */
            CHECK((record->groups >> (i / TABLE_GROUP_ENTRIES) & 1) != 0); /* T4 */
            check_entry(entries[i], record->state - 1u);
        }
    }
}

static void count_root(struct object *object)
{
    const struct space *space = (struct space *)object;

    if (object_type(object) == OBJECT_SPACE && space->root.number != 0) {
        uint64_t frame = space->root.number - fake_frame(0, 0).number;

        recounted[frame / CHUNK_PAGES][frame % CHUNK_PAGES]++;
    }
}

static void check_counts(unsigned chunk)
{
    unsigned used = 0;

    for (unsigned i = 1; i < CHUNK_PAGES; i++) {
        const struct table_record *record = table_record_of(fake_frame(chunk, i));

        used += record->state != 0;
        CHECK(record->state <= 3);
        CHECK(record->count == recounted[chunk][i]); /* T2 */
        CHECK(record->state != 0 || record->groups == 0);
    }
    CHECK(chunks.records[chunk].used == used); /* C4 */
}

static void for_chunks(unsigned kind, void (*visit)(unsigned chunk))
{
    for (unsigned i = 0; i < FAKE_CHUNKS; i++) {
        if (chunks.records[i].kind == kind) {
            CHECK(fake.is_open[i] == (kind == KIND_TABLE || kind == KIND_OBJECT)); /* C2 */
            visit(i);
        }
    }
}

static void visit_gather(unsigned chunk)
{
    walk_objects(chunk, gather);
}

static void visit_check(unsigned chunk)
{
    walk_objects(chunk, check_object);
}

static void visit_roots(unsigned chunk)
{
    walk_objects(chunk, count_root);
}

static void visit_tables(unsigned chunk)
{
    for (unsigned i = 1; i < CHUNK_PAGES; i++) {
        if (table_record_of(fake_frame(chunk, i))->state != 0) {
            walk_table(fake_frame(chunk, i));
        }
    }
}

static void visit_window(unsigned chunk)
{
    (void)chunk;
}

/* Among equals the current thread has a slice, and the timer ends it, or comes earlier. */
static bool slice_will_end(const struct hart *hart)
{
    const struct thread *current = hart->current;
    bool is_alone = current == NULL || (hart->ready_bitmap >> current->priority & 1) == 0;

    return is_alone || hart->must_set_timer ||
           (current->slice_end_ticks != 0 && hart->timer_ticks <= current->slice_end_ticks);
}

static unsigned check_hart(const struct hart *hart)
{
    unsigned queued = 0;

    for (unsigned i = 0; i < THREAD_PRIORITIES; i++) {
        queued += list_length(&hart->ready[i]);
        CHECK(list_is_empty(&hart->ready[i]) == ((hart->ready_bitmap >> i & 1) == 0)); /* R2 */
    }
    CHECK(hart->must_set_timer || tree_first(&hart->deadlines) == NULL ||
          hart->timer_ticks <= tree_first(&hart->deadlines)->key);               /* D1 */
    CHECK(slice_will_end(hart));                                                 /* G3 */
    CHECK(hart->current == NULL || hart->current->state == THREAD_RUNNING);      /* R1 */
    CHECK(hart->current == NULL || hart->current->hart == hart);                 /* V1 */
    CHECK(hart_count == 1 || hart->current != NULL || hart->idle_space == NULL); /* V5 */
    CHECK(hart == fake.hart || hart->is_notified || !hart->must_choose);         /* V4 */
    return queued;
}

static void check_harts(void)
{
    unsigned queued = 0;
    unsigned ready = 0;

    for (unsigned i = 0; i < hart_count; i++) {
        CHECK(harts[i]->index == i);
        queued += check_hart(harts[i]);
    }
    for (unsigned i = 0; i < thread_count; i++) {
        ready += threads[i]->state == THREAD_READY;
        CHECK(!threads[i]->is_to_stop || threads[i]->barred == UINT64_MAX); /* H5 */
        CHECK(threads[i]->state != THREAD_READY ||
              (threads[i]->barred >> threads[i]->hart->index & 1) == 0); /* V3 */
    }
    CHECK(queued == ready);
}

bool world_is_unchecked;

void world_check(void)
{
    unsigned closing = 0;

    if (world_is_unchecked) {
        return;
    }
    thread_count = 0;
    for_chunks(KIND_OBJECT, visit_gather);
    for_chunks(KIND_OBJECT, visit_check);
    check_harts();
    __builtin_memset(recounted, 0, sizeof(recounted));
    for_chunks(KIND_OBJECT, visit_roots);
    for_chunks(KIND_TABLE, visit_tables);
    for_chunks(KIND_TABLE, check_counts);
    for_chunks(KIND_USER, visit_window);
    for (unsigned i = 0; i < FAKE_CHUNKS; i++) {
        closing += chunks.records[i].kind == KIND_CLOSING;
    }
    CHECK(closing == chunks.closing);
}
