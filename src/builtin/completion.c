/*
 * dv completion: a script that asks dv itself for commands, options, remotes
 * and tracked paths.
 */

#include <stdio.h>
#include <string.h>

#include "builtin/builtin.h"
#include "cli/options.h"

static const char *const usage[] = { "dv completion bash|zsh|fish", NULL };

static const char bash_script[] =
"# dv completion for bash: eval \"$(dv completion bash)\"\n"
"_dv_lines () {\n"
"	local line\n"
"	COMPREPLY=()\n"
"	while IFS= read -r line; do\n"
"		case $line in \"$1\"*) COMPREPLY+=(\"$line\") ;; esac\n"
"	done\n"
"}\n"
"# Files, and what dv tracks and is not here.\n"
"_dv_paths () {\n"
"	local cur=${1#[\\\"\\']} line\n"
"	cur=${cur//\\\\/}\n"
"	_dv_lines \"$cur\" < <(compgen -f -- \"$cur\")\n"
"	case $cur in\n"
"	*/*)	set -- -- \"${cur%/*}\" ;;\n"
"	*)	set -- ;;\n"
"	esac\n"
"	while IFS= read -r -d '' line; do\n"
"		case $line in\n"
"		\"$cur\"*)\n"
"			test -e \"$line\" || COMPREPLY+=(\"$line\")\n"
"			;;\n"
"		esac\n"
"	done < <(\"${dv[@]}\" ls -z \"$@\" 2>/dev/null)\n"
"	case ${#COMPREPLY[@]}$COMPREPLY in\n"
"	1*/)	compopt -o nospace 2>/dev/null ;;\n"
"	esac\n"
"}\n"
"_dv () {\n"
"	local cur=${COMP_WORDS[COMP_CWORD]} at=1\n"
"	local prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
"	while [ \"${COMP_WORDS[at]}\" = -C ] &&\n"
"		[ $((at + 2)) -le $COMP_CWORD ]; do\n"
"		at=$((at + 2))\n"
"	done\n"
"	local command=${COMP_WORDS[at]} dv=(dv \"${COMP_WORDS[@]:1:at - 1}\")\n"
"	# --remote=x is three words\n"
"	if [ \"$cur\" = = ]; then\n"
"		cur=\n"
"	elif [ \"$prev\" = = ]; then\n"
"		prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
"	fi\n"
"	if [ \"$prev\" = -C ]; then\n"
"		_dv_lines \"$cur\" < <(compgen -d -- \"$cur\")\n"
"	elif [ $COMP_CWORD = $at ] || [ \"$command\" = help ]; then\n"
"		_dv_lines \"$cur\" < <(dv completion --commands | cut -f1)\n"
"	elif [ \"$prev\" = -r ] || [ \"$prev\" = --remote ]; then\n"
"		_dv_lines \"$cur\" < <(\"${dv[@]}\" remote list 2>/dev/null)\n"
"	elif [ \"${cur#-}\" != \"$cur\" ]; then\n"
"		_dv_lines \"$cur\" < <(\n"
"			dv \"$command\" --list-options 2>/dev/null |\n"
"			cut -f1 | tr \" \" \"\\n\")\n"
"		case ${#COMPREPLY[@]}$COMPREPLY in\n"
"		1*=)	compopt -o nospace 2>/dev/null ;;\n"
"		esac\n"
"	elif _dv_lines \"$cur\" < <(dv completion --actions \"$command\") &&\n"
"	     [ $COMP_CWORD = $((at + 1)) ] && [ \"$COMPREPLY\" ]; then\n"
"		:\n"
"	elif [ \"$command\" = remote ]; then\n"
"		_dv_lines \"$cur\" < <(\"${dv[@]}\" remote list 2>/dev/null)\n"
"	else\n"
"		_dv_paths \"$cur\"\n"
"	fi\n"
"}\n"
"complete -o filenames -F _dv dv\n";

static const char zsh_script[] =
"#compdef dv\n"
"# dv completion for zsh: source <(dv completion zsh)\n"
"_dv () {\n"
"	local -a found away dv\n"
"	local at=2 command cur\n"
"	while [[ $words[at] == -C ]] && (( at + 2 <= CURRENT )); do\n"
"		(( at += 2 ))\n"
"	done\n"
"	command=$words[at]\n"
"	dv=(dv ${(Q)words[2,at-1]})\n"
"	cur=${(Q)PREFIX}\n"
"	if [[ $words[CURRENT-1] == -C ]]; then\n"
"		_files -/\n"
"	elif (( CURRENT == at )) || [[ $command == help ]]; then\n"
"		found=(${(f)\"$(dv completion --commands | tr '\\t' ':')\"})\n"
"		_describe command found\n"
"	elif [[ $words[CURRENT-1] == (-r|--remote) ||\n"
"		$PREFIX == --remote=* ]]; then\n"
"		compset -P '*='\n"
"		found=(${(f)\"$($dv remote list 2>/dev/null)\"})\n"
"		compadd -a found\n"
"	elif [[ $words[CURRENT] == -* ]]; then\n"
"		found=(${=${(f)\"$(dv $command --list-options 2>/dev/null |\n"
"			cut -f1)\"}})\n"
"		compadd -S '' -- ${(M)found:#*=}\n"
"		compadd -- ${found:#*=}\n"
"	elif (( CURRENT == at + 1 )) &&\n"
"	     found=(${(f)\"$(dv completion --actions $command)\"}) &&\n"
"	     [[ -n $found ]]; then\n"
"		compadd -a found\n"
"	elif [[ $command == remote ]]; then\n"
"		found=(${(f)\"$($dv remote list 2>/dev/null)\"})\n"
"		compadd -a found\n"
"	else\n"
"		# files, and what dv tracks and is not here\n"
"		[[ $cur == */* ]] && found=(-- ${cur%/*}) || found=()\n"
"		found=(${(0)\"$($dv ls -z $found 2>/dev/null)\"})\n"
"		for cur in $found; do\n"
"			[[ -e $cur ]] || away+=($cur)\n"
"		done\n"
"		_files\n"
"		compadd -S '' -- ${(M)away:#*/}\n"
"		compadd -- ${away:#*/}\n"
"	fi\n"
"}\n"
"compdef _dv dv\n";

static const char fish_script[] =
"# dv completion for fish: dv completion fish | source\n"
"function __dv_words\n"
"	set -l words (commandline -opc)\n"
"	while test \"$words[2]\" = -C -a (count $words) -gt 2\n"
"		set -e words[2 3]\n"
"	end\n"
"	printf '%s\\n' $words\n"
"end\n"
"function __dv_needs_command\n"
"	set -l words (__dv_words)\n"
"	test (count $words) = 1 -o \"$words[2]\" = help\n"
"end\n"
"function __dv_needs_remote\n"
"	set -l words (__dv_words)\n"
"	contains -- \"$words[-1]\" -r --remote\n"
"end\n"
"# what dv tracks and is not here\n"
"function __dv_away\n"
"	set -l at (string match -r '^(.*)/[^/]*$' -- (commandline -ct))[2]\n"
"	for path in (dv ls -z (test -n \"$at\" && printf '%s\\n' -- $at) \\\n"
"			2>/dev/null | string split0)\n"
"		test -e $path || printf '%s\\n' $path\n"
"	end\n"
"end\n"
"complete -c dv -n __dv_needs_command -f -a '(dv completion --commands)'\n"
"complete -c dv -n __dv_needs_remote -f -a '(dv remote list 2>/dev/null)'\n"
"complete -c dv -n 'test (count (__dv_words)) = 2' \\\n"
"	-a '(dv completion --actions (__dv_words)[2])'\n"
"complete -c dv -n 'not __dv_needs_command; and not __dv_needs_remote' \\\n"
"	-a '(dv (__dv_words)[2] --list-options 2>/dev/null | cut -f1 |\n"
"		string split \" \") (__dv_away)'\n";

static const struct {
	const char *name, *script;
} shells[] = {
	{ "bash", bash_script },
	{ "fish", fish_script },
	{ "zsh", zsh_script },
};

static const char *shell(size_t i)
{
	return i < sizeof(shells) / sizeof(*shells) ? shells[i].name : NULL;
}

static const struct {
	const char *command;
	action_fn *action;
} acting[] = {
	{ "completion", shell },
	{ "hooks", hooks_action },
	{ "remote", remote_action },
};

static int print_actions(const char *command)
{
	for (size_t i = 0; i < sizeof(acting) / sizeof(*acting); i++)
		for (size_t n = 0; !strcmp(acting[i].command, command) &&
				   acting[i].action(n); n++)
			puts(acting[i].action(n));
	return 0;
}

int cmd_completion(int argc, char **argv)
{
	int list = 0, code, which;
	const char *of = NULL;
	const struct option options[] = {
		OPT_FLAG(0, "commands", &list,
			 "print the commands and what they do"),
		OPT_STRING(0, "actions", &of, "<command>",
			   "print what it can be told to do"),
		OPT_END()
	};
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (list) {
		for (size_t i = 0; i < command_count; i++)
			printf("%s\t%s\n", commands[i].name,
			       commands[i].summary);
		return 0;
	}
	if (of)
		return print_actions(of);
	if (n != 1)
		return usage_error(usage, "name one shell");
	which = action_find(shell, argv[0]);
	if (which < 0)
		return usage_error(usage, "no completion for '%s'", argv[0]);
	fputs(shells[which].script, stdout);
	return 0;
}
