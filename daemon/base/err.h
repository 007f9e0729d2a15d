/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * An error of life: a peer, the database, the input. The lowest layer that
 * knows what went wrong fills it once; whoever decides logs it once. Functions
 * that can fail so return false and fill *err; err may not be NULL.
 *
 * The form of the text is PostgreSQL's: lowercase, no full stop, the cause and,
 * where there is one, the cure: "cannot read /etc/hailand.conf: permission
 * denied; run as root or chmod g+r".
 */
struct err {
	char text[512];
};

/* Fills *err. Always returns false, so that "return err_set(…)" reads well. */
bool err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before what *err says. Always returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
