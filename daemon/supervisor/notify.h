/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Tells systemd how the daemon is; does nothing when systemd is not there. sd_notify(3) */
#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *status);
void notify_watchdog(void);
/* How often notify_watchdog() is expected, halved; 0: not at all. */
int64_t notify_watchdog_ms(void);
