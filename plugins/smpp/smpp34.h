/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct bytes;
struct pdu;
struct pdu_bind;
struct pdu_submit;

/*
 * The fence around libsmpp34: the only file that sees it.
 *
 * It packs what we send. It also reads a deliver_sm, or a response that says yes, a second time
 * (the session says which: it costs microseconds), but only from a cleaned copy that is rebuilt
 * from what pdu_parse() read: listed TON and NPI only, no times, names of the length it allows,
 * wanted TLVs only and at most sixteen, no message_payload, a NUL behind the end. That reading is a
 * cross-check of ours and nothing more: where the two differ ours stands, because it alone knows
 * the bounds, and the difference is a debug line and a counter.
 */

/* Append a PDU. False, with nothing appended, when libsmpp34 cannot say it (a version other than
 * 3.4, a password of nine characters): pdu_write_bind() can. */
bool smpp34_pack_bind(struct bytes *out, const struct pdu_bind *bind);
/* A message_payload is put behind what libsmpp34 packed, which stops at 1024 octets. */
bool smpp34_pack_submit(struct bytes *out, const struct pdu_submit *submit);

enum smpp34_verdict {
	SMPP34_SAME,
	SMPP34_DIFFERENT, /* it read something else */
	SMPP34_REFUSED,   /* it could not read the cleaned copy */
	SMPP34_UNASKED,   /* nothing that goes there: a status other than 0, another command */
};

/* Compares. *what, if it differs, becomes the static name of the first field that does. */
enum smpp34_verdict smpp34_check(const struct pdu *pdu, const char **what);

/* The cleaned copy of a deliver_sm, as smpp34_check() gives it to libsmpp34; for tests. */
void smpp34_clean(const struct pdu *pdu, struct bytes *out);
