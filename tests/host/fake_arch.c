/* arch.h on the host; see fake_arch.h. */
#include "fake_arch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "core/chunk.h"
#include "core/hart.h"
#include "core/space.h"
#include "core/thread.h"

struct fake_arch fake_arch;

static struct {
    uint8_t *bytes;
    uint64_t first_frame;
    uint64_t frames;
} memory;

void fake_arch_start(uint64_t first_frame, unsigned chunk_count)
{
    fake_arch = (struct fake_arch){ .timer_ticks = UINT64_MAX };
    memory.first_frame = first_frame;
    memory.frames = (uint64_t)chunk_count * CHUNK_PAGES;
    memory.bytes = calloc(memory.frames, PAGE_BYTES);
    chunks = (struct chunks){ .records = calloc(chunk_count, sizeof(struct chunk)),
                              .first = first_frame / CHUNK_PAGES,
                              .count = chunk_count };
    for (unsigned i = 0; i < chunk_count; i++) {
        chunks.records[i].kind = KIND_USER;
    }
}

void fake_arch_stop(void)
{
    free(memory.bytes);
    free(chunks.records);
    chunks = (struct chunks){ 0 };
}

void *fake_arch_memory(uint64_t frame)
{
    if (frame < memory.first_frame || frame - memory.first_frame >= memory.frames) {
        fprintf(stderr, "core reaches for frame 0x%llx\n", (unsigned long long)frame);
        abort();
    }
    return memory.bytes + ((frame - memory.first_frame) << PAGE_SHIFT);
}

void *arch_window(paddr_t address)
{
    frame_t frame = { address.value >> PAGE_SHIFT };
    uint8_t *page = fake_arch_memory(frame.number);
    const struct chunk *chunk = chunk_of(frame);
    bool is_open = chunk->is_open || chunk->kind == KIND_KERNEL; /* A3 */
    /* Core may compute the address of a closed chunk to compare it, but not more. */
    (void)is_open;
    return page + address.value % PAGE_BYTES;
}

void arch_window_open(frame_t chunk_first)
{
    chunk_of(chunk_first)->is_open = true;
}

void arch_window_close(frame_t chunk_first)
{
    chunk_of(chunk_first)->is_open = false;
}

void arch_root_fill(uint64_t *root_entries)
{
    (void)root_entries;
}

void arch_root_clear(uint64_t *root_entries)
{
    (void)root_entries;
}

/* ---------------------------------------------------------- spaces, translations */
void arch_space_create(struct space *space)
{
    space->asid = 0;
}

void arch_space_destroy(struct space *space)
{
    (void)space;
    fake_arch.flushes_space++;
}

void arch_space_load(struct hart *hart, struct space *space)
{
    hart->space = space;
    fake_arch.loads++;
}

void arch_space_leave(struct hart *hart)
{
    hart->space = NULL;
}

void arch_flush_page(struct space *space, vaddr_t address)
{
    (void)space;
    (void)address;
    fake_arch.flushes_page++;
}

void arch_flush_space(struct space *space)
{
    (void)space;
    fake_arch.flushes_space++;
}

void arch_flush_all(void)
{
    fake_arch.flushes_all++;
}

/* ----------------------------------------------------------------- time, waiting */
uint64_t arch_time_ticks(void)
{
    return fake_arch.time_ticks;
}

void arch_timer_set(struct hart *hart, uint64_t deadline_ticks)
{
    (void)hart;
    fake_arch.timer_ticks = deadline_ticks;
}

bool arch_interrupt_pending(void)
{
    return fake_arch.interrupt_pending != NULL && fake_arch.interrupt_pending();
}

void arch_idle(struct hart *hart)
{
    (void)hart;
}

/* --------------------------------------------------------- registers of threads */
void arch_thread_start(struct thread *thread, vaddr_t pc, vaddr_t sp, uint64_t tp, uint64_t a0,
                       uint64_t a1)
{
    memset(thread->registers, 0, sizeof(thread->registers));
    thread->registers[0] = pc.value;
    thread->registers[2] = sp.value;
    thread->registers[4] = tp;
    thread->registers[10] = a0;
    thread->registers[11] = a1;
}

void arch_thread_switch(struct hart *hart, struct thread *from, struct thread *to)
{
    (void)hart;
    (void)from;
    (void)to;
    fake_arch.switches++;
}

uint64_t arch_thread_register(const struct thread *thread, unsigned index)
{
    return index < THREAD_REGISTERS ? thread->registers[index] : 0;
}

/* -------------------------------------------------------------------- interrupts */
unsigned arch_interrupt_source_count(void)
{
    return 64;
}

unsigned arch_interrupt_claim(struct hart *hart)
{
    (void)hart;
    return 0;
}

void arch_interrupt_complete(struct hart *hart, unsigned source)
{
    (void)hart;
    (void)source;
}

void arch_interrupt_mask(unsigned source)
{
    fake_arch.masked[source / 64] |= 1ull << source % 64;
}

void arch_interrupt_unmask(unsigned source)
{
    fake_arch.masked[source / 64] &= ~(1ull << source % 64);
}

/* ----------------------------------------------------------------------- machine */
void arch_console_put(char c)
{
    if (fake_arch.console_bytes + 1 < sizeof(fake_arch.console)) {
        fake_arch.console[fake_arch.console_bytes++] = c;
    }
}

void arch_reset(bool reboot)
{
    (void)reboot;
}

_Noreturn void arch_panic(void)
{
    fprintf(stderr, "%s\n", fake_arch.console);
    abort();
}
