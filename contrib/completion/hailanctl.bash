# SPDX-License-Identifier: BSD-2-Clause
# Completion of hailanctl for bash: install it as /usr/share/bash-completion/completions/hailanctl.

_hailanctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local common="-f --config -d --database -S --socket -j --json --reason -h --help"
	local commands="status alarms board stats case inbox outbox attachment bounces recordings write person looks bank archive try timers rules outages visits track simulate import migrate check reload help version"
	local kinds="units staff volunteers allies households residents keywords categories routing templates calendar hours rules visits services"
	local command="" options="" word i operands=0

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-f | --config | -d | --database | -S | --socket) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=$word
			else
				((operands++))
			fi
			;;
		esac
	done
	COMPREPLY=()
	case $previous in
	-f | --config | -S | --socket)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	-D | --data)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	-b | --by)
		COMPREPLY=($(compgen -W "unit category month channel" -- "$cur"))
		return
		;;
	-L | --language)
		COMPREPLY=($(compgen -W "en zh ko" -- "$cur"))
		return
		;;
	-H | --html)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	-d | --database | --phone | --unit | --limit | --recent | --retry | --end | --forget | --person | --who | --encoding | --channel | --rule | --timeout | -t | --at | -m | --month | --from | --to | --reason | --wish | --day)
		return
		;;
	esac
	case $command in
	"") options="$commands" ;;
	alarms) options="-a --all -e --end -n --recent" ;;
	bounces) options="--forget -n --recent" ;;
	board) options="-t --at -b --bank -a --all" ;;
	stats) options="-u --unit -m --month --from --to -b --by -a --area -c --csv -H --html -L --language -F --formulas" ;;
	recordings) options="-n --limit" ;;
	case) options="-o --open -p --phone -u --unit -l --limit" ;;
	inbox) options="-s --stuck -r --retry -n --recent" ;;
	attachment) options="-m --message -g --get -o --output" ;;
	archive)
		options="-u --unit -l --limit"
		if [[ $cur != -* && $operands -eq 0 ]]; then
			COMPREPLY=($(compgen -W "search services" -- "$cur"))
			return
		fi
		;;
	bank)
		options="-r --reason -w --wish -l --limit"
		if [[ $cur != -* && $operands -eq 0 ]]; then
			COMPREPLY=($(compgen -W "balance ledger waiting move reverse" -- "$cur"))
			return
		elif [[ $cur != -* ]]; then
			COMPREPLY=($(compgen -W "city" -- "$cur"))
			return
		fi
		;;
	outbox) options="-w --waiting -x --failed -n --recent" ;;
	looks) options="--person --who -l --limit" ;;
	person)
		options="--force"
		if [[ $cur != -* && $operands -eq 0 ]]; then
			COMPREPLY=($(compgen -W "show export erase" -- "$cur"))
			return
		fi
		;;
	try) options="-p --phone -D --data" ;;
	timers) options="-o --overdue -r --rule -l --limit" ;;
	outages) options="-r --reason -l --limit" ;;
	visits) options="-u --unit -m --month -l --limit --stale --missed" ;;
	track) options="-t --day -g --geojson" ;;
	rules | simulate)
		[[ $command == rules ]] || options="-t --timeout"
		if [[ $cur != -* && $operands -eq 0 ]]; then
			COMPREPLY=($(compgen -W "$([[ $command == rules ]] && echo try || echo mark to)" -- "$cur"))
			return
		elif [[ $cur != -* && $command == rules ]]; then
			COMPREPLY=($(compgen -f -- "$cur"))
			return
		fi
		;;
	import)
		options="-n --dry-run -e --encoding -c --columns"
		if [[ $cur != -* && $operands -eq 0 ]]; then
			COMPREPLY=($(compgen -W "$kinds" -- "$cur"))
			return
		elif [[ $cur != -* ]]; then
			COMPREPLY=($(compgen -f -- "$cur"))
			return
		fi
		;;
	migrate) options="-n --dry-run -c --channel" ;;
	help) options="$commands" ;;
	esac
	[[ $cur == -* || -z $command || $command == help ]] || return
	COMPREPLY=($(compgen -W "$options $common" -- "$cur"))
}
complete -F _hailanctl hailanctl
