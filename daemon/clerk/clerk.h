/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The clerk: takes messages from the inbox in each sender's order, understands and decides them,
 * and files a batch in one transaction. Several clerks share the lanes (hash of the sender).
 */
struct role;

/* The job "clerk" (supervisor/role.h). */
int clerk_role(struct role *role);
