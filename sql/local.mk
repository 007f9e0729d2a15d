# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += %D%/data/categories.tsv %D%/data/keywords.tsv %D%/data/places.tsv
