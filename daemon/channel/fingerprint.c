/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file of the runtime that knows the library of hashes. */
#include "channel/fingerprint.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

enum { SMALL_BYTES = 4096, WINDOW_BYTES = 65536 };

/* The algorithm and its state are kept: looking one up and making the other cost more than hashing
 * a message. */
static EVP_MD_CTX *
begin(void)
{
	static EVP_MD_CTX *context;
	static EVP_MD *sha256;
	int ok;

	if (context == NULL) {
		context = EVP_MD_CTX_new();
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	ok = context != NULL && sha256 != NULL && EVP_DigestInit_ex(context, sha256, NULL) == 1;
	assert(ok);
	(void)ok;
	return context;
}

static bool
update(EVP_MD_CTX *context, const void *data, size_t len)
{
	return len == 0 || EVP_DigestUpdate(context, data, len) == 1;
}

/* Small pieces are gathered, because one update is cheaper than one for each. */
void
fingerprint(const struct fingerprint_piece *pieces, size_t count, uint8_t out[FINGERPRINT_BYTES])
{
	static struct buffer gathered;
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = begin();
	bool ok = true;

	buffer_reset(&gathered);
	for (size_t i = 0; i < count; i++) {
		buffer_add_be32(&gathered, (uint32_t)pieces[i].len);
		if (pieces[i].len <= SMALL_BYTES) {
			buffer_add(&gathered, pieces[i].data, pieces[i].len);
			continue;
		}
		ok = ok && update(context, gathered.data, gathered.len) &&
		     update(context, pieces[i].data, pieces[i].len);
		buffer_reset(&gathered);
	}
	ok = ok && update(context, gathered.data, gathered.len) &&
	     EVP_DigestFinal_ex(context, digest, NULL) == 1;
	assert(ok);
	(void)ok;
	memcpy(out, digest, FINGERPRINT_BYTES);
}

void
fingerprint_content(const void *data, size_t len, uint8_t out[HASH_BYTES])
{
	unsigned n = 0;
	int ok = EVP_Digest(data, len, out, &n, EVP_sha256(), NULL);

	assert(ok == 1 && n == HASH_BYTES);
	(void)ok;
}

bool
fingerprint_spooled(int fd, int64_t at, size_t len, uint8_t out[HASH_BYTES])
{
	static char window[WINDOW_BYTES];
	EVP_MD_CTX *context = begin();
	bool ok = true;

	while (ok && len > 0) {
		ssize_t n = pread(fd, window, len < sizeof(window) ? len : sizeof(window), at);
		ok = n > 0 && update(context, window, (size_t)n);
		at += n;
		len -= n > 0 ? (size_t)n : 0;
	}
	return EVP_DigestFinal_ex(context, out, NULL) == 1 && ok;
}

unsigned
fingerprint_lane(const char *source, size_t len)
{
	uint32_t h = 0x811c9dc5; /* FNV-1a, 32 bits */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)source[i]) * 0x01000193;
	return (h ^ h >> 16) & 63;
}
