/* Words that people bring along from DVC, git-lfs and git. */

#include <stdbool.h>
#include <string.h>

#include "builtin/builtin.h"

#define NO_FILTERS	"dv has no filters of git: dv add and dv checkout do that"
#define NO_LOCKS	"neither locks of files nor pipelines are in this version of dv"
#define NO_PIPELINES	"pipelines are not in this version of dv"

/* clang-format off */
static const struct {
	const char *name, *instead;
} words[] = {
	{ "artifacts", "the model registry is not in this version of dv" },
	{ "cache", "dv store shows where it is, dv config store.path moves it; "
	  "dv migrate --from-dvc takes over DVC's" },
	{ "clean", NO_FILTERS },
	{ "clone", "git clone, then dv pull" },
	{ "daemon", "there is none: dv sends nothing home" },
	{ "dag", NO_PIPELINES },
	{ "data", "dv status shows the data too" },
	{ "dataset", "dv import and dv import-url" },
	{ "dedup", "none needed: dv checkout shares blocks where the file system can" },
	{ "destroy", "dv rm --keep each path, then remove .git/dv" },
	{ "env", "dv doctor, or dv config -l" },
	{ "exp", "experiments are not in this version of dv" },
	{ "experiments", "experiments are not in this version of dv" },
	{ "filter-process", NO_FILTERS },
	{ "freeze", NO_PIPELINES "; an import stays as it is until dv update" },
	{ "get-url", "dv import-url, or curl" },
	{ "git-hook", "dv hook, which dv hooks install calls" },
	{ "gto", "the model registry is not in this version of dv" },
	{ "import-db", "write it to a file, then dv add" },
	{ "install", "dv hooks install" },
	{ "lfs", "dv migrate --from-lfs" },
	{ "list-url", "aws s3 ls, or curl" },
	{ "locate", "dv store shows where the store is" },
	{ "lock", NO_LOCKS },
	{ "locks", NO_LOCKS },
	{ "logs", "errors are printed; DV_TRACE=1 shows each step" },
	{ "ls-files", "dv ls" },
	{ "machine", "experiments are not in this version of dv" },
	{ "metrics", "metrics are not in this version of dv" },
	{ "params", "parameters are not in this version of dv" },
	{ "plots", "plots are not in this version of dv" },
	{ "pointer", "cat <path>.dv" },
	{ "prune", "dv gc" },
	{ "queue", "experiments are not in this version of dv" },
	{ "repro", NO_PIPELINES },
	{ "root", "git rev-parse --show-toplevel" },
	{ "run", NO_PIPELINES },
	{ "smudge", NO_FILTERS },
	{ "stage", NO_PIPELINES },
	{ "studio", "there is no hosted service" },
	{ "track", "dv add" },
	{ "unfreeze", NO_PIPELINES },
	{ "uninstall", "dv hooks uninstall" },
	{ "unlock", NO_LOCKS },
	{ "untrack", "dv rm --keep" },
};

static const struct {
	const char *commands;	/* with blanks between; "*": all */
	const char *option, *instead;
} options[] = {
	{ "add commit push fetch pull checkout status", "--glob",
	  "leave out the quotes: the shell expands patterns (** after shopt -s globstar)" },
	{ "add", "--out", "cp --reflink=auto <file> <out> && dv add <out>" },
	{ "add", "-o", "cp --reflink=auto <file> <out> && dv add <out>" },
	{ "add", "--to-remote", "dv import-url --to-remote <url> <out>" },
	{ "add", "--remote", "dv add, then dv push -r <remote>" },
	{ "add", "-r", "dv add, then dv push -r <remote>" },
	{ "add", "--remote-jobs", "dv push -j <n>" },
	{ "add", "--no-commit", "dv add -n only says what would be recorded" },
	{ "add", "--no-relink", "files stay as they are: there is nothing to leave out" },
	{ "add", "--external", "dv import-url file://<path> <out>" },
	{ "add", "--file", "the pointer is always <path>.dv" },
	{ "add import import-url", "--desc", "a comment in the commit: git commit -m" },
	{ "add", "--recursive", "dv add <folder> makes one pointer of all below" },
	{ "add", "-R", "dv add <folder> makes one pointer of all below" },
	{ "commit", "--data-only", "dv commit records data only" },
	{ "commit checkout", "--no-relink", "files stay as they are: there is nothing to leave out" },
	{ "commit", "--relink", "dv checkout --relink" },
	{ "commit checkout push fetch pull status update repro", "--recursive",
	  "name the folder: what is tracked below it is meant" },
	{ "commit checkout push fetch pull status update repro", "-R",
	  "name the folder: what is tracked below it is meant" },
	{ "commit checkout push fetch pull status", "--with-deps", NO_PIPELINES },
	{ "commit checkout push fetch pull status", "-d", NO_PIPELINES },
	{ "checkout", "--summary", "dv checkout ends with one; dv checkout -n only says what it would do" },
	{ "push fetch pull", "--run-cache", NO_PIPELINES ": there is no run cache" },
	{ "push fetch pull", "--no-run-cache", NO_PIPELINES ": there is no run cache" },
	{ "fetch", "--type", "name the paths: dv fetch <path>..." },
	{ "status", "--cloud", "dv status --remote" },
	{ "status", "-c", "dv status --remote" },
	{ "status", "--not-in-remote", "dv status --remote" },
	{ "status", "--no-remote-refresh", "only dv status --remote asks the remote" },
	{ "status", "--all-branches", "dv push -n -a says what the remote lacks" },
	{ "status", "-a", "dv push -n -a says what the remote lacks" },
	{ "status", "--all-tags", "dv push -n -T says what the remote lacks" },
	{ "status", "-T", "dv push -n -T says what the remote lacks" },
	{ "status", "--all-commits", "dv push -n -A says what the remote lacks" },
	{ "status", "-A", "dv push -n -A says what the remote lacks" },
	{ "status", "--granular", "dv status names files inside of directories as it is" },
	{ "status", "--untracked-files", "git status" },
	{ "status", "--unchanged", "dv ls lists all that is tracked" },
	{ "status", "--no-updates", "dv status does not ask where imports came from; dv update does" },
	{ "diff", "--targets", "dv diff -- <path>..." },
	{ "diff", "--show-hash", "dv diff --json has the ids" },
	{ "diff", "--hide-missing", "what is not in the store is compared all the same" },
	{ "gc", "--workspace", "dv gc keeps all that any branch, tag, stash and reflog can reach" },
	{ "gc", "-w", "dv gc keeps all that any branch, tag, stash and reflog can reach" },
	{ "gc", "--all-branches", "dv gc keeps all branches as it is" },
	{ "gc", "-a", "dv gc keeps all branches as it is" },
	{ "gc", "--all-tags", "dv gc keeps all tags as it is" },
	{ "gc", "-T", "dv gc keeps all tags as it is" },
	{ "gc", "--all-commits", "dv gc keeps all commits as it is" },
	{ "gc", "-A", "dv gc keeps all commits as it is" },
	{ "gc", "--all-experiments", "dv gc keeps whatever any ref can reach" },
	{ "gc", "--rev", "dv gc keeps all commits that any ref can reach; delete the branch first" },
	{ "gc", "--num", "dv gc keeps all commits that any ref can reach; delete the branch first" },
	{ "gc", "--date", "dv gc --grace <age>" },
	{ "gc", "--cloud", "dv gc -r <remote>" },
	{ "gc", "-c", "dv gc -r <remote>" },
	{ "gc", "--not-in-remote", "dv gc keeps what any ref can reach, also what a remote has" },
	{ "gc", "--projects", "dv gc --repo <path>" },
	{ "gc", "-p", "dv gc --repo <path>" },
	{ "gc", "-f", "dv gc asks nothing; dv gc -n looks only" },
	{ "gc", "--skip-failed", "a run that fails is made again: dv gc" },
	{ "rm", "--outs", "dv rm removes the data too; dv rm --keep does not" },
	{ "ls", "-T", "dv ls --tree" },
	{ "ls", "--show-hash", "dv ls --json has the ids" },
	{ "ls du", "--remote", "a repository's own .dvconfig says where its data is" },
	{ "ls du get import update", "--remote-config", "the other repository's own .dvconfig says how to reach it" },
	{ "ls du get import update", "--config", "the other repository's own .dvconfig says how to reach it" },
	{ "get", "--show-url", "data lies in packs; dv ls --json --repo <url> has the ids" },
	{ "import import-url", "--no-exec", "dv import --no-download" },
	{ "import", "--file", "the pointer is always <out>.dv: dv import -o <out>" },
	{ "import-url", "--file", "the pointer is always <out>.dv" },
	{ "import-url", "--version-aware", "dv import-url --checksum holds it to what it is now" },
	{ "import-url", "--fs-config", "keys come from the environment or ~/.aws, as for dv remote" },
	{ "check-ignore", "-d", "dv check-ignore --details" },
	{ "check-ignore", "--all", "dv check-ignore --details names the pattern that decides" },
	{ "check-ignore", "-a", "dv check-ignore --details names the pattern that decides" },
	{ "config", "-u", "dv config --unset <name>" },
	{ "remote", "--force", "dv remote set-url <name> <url>" },
	{ "remote", "-f", "dv remote set-url <name> <url>" },
	{ "remote", "--unset", "dv config --unset remote.<name>.<key>" },
	{ "remote", "-u", "dv config --unset remote.<name>.<key>" },
	{ "remote", "--system", "dv config --system remote.<name>.url <url>" },
	{ "remote", "--project", "dv remote add writes to .dvconfig as it is" },
	{ "init", "--subdir", "one .dvconfig at the top is for all of the repository: dv init" },
	{ "init", "--no-scm", "git init, then dv init" },
	{ "init", "--force", "dv init changes nothing that is there" },
	{ "init", "-f", "dv init changes nothing that is there" },
	{ "completion", "--shell", "dv completion bash" },
	{ "completion", "-s", "dv completion bash" },
	{ "hooks", "--use-pre-commit-tool", "the source of dv has .pre-commit-hooks.yaml: dv help hooks" },
	{ "*", "--cd", "dv -C <folder> <command>" },
	{ "*", "--verbose", "DV_TRACE=1 in the environment" },
	{ "*", "-v", "DV_TRACE=1 in the environment" },
	{ "*", "--wait-for-lock", "dv waits for locks as it is" },
};
/* clang-format on */

const char *command_instead(const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i].name, name))
			return words[i].instead;
	return NULL;
}

/* Is name one of the words? */
static bool is_among(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && !memcmp(at, name, n))
			return true;
		at += n;
	}
	return !strcmp(list, "*");
}

const char *option_instead(const char *command, const char *option)
{
	const struct command *c = command_find(command);

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!strcmp(options[i].option, option) &&
		    is_among(options[i].commands, c ? c->name : command))
			return options[i].instead;
	return NULL;
}
