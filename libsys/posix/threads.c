/* Threads: create, join, detach, exit, keys, once. Contract: <pthread.h>, thread.h. */
#include "thread.h"

#include <errno.h>
#include <picolibc.h>
#include <picotls.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <libsys/time.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>
#include <byre/table.h>

#include "lock.h"
#include "posix.h"

enum { STACK_BYTES = 64 * 1024, TLS_ALIGN = 16, GUARD_BYTES = PAGE_BYTES };

static struct pthread main_thread = {.park = PROGRAM_SLOT_PARK, .ready = 1};
static __thread struct pthread *thread_self;

static uint32_t threads_guard; /* N2, N3, living */
static unsigned living = 1;
static struct pthread *graveyard;

static struct {
    bool used;
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];
static uint32_t keys_guard;

void posix_threads_start(void)
{
    thread_self = &main_thread;
}

bool posix_thread_is_alone(void)
{
    return living == 1 && thread_self == &main_thread && graveyard == NULL && threads_guard == 0 &&
           keys_guard == 0;
}

/* The caller of fork is the only thread left, and it is the child's main thread to proc. */
void posix_threads_forked(void)
{
    posix_fork_epoch++;
    threads_guard = 0;
    keys_guard = 0;
    living = 1;
    graveyard = NULL;
    thread_self->id = 0;
    thread_self->park = PROGRAM_SLOT_PARK;
    thread_self->joiner = NULL;
}

pthread_t pthread_self(void)
{
    return thread_self;
}

int pthread_equal(pthread_t one, pthread_t other)
{
    return one == other;
}

/* ---------------------------------------------------------------------------------- create */

static void bury(struct pthread *thread)
{
    while (__atomic_load_n(&thread->gone, __ATOMIC_ACQUIRE) == 0) {
        (void)!byre_yield(); /* between its last lock and its last store */
    }
    if (thread->mapping != NULL) {
        (void)munmap(thread->mapping, thread->mapping_bytes);
    }
}

static void graveyard_empty(void)
{
    posix_guard_acquire(&threads_guard);
    struct pthread *list = graveyard;
    graveyard = NULL;
    posix_guard_release(&threads_guard);
    while (list != NULL) {
        struct pthread *next = list->next;
        bury(list);
        list = next;
    }
}

/* Record at the top, local storage below it, stack below that, one page without rights at the
 * bottom. */
static struct pthread *thread_make(size_t stack_bytes, void **local_out)
{
    size_t align = _tls_align() > TLS_ALIGN ? _tls_align() : TLS_ALIGN;
    size_t bytes = GUARD_BYTES + stack_bytes + sizeof(struct pthread) + _tls_size() + align;
    bytes = (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    char *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return NULL;
    }
    (void)mprotect(mapping, GUARD_BYTES, PROT_NONE);
    struct pthread *thread = (struct pthread *)(mapping + bytes - sizeof(struct pthread));
    thread->mapping = mapping;
    thread->mapping_bytes = bytes;
    uintptr_t local = ((uintptr_t)thread - _tls_size()) & ~(uintptr_t)(align - 1);
    _init_tls((void *)local);
    uintptr_t here;
    __asm__("mv %0, tp" : "=r"(here));
    uintptr_t offset = (uintptr_t)&thread_self - here;
    *(struct pthread **)(local + offset) = thread;
    *local_out = (void *)local;
    return thread;
}

int pthread_create(pthread_t *thread_out, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    size_t stack_bytes =
        attributes != NULL && attributes->stack_bytes != 0 ? attributes->stack_bytes : STACK_BYTES;
    graveyard_empty();
    void *local;
    struct pthread *thread = thread_make(stack_bytes, &local);
    if (thread == NULL) {
        return EAGAIN;
    }
    thread->start = start;
    thread->argument = argument;
    thread->detached = attributes != NULL && attributes->detached != 0;
    posix_guard_acquire(&threads_guard);
    living++;
    posix_guard_release(&threads_guard);
    uint64_t park;
    err_t error =
        proc_thread_create(PROGRAM_SLOT_PROC, (uintptr_t)posix_thread_entry, (uintptr_t)local,
                           (uintptr_t)local, (uintptr_t)thread, &thread->id, &park);
    if (error != ERR_OK) {
        posix_guard_acquire(&threads_guard);
        living--;
        posix_guard_release(&threads_guard);
        (void)munmap(thread->mapping, thread->mapping_bytes);
        return EAGAIN;
    }
    *thread_out = thread; /* before ready: a detached thread may be gone right after */
    thread->park = (cap_t)park;
    __atomic_store_n(&thread->ready, 1, __ATOMIC_RELEASE);
    return 0;
}

void posix_thread_main(struct pthread *self)
{
    while (__atomic_load_n(&self->ready, __ATOMIC_ACQUIRE) == 0) {
        (void)!byre_yield();
    }
    pthread_exit(self->start(self->argument));
}

/* Runs the destructors of the calling thread's keys. */
static void keys_destroy(struct pthread *self)
{
    bool again = true;
    for (int round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
        again = false;
        for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
            const void *value = self->keys[i];
            if (value == NULL || keys[i].destructor == NULL) {
                continue;
            }
            self->keys[i] = NULL;
            keys[i].destructor((void *)value);
            again = true;
        }
    }
}

/* ----------------------------------------------------------------------------------- leave */

void pthread_exit(void *value)
{
    struct pthread *self = thread_self;
    keys_destroy(self);
    self->value = value;
    posix_guard_acquire(&threads_guard);
    if (--living == 0) {
        posix_guard_release(&threads_guard);
        exit(0);
    }
    self->leaving = true;
    cap_t park = self->joiner != NULL ? self->joiner->park : 0;
    if (self->detached) {
        self->next = graveyard;
        graveyard = self;
    }
    posix_guard_release(&threads_guard);
    posix_thread_leave(&self->gone, park, self->id, SYS_SIGNAL, SYS_CALL, PROGRAM_SLOT_PROC,
                       PROC_THREAD_EXIT);
}

int pthread_join(pthread_t thread, void **value)
{
    struct pthread *self = thread_self;
    if (thread == self) {
        return EDEADLK;
    }
    posix_guard_acquire(&threads_guard);
    if (thread->detached || thread->joiner != NULL) {
        posix_guard_release(&threads_guard);
        return EINVAL;
    }
    thread->joiner = self;
    bool leaving = thread->leaving;
    posix_guard_release(&threads_guard);
    while (!leaving && __atomic_load_n(&thread->gone, __ATOMIC_ACQUIRE) == 0) {
        uint64_t bits;
        (void)!byre_wait(self->park, TIME_FOREVER, &bits);
    }
    while (__atomic_load_n(&thread->gone, __ATOMIC_ACQUIRE) == 0) {
        (void)!byre_yield();
    }
    if (value != NULL) {
        *value = thread->value;
    }
    bury(thread);
    return 0;
}

int pthread_detach(pthread_t thread)
{
    posix_guard_acquire(&threads_guard);
    if (thread->detached || thread->joiner != NULL) {
        posix_guard_release(&threads_guard);
        return EINVAL;
    }
    thread->detached = true;
    if (thread->leaving) {
        thread->next = graveyard;
        graveyard = thread;
    }
    posix_guard_release(&threads_guard);
    return 0;
}

int pthread_once(pthread_once_t *once, void (*routine)(void))
{
    if (__atomic_load_n(&once->done, __ATOMIC_ACQUIRE) != 0) {
        return 0;
    }
    pthread_mutex_lock(&once->mutex);
    if (once->done == 0) {
        routine();
        __atomic_store_n(&once->done, 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&once->mutex);
    return 0;
}

/* ------------------------------------------------------------------------------------ keys */

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    posix_guard_acquire(&keys_guard);
    for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
        if (!keys[i].used) {
            keys[i].used = true;
            keys[i].destructor = destructor;
            thread_self->keys[i] = NULL;
            posix_guard_release(&keys_guard);
            *key = i;
            return 0;
        }
    }
    posix_guard_release(&keys_guard);
    return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used) {
        return EINVAL;
    }
    keys[key].used = false;
    keys[key].destructor = NULL;
    return 0;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used) {
        return EINVAL;
    }
    thread_self->keys[key] = value;
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    return key < PTHREAD_KEYS_MAX ? (void *)thread_self->keys[key] : NULL;
}
