/* SPDX-License-Identifier: BSD-2-Clause */
/* User data headers and SAR: which part of which long message this is. */
#include "udh.h"

#include <string.h>

enum {
	IE_CONCATENATED_8 = 0x00,
	IE_PORTS_8 = 0x04,
	IE_PORTS_16 = 0x05,
	IE_CONCATENATED_16 = 0x08,
	IE_SINGLE_SHIFT = 0x24,
	IE_LOCKING_SHIFT = 0x25,
};

/* A set of one part is a whole message; numbers that cannot be are one too, and are flagged. */
static void
set_part(struct udh *out, char kind, unsigned reference, unsigned total, unsigned number)
{
	out->kind = 0;
	if (total == 0 || number == 0 || number > total) {
		out->odd = true;
		return;
	}
	if (total == 1)
		return;
	out->kind = kind;
	out->reference = (uint16_t)reference;
	out->total = (uint8_t)total;
	out->number = (uint8_t)number;
}

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
set_ports(struct udh *out, unsigned destination, unsigned source)
{
	out->has_ports = true;
	out->destination_port = (uint16_t)destination;
	out->source_port = (uint16_t)source;
}

/* Takes one element; false when a known one has a wrong length. Unknown ones are skipped. */
static bool
take_element(unsigned id, const uint8_t *v, size_t len, struct udh *out)
{
	switch (id) {
	case IE_CONCATENATED_8:
		if (len != 3)
			return false;
		set_part(out, '8', v[0], v[1], v[2]);
		return true;
	case IE_CONCATENATED_16:
		if (len != 4)
			return false;
		set_part(out, 'F', be16(v), v[2], v[3]);
		return true;
	case IE_PORTS_8:
		if (len != 2)
			return false;
		set_ports(out, v[0], v[1]);
		return true;
	case IE_PORTS_16:
		if (len != 4)
			return false;
		set_ports(out, be16(v), be16(v + 2));
		return true;
	case IE_SINGLE_SHIFT:
	case IE_LOCKING_SHIFT:
		if (len != 1)
			return false;
		*(id == IE_SINGLE_SHIFT ? &out->single : &out->locking) = v[0];
		return true;
	default:
		return true;
	}
}

bool
udh_parse(const uint8_t *data, size_t len, struct udh *out)
{
	const uint8_t *at, *end;

	memset(out, 0, sizeof(*out));
	if (len < 1 || data[0] > len - 1)
		return false;
	out->octets = (size_t)data[0] + 1;
	at = data + 1;
	end = data + out->octets;
	while (end - at >= 2) {
		unsigned id = at[0];
		size_t element = at[1];
		if ((size_t)(end - at) - 2 < element) {
			out->odd = true;
			return true;
		}
		if (!take_element(id, at + 2, element, out))
			out->odd = true;
		at += 2 + element;
	}
	if (at != end)
		out->odd = true;
	return true;
}

void
udh_from_sar(uint16_t reference, uint8_t total, uint8_t number, struct udh *out)
{
	memset(out, 0, sizeof(*out));
	set_part(out, 'S', reference, total, number);
}

size_t
udh_build(uint8_t out[UDH_LONGEST], unsigned reference_bits, unsigned reference, unsigned total,
    unsigned number)
{
	size_t at = 1;

	if (reference_bits == 16) {
		out[at++] = IE_CONCATENATED_16;
		out[at++] = 4;
		out[at++] = (uint8_t)(reference >> 8);
	} else {
		out[at++] = IE_CONCATENATED_8;
		out[at++] = 3;
	}
	out[at++] = (uint8_t)reference;
	out[at++] = (uint8_t)total;
	out[at++] = (uint8_t)number;
	out[0] = (uint8_t)(at - 1);
	return at;
}

unsigned
udh_fill_bits(size_t octets)
{
	return (unsigned)((7 - octets * 8 % 7) % 7);
}
