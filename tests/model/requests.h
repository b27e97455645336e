/* The requests that simulated programs and proc make of the pager, and what the oracle says their
 * answers must be. */
#ifndef TESTS_MODEL_REQUESTS_H
#define TESTS_MODEL_REQUESTS_H

void requests_start(void); /* the account, and the first process */
void requests_stop(void);  /* the account goes */
void requests_step(void);  /* one random request */

#endif
