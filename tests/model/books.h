/* The audit of the books: recounts everything from the tables, on its own, and compares.
 *
 *   - a table's count is the number of entries that name it, and a root's binding      (law 6, T2)
 *   - a frame's count is the leaf and hidden entries, cache slots and fixed uses       (law 6, F1)
 *   - free frames and free tables are counted right, free table memory is zero         (law 7, T5)
 *   - entries: kinds, levels, A and D preset, W never with X                           (T1, T3, T4)
 *   - each space: entries within their region's rights, W only where nobody else sees  (C2..C4)
 *   - what processes see through the tables is what the oracle says, lazy paths included
 *   - promises and regions sum up                                                      (P2, G1..G5)
 */
#ifndef TESTS_MODEL_BOOKS_H
#define TESTS_MODEL_BOOKS_H

#include <stdint.h>

void books_check(void);          /* fails the run on a difference */
void books_check_promises(void); /* the part of it that adds up what is owed */
void books_check_empty(void);    /* nothing lives any more: all that was lent has come back */
void books_open(void);           /* note what is free at the start, for books_check_empty */

#endif
