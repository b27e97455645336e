/* A boot archive with one member, bin/tool: an ELF with one page of text. */
#ifndef TESTS_HOST_PROC_TOOL_ARCHIVE_H
#define TESTS_HOST_PROC_TOOL_ARCHIVE_H

void tool_archive_make(void); /* proc finds its programs there from now on */

#endif
