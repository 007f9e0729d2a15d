# SPDX-License-Identifier: BSD-2-Clause
include contrib/simulator/local.mk
