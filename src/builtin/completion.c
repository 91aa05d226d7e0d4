/* dv completion: a script that asks dv itself for commands and options. */

#include <stdio.h>
#include <string.h>

#include "builtin/builtin.h"
#include "cli/options.h"

static const char *const usage[] = { "dv completion bash|zsh|fish", NULL };

static const char bash_script[] =
"# dv completion for bash: eval \"$(dv completion bash)\"\n"
"_dv () {\n"
"	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
"	if [ \"$COMP_CWORD\" = 1 ]; then\n"
"		COMPREPLY=($(compgen -W \"$(dv completion --commands |\n"
"			cut -f1)\" -- \"$cur\"))\n"
"	elif [ \"${cur#-}\" != \"$cur\" ]; then\n"
"		COMPREPLY=($(compgen -W \"$(dv \"$command\" --list-options \\\n"
"			2>/dev/null | cut -f1)\" -- \"$cur\"))\n"
"	else\n"
"		COMPREPLY=($(compgen -f -- \"$cur\"))\n"
"	fi\n"
"}\n"
"complete -o filenames -F _dv dv\n";

static const char zsh_script[] =
"#compdef dv\n"
"# dv completion for zsh: source <(dv completion zsh)\n"
"_dv () {\n"
"	local -a words_found\n"
"	if (( CURRENT == 2 )); then\n"
"		words_found=(${(f)\"$(dv completion --commands |\n"
"			tr '\\t' ':')\"})\n"
"		_describe command words_found\n"
"	elif [[ $words[CURRENT] == -* ]]; then\n"
"		words_found=(${(z)\"$(dv $words[2] --list-options \\\n"
"			2>/dev/null | cut -f1)\"})\n"
"		compadd -- $words_found\n"
"	else\n"
"		_files\n"
"	fi\n"
"}\n"
"compdef _dv dv\n";

static const char fish_script[] =
"# dv completion for fish: dv completion fish | source\n"
"complete -c dv -n __fish_use_subcommand -f \\\n"
"	-a '(dv completion --commands)'\n"
"complete -c dv -n 'not __fish_use_subcommand' \\\n"
"	-a '(dv (commandline -opc)[2] --list-options 2>/dev/null |\n"
"		cut -f1 | string split \" \")'\n";

int cmd_completion(int argc, char **argv)
{
	int list = 0, code;
	const struct option options[] = {
		OPT_FLAG(0, "commands", &list,
			 "print the commands and what they do"),
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
	if (n != 1)
		return usage_error(usage, "name one shell");
	if (!strcmp(argv[0], "bash"))
		fputs(bash_script, stdout);
	else if (!strcmp(argv[0], "zsh"))
		fputs(zsh_script, stdout);
	else if (!strcmp(argv[0], "fish"))
		fputs(fish_script, stdout);
	else
		return usage_error(usage, "no completion for '%s'", argv[0]);
	return 0;
}
