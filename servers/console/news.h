/* What proc has to say (its requests next_gone, next_message, next_power), asked after its signal.
 *
 *   N1  A message of proc is written as a session of its own, piece by piece; the next piece is
 *       asked for when the one before is out.
 *   N2  A wish for power: what is queued goes out, then the frame is closed, then init is asked.
 */
#ifndef CONSOLE_NEWS_H
#define CONSOLE_NEWS_H

#include <stdbool.h>
#include <stdint.h>

void news_init(bool framed, uint64_t timebase_hz);
void news_signalled(void); /* proc has signalled */
void news_run(void);       /* after output moved: go on with N1 and N2 */

#endif
