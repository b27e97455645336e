/* poweroff: stop the machine; -r starts it again.
 * An argument becomes the machine's exit status where it has one (QEMU). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <byre/gen/names.h>
#include <byre/gen/proc_client.h>
#include <byre/program.h>

enum { POWER_OFF = 0, POWER_RESTART = 1 };

int main(int argc, char **argv)
{
    int restart = argc > 1 && strcmp(argv[1], "-r") == 0;
    unsigned long status = argc > 1 + restart ? strtoul(argv[1 + restart], NULL, 10) : 0;
    err_t error = proc_power(PROGRAM_SLOT_PROC, restart ? POWER_RESTART : POWER_OFF, status & 0xff);
    if (error != ERR_OK) {
        fprintf(stderr, "poweroff: %s\n", err_name(error));
        return 1;
    }
    return 0;
}
