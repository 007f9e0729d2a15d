/* SPDX-License-Identifier: BSD-2-Clause */
/* Signatures at fixed places, as the formats' own descriptions give them. */
#include "filetype.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	size_t at;
	const char *bytes;
	size_t len;
	const char *type;
} signatures[] = {
	{ 0, "\xff\xd8\xff", 3, "image/jpeg" },
	{ 0, "\x89PNG\r\n\x1a\n", 8, "image/png" },
	{ 0, "GIF87a", 6, "image/gif" },
	{ 0, "GIF89a", 6, "image/gif" },
	{ 0, "BM", 2, "image/bmp" },
	{ 0, "II*\0", 4, "image/tiff" },
	{ 0, "MM\0*", 4, "image/tiff" },
	{ 8, "WEBP", 4, "image/webp" },
	{ 8, "WAVE", 4, "audio/x-wav" },
	{ 8, "AVI ", 4, "video/x-msvideo" },
	{ 4, "ftypheic", 8, "image/heic" },
	{ 4, "ftypheix", 8, "image/heic" },
	{ 4, "ftypmif1", 8, "image/heif" },
	{ 4, "ftypavif", 8, "image/avif" },
	{ 4, "ftypM4A ", 8, "audio/mp4" },
	{ 4, "ftypqt  ", 8, "video/quicktime" },
	{ 4, "ftyp3g", 6, "video/3gpp" },
	{ 4, "ftyp", 4, "video/mp4" },
	{ 0, "#!AMR", 5, "audio/amr" },
	{ 0, "ID3", 3, "audio/mpeg" },
	{ 0, "\xff\xfb", 2, "audio/mpeg" },
	{ 0, "OggS", 4, "application/ogg" },
	{ 0, "fLaC", 4, "audio/flac" },
	{ 0, "\x1a\x45\xdf\xa3", 4, "video/webm" },
	{ 0, "%PDF-", 5, "application/pdf" },
	{ 0, "PK\3\4", 4, "application/zip" },
	{ 0, "PK\5\6", 4, "application/zip" },
	{ 0, "Rar!\x1a\7", 6, "application/vnd.rar" },
	{ 0, "7z\xbc\xaf\x27\x1c", 6, "application/x-7z-compressed" },
	{ 0, "\x1f\x8b", 2, "application/gzip" },
	{ 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "application/x-ole-storage" },
	{ 0, "{\\rtf", 5, "application/rtf" },
	{ 0, "MZ", 2, "application/vnd.microsoft.portable-executable" },
	{ 0,
	    "\x7f"
	    "ELF",
	    4, "application/x-executable" },
	{ 0, "\x78\x9f\x3e\x22", 4, "application/ms-tnef" },
};

/* What the first file in a zip is called tells the office formats. */
static const char *
zip_kind(const unsigned char *p, size_t len)
{
	static const struct {
		const char *text, *type;
	} kinds[] = {
		{ "word/",
		    "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
		{ "xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
		{ "ppt/",
		    "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
		{ "mimetypeapplication/vnd.oasis.opendocument.text",
		    "application/vnd.oasis.opendocument.text" },
		{ "mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
		    "application/vnd.oasis.opendocument.spreadsheet" },
	};
	size_t look = len < 8192 ? len : 8192;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (memmem(p, look, kinds[i].text, strlen(kinds[i].text)) != NULL)
			return kinds[i].type;
	return "application/zip";
}

static bool
is_text(const unsigned char *p, size_t len)
{
	size_t look = len < 65536 ? len : 65536;

	for (size_t i = 0; i < look;) {
		size_t n = p[i] < 0x80   ? 1
			   : p[i] < 0xc2 ? 0
			   : p[i] < 0xe0 ? 2
			   : p[i] < 0xf0 ? 3
					 : 4;
		if (n == 0 || p[i] > 0xf4 || p[i] == 0x7f ||
		    (p[i] < 0x20 && memchr("\t\n\r\f\x1b", p[i], 5) == NULL))
			return false;
		for (size_t k = 1; k < n && i + k < look; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
		i += n;
	}
	return true;
}

const char *
filetype(const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (len >= signatures[i].at + signatures[i].len &&
		    memcmp(p + signatures[i].at, signatures[i].bytes, signatures[i].len) == 0)
			return strcmp(signatures[i].type, "application/zip") == 0
				   ? zip_kind(p, len)
				   : signatures[i].type;
	return is_text(p, len) ? "text/plain" : "application/octet-stream";
}
