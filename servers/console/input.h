/* Input: typed bytes through the line discipline to whoever waits, first come first served, and ^C
 * to the foreground.
 *
 *   I1  A reader is answered when there is a line (or the end of input) and no reader before it.
 *   I2  A reader that has gone loses nothing: what it would have got goes to the next.
 *   I3  ^C ends the foreground process, with its tree if it leads one. Without a foreground the
 *       readers are answered INTERRUPTED (the shell then gives a new prompt); without readers, too,
 *       the shell is between two commands, and the next foreground has it.
 *   I4  Only the leader, the first session that names a foreground and is still there, names one.
 */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include "session.h"

void input_init(bool framed);
void input_type(uint8_t byte);
/* True: answered at once, job->done bytes stand where they belong. Else the job waits. */
bool input_read(struct job *job);
void input_forget(struct session *session); /* it goes */
[[nodiscard]] err_t input_set_foreground(struct session *session, uint64_t pid);
/* False: what came now might be refused, and nobody would hear the bell (a run). */
bool input_has_room(void);
uint64_t input_attributes(void);
[[nodiscard]] err_t input_set_attributes(uint64_t attributes);

#endif
