/* SPDX-License-Identifier: BSD-2-Clause */
/* SQLSTATEs by whose fault they are (PostgreSQL, appendix A). */
#include "channel/fault.h"

#include <stddef.h>
#include <string.h>

#include "database/database.h"

static const struct {
	char class[3];
	enum fault fault;
} faults[] = {
	{ "0A", FAULT_INSTALLATION }, /* feature not supported */
	{ "25", FAULT_INSTALLATION }, /* read-only transaction: a standby */
	{ "28", FAULT_INSTALLATION }, /* authorization */
	{ "3D", FAULT_INSTALLATION }, /* no such database */
	{ "3F", FAULT_INSTALLATION }, /* no such schema */
	{ "42", FAULT_INSTALLATION }, /* no right, no such function or table */
	{ "F0", FAULT_INSTALLATION }, /* configuration file */
	{ "HA", FAULT_INSTALLATION }, /* ours: not allowed for this channel, wrong schema */
	{ "21", FAULT_ROW },          /* cardinality */
	{ "22", FAULT_ROW },          /* data: not UTF-8, not JSON, out of range */
	{ "23", FAULT_ROW },          /* a check, a key */
	{ "44", FAULT_ROW },          /* a check of a view */
	{ "54", FAULT_ROW },          /* too large */
	{ "P0", FAULT_ROW },          /* raised by a function */
};

enum fault
fault_of(const char *sqlstate)
{
	if (sqlstate == NULL)
		return FAULT_UNKNOWN;
	if (sqlstate_is_transient(sqlstate))
		return FAULT_MOMENT;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strncmp(sqlstate, faults[i].class, 2) == 0)
			return faults[i].fault;
	return FAULT_UNKNOWN;
}
