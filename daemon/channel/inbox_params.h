/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of reports as the parameters of inbox_submit (sql/migrations/0004_inbox.sql). */
#ifndef HAILAN_CHANNEL_INBOX_PARAMS_H
#define HAILAN_CHANNEL_INBOX_PARAMS_H

#include <stddef.h>

struct channel_submission;
struct inbox_params;
struct params;

/* For batches of at most batch_max reports, which is at most 32767. */
struct inbox_params *inbox_params_new(size_t batch_max);
void inbox_params_free(struct inbox_params **params);

/* Adds all parameters to p, which is empty. */
void inbox_params_write(struct inbox_params *in, const char *channel,
    struct channel_submission *const *list, size_t count, struct params *p);

#endif
