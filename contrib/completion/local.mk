# SPDX-License-Identifier: BSD-2-Clause
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = %D%/hailand.bash %D%/hailanctl.bash
