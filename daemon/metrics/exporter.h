/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The role "metrics": one page for Prometheus, text format 0.0.4, with what all processes of this
 * daemon count. It runs where the option listen of section metrics is set, in a process of its own
 * that has no rights and no database: it reads the memory of metrics.h, and HTTP is parsed by
 * nobody else.
 */
#include <stdint.h>

struct buffer;
struct metrics_slot;
struct role;

int exporter_role(struct role *role);

/* The page of so many scrapes. */
void exporter_page(const struct metrics_slot *page, int64_t scrapes, struct buffer *out);
