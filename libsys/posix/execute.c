/* exec, spawn and system: the argument block is built here; the pager copies it to the new stack.
 * Programs are named by their path in the boot archive. Contract: POSIX; file actions are not there
 * yet (ENOSYS), and of the attributes only SETPGROUP is heard: the child begins a tree of its
 * own. */
#define _GNU_SOURCE /* execvpe */
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "posix.h"

extern char **environ;

enum { STATUS_NO_SHELL = 127 };

struct __posix_spawnattr {
    short flags;
};

/* On the caller's stack, which is there already; what is bigger is built in memory of its own. */
enum { SMALL_BLOCK_BYTES = 512 };

struct launch {
    uint64_t path[ARGUMENTS_PATH_BYTES / 8];
    void *block;
    size_t bytes;
    uint64_t small_block[SMALL_BLOCK_BYTES / 8];
};

/* The path without slashes before it, its end filled with zeroes. */
static int path_pack(const char *path, uint64_t words[ARGUMENTS_PATH_BYTES / 8])
{
    char *packed = (char *)words;
    size_t length = 0;
    while (*path == '/') {
        path++;
    }
    for (unsigned i = 0; i < ARGUMENTS_PATH_BYTES / 8; i++) {
        words[i] = 0;
    }
    for (; path[length] != '\0'; length++) {
        if (length == ARGUMENTS_PATH_BYTES - 1) {
            return ENOENT;
        }
        packed[length] = path[length];
    }
    return length == 0 ? ENOENT : 0;
}

/* 0 or an errno number. */
static int launch_begin(struct launch *launch, const char *path, char *const argv[],
                        char *const envp[])
{
    int result = path_pack(path, launch->path);
    if (result != 0) {
        return result;
    }
    launch->bytes = arguments_bytes((const char *const *)argv, (const char *const *)envp);
    if (launch->bytes == 0) {
        return E2BIG;
    }
    launch->block = launch->small_block;
    if (launch->bytes > sizeof(launch->small_block)) {
        launch->block =
            mmap(NULL, launch->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (launch->block == MAP_FAILED) {
        return ENOMEM;
    }
    struct argument_block *block = launch->block;
    arguments_build(block, (const char *const *)argv, (const char *const *)envp,
                    posix_facts.timebase_hz);
    posix_files_pass(block->files);
    return 0;
}

static void launch_end(struct launch *launch)
{
    if (launch->block != launch->small_block) {
        (void)munmap(launch->block, launch->bytes);
    }
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    struct launch launch;
    int result = launch_begin(&launch, path, argv, envp);
    if (result == 0) {
        const uint64_t *p = launch.path;
        result = posix_errno(proc_exec(PROGRAM_SLOT_PROC, p[0], p[1], p[2], p[3],
                                       (uintptr_t)launch.block, launch.bytes));
        launch_end(&launch);
    }
    errno = result;
    return -1;
}

int posix_spawn(pid_t *pid_out, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    if (actions != NULL && *actions != NULL) {
        return ENOSYS;
    }
    bool tree = attributes != NULL && *attributes != NULL &&
                ((*attributes)->flags & POSIX_SPAWN_SETPGROUP) != 0;
    struct launch launch;
    int result = launch_begin(&launch, path, argv, envp);
    if (result != 0) {
        return result;
    }
    uint64_t pid;
    const uint64_t *p = launch.path;
    result =
        posix_errno(proc_spawn(PROGRAM_SLOT_PROC, p[0], p[1], p[2], p[3], (uintptr_t)launch.block,
                               launch.bytes, tree ? SPAWN_TREE : 0, &pid));
    launch_end(&launch);
    if (result == 0 && pid_out != NULL) {
        *pid_out = (pid_t)pid;
    }
    return result;
}

/* A name without a slash is looked for in bin/, the only folder of programs. */
static const char *program_path(const char *file, char path[ARGUMENTS_PATH_BYTES])
{
    if (strchr(file, '/') != NULL || strlen(file) + sizeof("bin/") > ARGUMENTS_PATH_BYTES) {
        return file;
    }
    strcpy(path, "bin/");
    return strcat(path, file);
}

int posix_spawnp(pid_t *pid_out, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    char path[ARGUMENTS_PATH_BYTES];
    return posix_spawn(pid_out, program_path(file, path), actions, attributes, argv, envp);
}

int posix_spawnattr_init(posix_spawnattr_t *attributes)
{
    *attributes = calloc(1, sizeof(**attributes));
    return *attributes != NULL ? 0 : ENOMEM;
}

int posix_spawnattr_destroy(posix_spawnattr_t *attributes)
{
    free(*attributes);
    return 0;
}

int posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags)
{
    (*attributes)->flags = flags;
    return 0;
}

/* One line for the shell. Its wait status; that of exit(127) when no shell could be started. */
int system(const char *line)
{
    if (line == NULL) {
        return 1; /* there is a shell */
    }
    pid_t pid;
    int status;
    char *arguments[] = {"sh", "-c", (char *)line, NULL};
    int error = posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);
    if (error == ENOENT) {
        return STATUS_NO_SHELL << 8;
    }
    if (error != 0) {
        errno = error;
        return -1;
    }
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* -------------------------------------------------------------------- the family of exec */

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    char path[ARGUMENTS_PATH_BYTES];
    return execve(program_path(file, path), argv, envp);
}

int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

enum { LIST_ARGUMENTS_MAX = 64 };

/* execl's arguments, up to a NULL; false: too many. */
static bool list_collect(char *argv[LIST_ARGUMENTS_MAX], const char *first, va_list list)
{
    size_t count = 0;
    for (const char *next = first; next != NULL; next = va_arg(list, const char *)) {
        if (count == LIST_ARGUMENTS_MAX - 1) {
            errno = E2BIG;
            return false;
        }
        argv[count++] = (char *)next;
    }
    argv[count] = NULL;
    return true;
}

int execl(const char *path, const char *first, ...)
{
    char *argv[LIST_ARGUMENTS_MAX];
    va_list list;
    va_start(list, first);
    bool fits = list_collect(argv, first, list);
    va_end(list);
    return fits ? execv(path, argv) : -1;
}

int execlp(const char *file, const char *first, ...)
{
    char *argv[LIST_ARGUMENTS_MAX];
    va_list list;
    va_start(list, first);
    bool fits = list_collect(argv, first, list);
    va_end(list);
    return fits ? execvp(file, argv) : -1;
}

int execle(const char *path, const char *first, ...)
{
    char *argv[LIST_ARGUMENTS_MAX];
    va_list list;
    va_start(list, first);
    bool fits = list_collect(argv, first, list);
    char **envp = fits ? va_arg(list, char **) : NULL;
    va_end(list);
    return fits ? execve(path, argv, envp) : -1;
}
