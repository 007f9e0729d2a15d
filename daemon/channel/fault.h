/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Whose fault it is when the database refuses a call. Only what is wrong in the rows themselves may
 * ever be refused to a peer or given up: a report that was refused does not come again.
 */
enum fault {
	FAULT_MOMENT, /* the connection, the server, its resources: the same call succeeds later */
	FAULT_INSTALLATION, /* rights, schema, a standby: later, when a person has mended it */
	FAULT_ROW,          /* a row is wrong in itself */
	FAULT_UNKNOWN,      /* perhaps one row, perhaps not: never refused */
};

enum fault fault_of(const char *sqlstate);
