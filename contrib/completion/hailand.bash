# SPDX-License-Identifier: BSD-2-Clause
# bash completion for hailand(8)

# The roles that the settings name: clerks, timekeepers, and a channel for each section.
_hailand_roles()
{
	local file=/etc/hailand.conf i
	for ((i = 1; i < ${#COMP_WORDS[@]} - 1; i++)); do
		[[ ${COMP_WORDS[i]} == -f || ${COMP_WORDS[i]} == --file ]] && file=${COMP_WORDS[i + 1]}
	done
	printf 'clerk:1\ntimekeeper:1\n'
	sed -n 's/^[[:space:]]*channel[[:space:]]*"\{0,1\}\([a-z0-9_]\{1,\}\).*/channel:\1/p' \
	    "${file/#\~/$HOME}" 2>/dev/null
}

_hailand()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	# readline parts words at ":"; put a role together again
	if [[ $COMP_LINE =~ --role[\ =]+([^\ ]*)$ ]]; then
		local role=${BASH_REMATCH[1]}
		mapfile -t COMPREPLY < <(compgen -W "$(_hailand_roles)" -- "$role")
		[[ $role == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${role%"${role##*:}"}"}")
		return
	fi
	case $previous in
	-f | --file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	--simulate) mapfile -t COMPREPLY < <(compgen -W "$(date -u +%Y-%m-%dT00:00:00Z)" -- "$current") ;;
	--speed) mapfile -t COMPREPLY < <(compgen -W '1 60 3600 86400' -- "$current") ;;
	*) mapfile -t COMPREPLY < <(compgen -W '-f --file -t --test -d --debug --role --simulate --speed
		--print-options -V --version -h --help' -- "$current") ;;
	esac
}
complete -o filenames -F _hailand hailand
