/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of receipts, and the same octets as an address. */
#include "plugins/smpp/address.h"
#include "plugins/smpp/pdu.h"
#include "plugins/smpp/receipt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);
	struct pdu pdu = {
		.frame.id = PDU_DELIVER_SM, .esm_class = 4, .message = exact, .message_len = size
	};
	struct receipt receipt;
	struct address address;
	struct address_wire wire;
	char text[PDU_ADDRESS];
	size_t len = size < PDU_ADDRESS - 1 ? size : PDU_ADDRESS - 1;

	if (size > 0)
		memcpy(exact, data, size);
	if (receipt_parse(&pdu, &receipt) && strpbrk(receipt.id, ", \n") != NULL)
		abort();
	memcpy(text, exact, len);
	text[len] = '\0';
	address_read(text, size > 0 ? exact[0] & 7 : 0, "86", true, &address);
	if (strlen(address.text) > 64)
		abort();
	address_write(address.text, ADDRESS_FORM_NATIONAL, "86", -1, -1, &wire);
	free(exact);
	return 0;
}
