/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * hailan/channel.h: what a channel plugin and the runtime promise each other.
 *
 * A channel plugin knows one protocol and nothing of cases. It is a shared object with one exported
 * symbol, "channel_plugin". The runtime loads it into a process of its own, one per configured
 * channel, and owns the loop, settings, logs, signals, privileges, the database, batching, the
 * outbox, pacing and draining. The plugin owns its sockets and its protocol.
 *
 * Everything runs in one thread, the loop's; nothing in a plugin may block. Strings and bytes lent
 * in a call are lent for that call: whoever keeps them copies them. All text is UTF-8.
 *
 * The whole contract with an example: channel(3) and contrib/example-channel.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base; /* libevent's */

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a struct or the meaning of a function below changes. A plugin with another number
 * is refused in one line and not started. */
#define CHANNEL_ABI 4

#define CHANNEL_ERROR_BYTES 512

struct channel;      /* the runtime's side of this channel */
struct channel_link; /* one connection to a peer, as configured; lives as long as the channel */
struct channel_submission; /* a report on its way into the database */
struct channel_message;    /* a text on its way out */
struct channel_look;       /* a question to the database */

/* An error in words: lowercase, no full stop, cause and cure. Fill it with channel_fail(). */
struct channel_error {
	char text[CHANNEL_ERROR_BYTES];
	int line; /* in the settings; 0: where the channel's section begins */
};

/* ---- settings ------------------------------------------------------------------------------ */

enum channel_option_type {
	CHANNEL_STRING,   /* any text; value of get_string */
	CHANNEL_SECRET,   /* as STRING; never shown in logs or status */
	CHANNEL_PATH,     /* as STRING; must be absolute */
	CHANNEL_INTEGER,  /* minimum ≤ value ≤ maximum */
	CHANNEL_BOOLEAN,  /* true, false, yes, no, on, off */
	CHANNEL_DURATION, /* "500ms", "30s", "10min", "2h"; get_integer gives milliseconds; minimum
			     and maximum are milliseconds too */
	CHANNEL_CHOICE, /* one of choices, "ucs2|gsm7|latin1"; get_integer gives its place from 0 */
};

/* One setting. A table of these ends with a name of NULL. */
struct channel_option {
	const char *name;
	enum channel_option_type type;
	const char *fallback; /* default as it would stand in the file; NULL: must be given */
	int64_t minimum, maximum;
	const char *choices;
	const char *help; /* one sentence; the manual is tested against it */
};

/* The value of a declared option. link NULL: an option of the channel; else one of that link's. A
 * name that was not declared is a bug and aborts. Strings live as long as the channel; "" when the
 * setting is empty. */
const char *
channel_get_string(const struct channel *, const struct channel_link *, const char *name);
int64_t channel_get_integer(const struct channel *, const struct channel_link *, const char *name);
bool channel_get_boolean(const struct channel *, const struct channel_link *, const char *name);

const char *channel_name(const struct channel *);
size_t channel_link_count(const struct channel *);
struct channel_link *channel_link_at(const struct channel *, size_t index);
const char *channel_link_name(const struct channel_link *);
/* A slot for the plugin's own state of a link. */
void channel_link_set_data(struct channel_link *, void *data);
void *channel_link_data(const struct channel_link *);

/* Sections "menu NAME { … }" of the channel, for a plugin that leads people: in the order of the
 * file. Their options are asked for as those of a link; they have no state. */
size_t channel_menu_count(const struct channel *);
struct channel_link *channel_menu_at(const struct channel *, size_t index);

/* ---- in: reports --------------------------------------------------------------------------- */

enum channel_report_flag {
	CHANNEL_NO_ANSWER = 1, /* the source is a service or a machine: never answered */
	CHANNEL_DAMAGED = 2,   /* the bytes did not fit their declared form */
	CHANNEL_GUESSED = 4,   /* the charset was guessed */
	CHANNEL_TRUNCATED = 8, /* the peer sent more than was kept */
	/* The source may be forged: nothing is done that only its owner may ask for. */
	CHANNEL_UNPROVEN = 256,
	/* It was spoken: it cannot be answered over this channel, but as a text to the source. */
	CHANNEL_SPOKEN = 512,
};

/* A piece of a long message. Pieces are stored and acknowledged one by one, in any order and over
 * any link; the database joins their bytes when the set is complete or its time is over. A set is
 * (channel, source, destination, kind, reference, total, charset). total 2…255, number 1…total. */
struct channel_part {
	char kind; /* '8' UDH 8-bit reference, 'F' UDH 16-bit, 'S' SAR, or the plugin's own */
	uint32_t reference;
	uint16_t total, number;
};

/* Something that came with a report: a picture, a recording. Kept once, by its content. */
struct channel_file {
	const char *name; /* as the sender called it, or ""; at most 255 bytes are kept */
	const char *type; /* found from the bytes, "image/jpeg" */
	const void *data; /* NULL: it lies in the report's spool, from at on */
	size_t len;       /* at most 25 MiB */
	int64_t at;
};

/* Where contents lie that are too large to be held in memory: a file that nothing is written to any
 * more. The runtime has a descriptor of its own of it by when channel_submit() returns; the file
 * may be unlinked. */
struct channel_spool {
	int fd;
	int64_t raw_at; /* where the report's raw begins */
};

/* What came in. source and destination are the peer's addresses in one normal form (phones: E.164
 * with "+"; short codes and names as they are; mail in lower case), at most 254 bytes each. */
struct channel_report {
	const struct channel_link *link; /* NULL: the channel has no links */
	const char *source;
	const char *destination;
	/* The bytes as they came, kept for ever. At most 32 MiB. */
	const void *raw; /* not looked at when there is a spool */
	size_t raw_len;
	/* Contents beyond a mebibyte or so: they go to the database in pieces, and never lie in
	 * memory as a whole. Such a report must have an identity, is whole, and may be overtaken by
	 * a later one of its source. NULL: there is none. */
	const struct channel_spool *spool;
	/* How raw is to be read, a name of channel_decode(); "UTF-8" when NULL. */
	const char *charset;
	/* raw as UTF-8; NULL for a part, and when the clerk shall decode it. */
	const char *text;
	size_t text_len;
	/* What, beside source, destination and raw, makes this report itself: a reference of the
	 * peer's that stays the same when it sends the report again. NULL when there is none. */
	const void *reference;
	size_t reference_len;
	/* Where a peer may send the same report again in other bytes: what stands for raw when
	 * resends are told from new reports. NULL: raw itself. */
	const void *identity;
	size_t identity_len;
	/* How long it may come again; 0: the window of resends (10 minutes). */
	int32_t resend_s;
	const struct channel_file *files;
	size_t file_count;
	const struct channel_part *part; /* NULL: whole */
	unsigned flags;                  /* enum channel_report_flag */
	/* Details for a person, a JSON object, or NULL; at most 4,096 characters. The clerk reads
	 * the member "about": the number of the case or wish that the peer has proved to be written
	 * to about; and "asked": such a number that it claims. */
	const char *protocol;
};

enum channel_outcome {
	CHANNEL_STORED,    /* committed: acknowledge */
	CHANNEL_DUPLICATE, /* it was committed before: acknowledge */
	CHANNEL_REFUSED, /* the report itself is impossible: tell the peer it will never be taken */
	CHANNEL_LATER,   /* no room or no database: tell the peer to come again */
};

/* Tells how a submission ended. Never called from inside channel_submit(). This is the only place
 * where a plugin may acknowledge to its peer. reason is a short text unless STORED. */
typedef void channel_done_fn(void *arg, enum channel_outcome outcome, const char *reason);

/* Hands a report in. The runtime copies it. done is called exactly once, unless the submission is
 * cancelled first. The handle is valid until then. */
struct channel_submission *
channel_submit(struct channel *, const struct channel_report *, channel_done_fn *done, void *arg);
/* The peer has gone: done will not be called. The report is stored all the same. */
void channel_submission_cancel(struct channel_submission *);
/* False: the queue is at its bound; stop reading from peers. The plugin's flow() hook tells when
 * this changes. A report submitted while false ends as CHANNEL_LATER. */
bool channel_may_submit(const struct channel *);

/* ---- out: messages and receipts ------------------------------------------------------------ */

enum channel_priority { CHANNEL_DANGER, CHANNEL_REPLY, CHANNEL_NOTICE, CHANNEL_CAMPAIGN };

int64_t channel_message_id(const struct channel_message *);
/* The link that the runtime chose; it is up. NULL when the channel has no links. */
struct channel_link *channel_message_link(const struct channel_message *);
const char *channel_message_destination(const struct channel_message *);
/* The address of ours that the person wrote to, to be sent from; "" when there was none. */
const char *channel_message_source(const struct channel_message *);
const char *channel_message_text(const struct channel_message *, size_t *len);
enum channel_priority channel_message_priority(const struct channel_message *);
/* Microseconds since 1970 after which it is worthless; 0: never. */
int64_t channel_message_not_after(const struct channel_message *);
/* The number of the case or wish that it is about; 0: none. */
int64_t channel_message_number(const struct channel_message *);
/* The protocol of the report that it answers, for a plugin that has set answered; "" when it
 * answers none, or goes to somebody else than who sent that. */
const char *channel_message_answered(const struct channel_message *);

enum channel_sent {
	CHANNEL_SENT_OK,      /* every part was accepted by the peer */
	CHANNEL_SENT_FAILED,  /* the peer will never take it: detail says why */
	CHANNEL_SENT_RETRY,   /* not accepted, may be sent again after retry_ms */
	CHANNEL_SENT_UNKNOWN, /* the link broke before the answer: the runtime decides by priority
			       */
};

/* The end of a send(); exactly once for every message handed over, the message is gone afterwards.
 * peer_ids: the peer's ids of the parts, joined by "," (each opaque, without comma), or "". */
void channel_message_done(struct channel_message *, enum channel_sent, const char *peer_ids,
    unsigned parts, int64_t retry_ms, const char *detail);

enum channel_receipt_state {
	CHANNEL_RECEIPT_PENDING,   /* on its way: buffered, accepted, en route */
	CHANNEL_RECEIPT_DELIVERED, /* final */
	CHANNEL_RECEIPT_FAILED,    /* final: expired, rejected, undeliverable, deleted */
	CHANNEL_RECEIPT_UNKNOWN,   /* final: the peer does not know */
};

/* Hands a receipt in; it may come before the message's own answer, twice, or for an id nobody
 * knows: all are stored and matched by the database. A receipt for an unknown id is kept 48 hours.
 * done as for channel_submit(): acknowledge there. */
struct channel_submission *
channel_receipt(struct channel *, const struct channel_link *, const char *peer_id,
    enum channel_receipt_state, const char *detail, channel_done_fn *done, void *arg);

enum channel_link_state {
	CHANNEL_LINK_DOWN,
	CHANNEL_LINK_CONNECTING,
	CHANNEL_LINK_UP,      /* messages may be sent */
	CHANNEL_LINK_BLOCKED, /* connected, but the peer refuses us: a person must act */
};

/* Tells the runtime, status and log how a link is. detail may be NULL. Only a link that is UP is
 * given messages. A channel without links calls it with link NULL when it can send. */
void channel_link_state(
    struct channel *, struct channel_link *, enum channel_link_state, const char *detail);
/* The peer asks us to slow down: the rate of this link is halved, kept for a while and then comes
 * back slowly. */
void channel_link_throttled(struct channel *, struct channel_link *);
/* Something a person must mend (raised), or that is mended. One alarm per link and name. */
void channel_alarm(struct channel *, const struct channel_link *, const char *name, bool raised,
    const char *detail);

/* ---- questions ------------------------------------------------------------------------------ */

/* The answer: lines, each ended by a line feed, of fields parted by tabs; "" when there is nothing
 * to tell. NULL: the database is away or has not answered in time. Lent. Never called from inside
 * channel_look(). */
typedef void channel_look_fn(void *arg, const char *lines);

/* Asks what a person who is there now may be told. what is one of the questions in channel(3), key
 * and more are what it needs, "" nothing; all are copied. done is called exactly once, at the
 * latest wait_ms from now, unless the question is cancelled first; the handle is valid until then.
 */
struct channel_look *channel_look(struct channel *, const char *what, const char *key,
    const char *more, int64_t wait_ms, channel_look_fn *done, void *arg);
void channel_look_cancel(struct channel_look *);

/* ---- services ------------------------------------------------------------------------------ */

struct event_base *channel_loop(const struct channel *);
/* Microseconds since 1970, real or simulated. */
int64_t channel_now(void);
/* Fills *error; returns false. */
bool channel_fail(struct channel_error *error, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for a fault of an option, of the channel or of a link or menu of its own: the line where
 * it stands is told with it. */
bool channel_fail_at(const struct channel *, const struct channel_link *, const char *option,
    struct channel_error *error, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
enum channel_log { CHANNEL_LOG_ERROR, CHANNEL_LOG_WARNING, CHANNEL_LOG_INFO, CHANNEL_LOG_DEBUG };
/* No phone number and no text above debug. */
void channel_log(struct channel *, enum channel_log, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A counter of this channel, shown by "hailanctl status"; name is a literal. */
void channel_count(struct channel *, const char *name, int64_t add);
/* Bytes to UTF-8. charset: UTF-8, UTF-16BE, GSM-7, GSM-7-PACKED (both with "/LOCKING/SINGLE"
 * national tables), LATIN1, ASCII, CP949, GB18030, BINARY. *text is owned by the caller (free()),
 * NUL-terminated. The result are enum channel_report_flag bits. guess: when the bytes do not fit
 * their charset try others and say so. */
unsigned channel_decode(
    const char *charset, const void *raw, size_t len, bool guess, char **text, size_t *text_len);

/* How an outgoing short message is written. */
enum channel_coding {
	CHANNEL_CODING_AUTO, /* GSM-7 when the whole text is in it, else UCS-2 */
	CHANNEL_GSM7,        /* one septet an octet */
	CHANNEL_UCS2,        /* UTF-16BE */
};
struct channel_piece {
	uint8_t *octets;
	size_t len;
};
/* Set it to { 0 }; owns its pieces. */
struct channel_split {
	enum channel_coding coding; /* what was taken, never AUTO */
	struct channel_piece *pieces;
	size_t count;
};
/* Cuts a text into the parts of a concatenated short message, on grapheme clusters, and encodes
 * them; headers are the plugin's. reference_bits is 8 (153 septets or 67 units a part), 16 (152 or
 * 66), or 0: one piece of any length. A text that fits alone is one piece of up to 160 septets or
 * 70 units. False, with *out empty, when it would be more than 255 pieces. */
bool channel_split(const char *text, size_t len, enum channel_coding coding,
    unsigned reference_bits, struct channel_split *out);
void channel_split_clear(struct channel_split *);

/* ---- the plugin ---------------------------------------------------------------------------- */

struct channel_plugin {
	uint32_t abi;        /* CHANNEL_ABI */
	const char *name;    /* as in the settings: plugin = "smpp" */
	const char *version; /* for status */
	const char *summary; /* one line */
	const struct channel_option *options;
	const struct channel_option *link_options; /* NULL: no links */
	const struct channel_option *menu_options; /* NULL: no menus */

	/* Looks at the settings only: opens nothing, changes nothing. Called by "hailand -t" too,
	 * with a channel on which only settings may be asked for. May be NULL. */
	bool (*check)(struct channel *, struct channel_error *);
	/* Opens sockets. *state is given to every later call. On false the channel's process ends
	 * and is tried again later. */
	bool (*start)(struct channel *, void **state, struct channel_error *);
	/* Drain: take nothing new, finish what is in hand, say good-bye to peers, then call
	 * channel_stopped(), at once or later. After the deadline the process ends anyway. */
	void (*stop)(void *state);
	/* Frees everything; nothing of the plugin is called afterwards. */
	void (*free)(void *state);
	/* Takes a message over; ends with channel_message_done(), at once or later. NULL: the
	 * channel cannot send. */
	void (*send)(void *state, struct channel_message *);
	/* channel_may_submit() has changed to open. May be NULL when no peer is ever slowed. */
	void (*flow)(void *state, bool open);
	/* The plugin asks for channel_message_answered(). */
	bool answered;
};

void channel_stopped(struct channel *);

/* A plugin defines this one symbol; build all others hidden (-fvisibility=hidden). */
extern const struct channel_plugin channel_plugin __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif
