/* SPDX-License-Identifier: BSD-2-Clause */
/* User data headers: what is read keeps its promises; and unpacking of what follows. */
#include "plugins/smpp/coding.h"
#include "plugins/smpp/udh.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1), *septets = malloc(size * 8 / 7 + 1);
	struct udh udh;
	struct coding coding;

	if (size > 0)
		memcpy(exact, data, size);
	if (udh_parse(exact, size, &udh)) {
		if (udh.octets > size || udh.octets == 0)
			abort();
		if (udh.kind != 0 && (udh.total < 2 || udh.number < 1 || udh.number > udh.total))
			abort();
		coding_of(exact[0], CODING_GSM7_PACKED, &udh, &coding);
		if (coding_unpack(exact + udh.octets, size - udh.octets, udh_fill_bits(udh.octets),
			septets) > size * 8 / 7)
			abort();
	}
	free(septets);
	free(exact);
	return 0;
}
