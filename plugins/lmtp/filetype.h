/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/* The media type of contents by their bytes, whatever their sender called them; "text/plain" for
 * what is UTF-8 or ASCII without control bytes, else "application/octet-stream". Static. */
const char *filetype(const void *data, size_t len);
