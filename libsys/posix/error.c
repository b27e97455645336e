/* errno numbers for the errors of kernel and servers. Numbers are picolibc's (newlib's). */
#include <errno.h>

#include <byre/gen/console.h>
#include <byre/gen/pager.h>
#include <byre/gen/proc.h>

#include "posix.h"

int posix_errno(err_t error)
{
    switch ((unsigned)error) {
    case ERR_OK:
        return 0;
    case PROC_ERR_AGAIN:
        return EAGAIN;
    case PROC_ERR_NOMEM:
        return ENOMEM;
    case PROC_ERR_CHILD:
        return ECHILD;
    case PROC_ERR_SRCH:
        return ESRCH;
    case PROC_ERR_PERM:
    case PROC_ERR_DENIED:
    case ERR_RIGHTS:
        return EPERM;
    case PROC_ERR_INVAL:
    case ERR_ARGUMENT:
    case ERR_ALIGN:
        return EINVAL;
    case PROC_ERR_NOENT:
        return ENOENT;
    case PROC_ERR_NOEXEC:
        return ENOEXEC;
    case PROC_ERR_2BIG:
        return E2BIG;
    case PAGER_ERR_EXIST:
        return EEXIST;
    case PAGER_ERR_ACCES:
        return EACCES;
    case PAGER_ERR_FAULT:
        return EFAULT;
    case CONSOLE_ERR_INTERRUPTED:
        return EINTR;
    case ERR_TIMEOUT:
        return ETIMEDOUT;
    case ERR_WOULD_BLOCK:
        return EAGAIN;
    case ERR_SYSCALL:
    case ERR_UNSUPPORTED:
        return ENOSYS;
    default:
        return EIO; /* a server has gone, or broke its protocol */
    }
}

int posix_fail(err_t error)
{
    errno = posix_errno(error);
    return -1;
}
