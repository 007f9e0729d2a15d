# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += %D%/data/README.md %D%/data/categories.tsv %D%/data/keywords.tsv %D%/data/places.tsv
