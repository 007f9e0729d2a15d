#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the corpus of CSV files.
exec ./tests/fuzz/csv_fuzz "${srcdir:-.}/tests/fuzz/corpus/csv"
