/* test: SMP=1 RUN="audit_busy && memaudit" */
/* test: SMP=1 RUN="audit_busy preempted && memaudit" BOOTARGS="preempt=5,2000" EXPECT="^memaudit: counted 1 times, and each time proc was amid a request: try again$" */
/* one hart: on several, the servers that are not held work on while the audit looks */
/* Under a load of forks an audit finds the servers at rest: it looks first at what they can change
 * while the pager is held. Where others get their turn amid that look, one that may count once only
 * says who was at work, and one that may count again finds everything in order. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { ATTEMPTS = 50, LOADS = 3 };

static int load(void *unused)
{
    (void)unused;
    for (;;) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
}

static int audit_once(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        execvp("memaudit", (char *[]){"memaudit", "0", "1", NULL});
        _exit(127);
    }
    int status = status_of(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
    (void)argv;
    bool preempted = argc > 1;
    pid_t loads[LOADS];
    unsigned agreed = 0, busy = 0;
    for (unsigned i = 0; i < LOADS; i++) {
        loads[i] = child(load, NULL);
    }
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        int status = audit_once();
        agreed += status == 0;
        busy += status == 2;
    }
    check(agreed + busy == ATTEMPTS, "no difference is found: %u audits agreed", agreed);
    check(preempted ? busy > 0 : busy == 0, "%u met a server at work", busy);
    check(audit(NULL) == 0, "an audit that may count again finds everything in order");
    for (unsigned i = 0; i < LOADS; i++) {
        kill(loads[i], SIGKILL);
        (void)dies_of(loads[i], SIGKILL);
    }
    return done();
}
