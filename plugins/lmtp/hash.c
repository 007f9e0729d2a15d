/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file of this plugin that knows the library of hashes. */
#include "hash.h"

#include "../common/bytes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 1 << 20 };

void
hash_two(const void *a, size_t a_len, const void *b, size_t b_len, bool b_mapped,
    uint8_t out[HASH_LENGTH])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint64_t len = a_len;
	bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(c, &len, sizeof(len)) == 1 && EVP_DigestUpdate(c, a, a_len) == 1;

	for (size_t at = 0; ok && at < b_len; at += WINDOW) {
		const char *window = (const char *)b + at;
		size_t n = b_len - at < WINDOW ? b_len - at : WINDOW;
		ok = EVP_DigestUpdate(c, window, n) == 1;
		if (b_mapped)
			bytes_forget(window, n);
	}
	if (!ok || EVP_DigestFinal_ex(c, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(c);
}

void
hash_keyed(const char *key, const char *text, uint8_t out[HASH_LENGTH])
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text),
		out, &len) == NULL ||
	    len != HASH_LENGTH)
		abort();
}

int
hash_compare(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len);
}
