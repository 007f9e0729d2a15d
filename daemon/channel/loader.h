/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Loads a plugin's shared object.
 */
struct channel_error;
struct channel_plugin;

/* name is "smpp" for DIR/smpp.so, or a path with "/" in it. NULL with the reason, the file and the
 * cure in *error. A plugin stays loaded until the process ends. */
const struct channel_plugin *
loader_open(const char *name, const char *dir, struct channel_error *error);
