/* arch.h on the host; see fake_arch.h. */
#include "kernel/fake_arch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch_message.h"
#include "core/hart.h"
#include "core/panic.h"
#include "core/space.h"
#include "core/syscall.h"
#include "core/thread.h"

enum { FAKE_PATTERN = 0xa5, ROOT_KERNEL_MARK = 0xc0ffee01 };

struct fake_arch fake;
static char *memory; /* chunk-aligned */
static char *mapping;

static const size_t memory_bytes = (size_t)FAKE_CHUNKS * CHUNK_BYTES;

static char *chunk_memory(frame_t first)
{
    return memory + ((first.number << PAGE_SHIFT) - FAKE_RAM);
}

void fake_arch_start(void)
{
    mapping = mmap(NULL, memory_bytes + CHUNK_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) {
        abort();
    }
    memory = (char *)(((uint64_t)mapping + CHUNK_BYTES - 1) & ~(uint64_t)(CHUNK_BYTES - 1));
    mprotect(memory, memory_bytes, PROT_NONE);
    fake = (struct fake_arch){.random = 88172645463325252u, .time_ticks = 1000};
}

void fake_arch_stop(void)
{
    munmap(mapping, memory_bytes + CHUNK_BYTES);
}

uint64_t fake_random(void)
{
    fake.random ^= fake.random << 13;
    fake.random ^= fake.random >> 7;
    fake.random ^= fake.random << 17;
    return fake.random;
}

/* ---------------------------------------------------------------------- memory */
void *arch_window(paddr_t address)
{
    return (void *)((uint64_t)memory + address.value - FAKE_RAM);
}

static void set_open(frame_t first, bool is_open)
{
    unsigned chunk = (unsigned)(((first.number << PAGE_SHIFT) - FAKE_RAM) >> CHUNK_SHIFT);

    if (chunk >= FAKE_CHUNKS || fake.is_open[chunk] == is_open) {
        fprintf(stderr, "window of chunk %u: opened or closed twice\n", chunk);
        abort();
    }
    fake.is_open[chunk] = is_open;
    if (is_open) {
        mprotect(chunk_memory(first), CHUNK_BYTES, PROT_READ | PROT_WRITE);
    } else {
        mprotect(chunk_memory(first), CHUNK_BYTES, PROT_NONE);
    }
}

void arch_window_open(frame_t chunk_first)
{
    set_open(chunk_first, true);
    memset(chunk_memory(chunk_first), FAKE_PATTERN, CHUNK_BYTES); /* what the user left there */
}

void arch_window_close(frame_t chunk_first)
{
    set_open(chunk_first, false);
}

void arch_root_fill(uint64_t *root_entries)
{
    for (unsigned i = ROOT_USER_ENTRIES; i < TABLE_ENTRIES; i++) {
        root_entries[i] = ROOT_KERNEL_MARK;
    }
}

void arch_root_clear(uint64_t *root_entries)
{
    for (unsigned i = ROOT_USER_ENTRIES; i < TABLE_ENTRIES; i++) {
        root_entries[i] = 0;
    }
}

/* ---------------------------------------------------------------------- spaces */
void arch_space_load(struct hart *hart, struct space *space)
{
    (void)hart;
    (void)space;
    fake.space_loads++;
}

void arch_space_leave(void)
{
}

void arch_flush_page(struct space *space, vaddr_t address)
{
    arch_flush_pages(space, address, 1);
}

void arch_flush_pages(struct space *space, vaddr_t first, uint64_t pages)
{
    (void)space;
    fake.flushes_page++;
    fake.last_flush_address = first.value;
    fake.last_flush_pages = pages;
    fake.watched_at_flush = fake.watched != NULL ? *fake.watched : 0;
}

void arch_flush_space(struct space *space)
{
    (void)space;
    fake.flushes_space++;
}

void arch_flush_all(void)
{
    fake.flushes_all++;
}

/* ----------------------------------------------------------------------- harts */
struct hart *arch_this_hart(void)
{
    return fake.hart;
}

void arch_notify(struct hart *hart)
{
    fake.notified |= UINT64_C(1) << hart->index;
    fake.notices++;
}

void arch_stop_others(void)
{
}

void arch_fence_code(void)
{
    fake.code_fences++;
}

/* ------------------------------------------------------------------------ time */
uint64_t arch_time_ticks(void)
{
    return fake.time_ticks;
}

void arch_timer_set(uint64_t deadline_ticks)
{
    fake.timer_ticks = deadline_ticks;
}

bool arch_interrupt_pending(void)
{
    return fake.pending_one_in != 0 && fake_random() % fake.pending_one_in == 0;
}

void arch_idle(void)
{
}

/* --------------------------------------------------------------------- threads */
void arch_thread_start(struct thread *thread, vaddr_t pc, vaddr_t sp, uint64_t tp, uint64_t a0,
                       uint64_t a1)
{
    thread->registers[REGISTER_PC] = pc.value;
    thread->registers[REGISTER_SP] = sp.value;
    thread->registers[4] = tp;
    thread->registers[REGISTER_A0] = a0;
    thread->registers[REGISTER_A1] = a1;
}

void arch_float_switch(struct hart *hart, struct thread *to)
{
    (void)hart;
    (void)to;
    fake.switches++;
}

void arch_keep_temporaries(struct thread *caller)
{
    (void)caller; /* they never left registers[] */
}

uint64_t arch_accept_slot(const struct thread *caller)
{
    return caller->registers[REGISTER_T4];
}

uint64_t message_index, message_label, message_words[4], message_descriptor;
struct thread *message_caller;
struct hart *message_hart;

static struct thread *resume(struct thread *to, const uint64_t a[8], const struct thread *long_from)
{
    static const uint8_t rest[] = {REGISTER_T0, REGISTER_T1, REGISTER_T2, REGISTER_T3};
    uint64_t *r = to->registers;

    memcpy(&r[REGISTER_A0], a, 8 * sizeof(a[0]));
    for (unsigned i = 0; i < 4; i++) {
        r[rest[i]] = long_from != NULL ? long_from->registers[rest[i]] : 0;
    }
    r[REGISTER_T4] = r[REGISTER_T5] = r[REGISTER_T6] = r[REGISTER_RA] = 0;
    return to;
}

struct thread *arch_resume_message(struct thread *to, uint64_t label, uint64_t w0, uint64_t w1,
                                   uint64_t w2, uint64_t w3, uint64_t badge, uint64_t info)
{
    return resume(to, (uint64_t[]){ERR_OK, label, w0, w1, w2, w3, badge, info}, NULL);
}

struct thread *arch_message_resume(struct thread *to, uint64_t badge, uint64_t info, bool is_long)
{
    const uint64_t *w = message_words;

    return resume(to, (uint64_t[]){ERR_OK, message_label, w[0], w[1], w[2], w[3], badge, info},
                  is_long ? message_caller : NULL);
}

void fake_end_call(struct thread *caller)
{
    memset(&caller->registers[REGISTER_A2], 0, 6 * sizeof(uint64_t));
}

/* ------------------------------------------------------------------ interrupts */
unsigned arch_interrupt_source_count(void)
{
    return FAKE_SOURCES;
}

unsigned arch_interrupt_take(struct hart *hart)
{
    unsigned source = fake.claim;

    (void)hart;
    fake.claim = 0;
    fake.is_masked[source] = true;
    return source;
}

void arch_interrupt_mask(unsigned source)
{
    fake.is_masked[source] = true;
}

void arch_interrupt_unmask(struct hart *hart, unsigned source)
{
    fake.arrives_at[source] = hart;
    fake.is_masked[source] = false;
}

/* --------------------------------------------------------------------- machine */
void arch_console_put(char c)
{
    if (fake.log_bytes == FAKE_LOG_BYTES - 1) { /* the newer half stays */
        memmove(fake.log, fake.log + FAKE_LOG_BYTES / 2, FAKE_LOG_BYTES / 2);
        fake.log_bytes = FAKE_LOG_BYTES / 2 - 1;
    }
    fake.log[fake.log_bytes++] = c == 0 ? 1 : c;
    fake.log[fake.log_bytes] = '\0';
}

void arch_reset(bool reboot)
{
    (void)reboot;
}

_Noreturn void arch_panic(void)
{
    fputs(fake.log, stderr);
    abort();
}
