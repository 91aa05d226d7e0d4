/* Words that people bring along from DVC, git-lfs and git. */

#include <stdbool.h>
#include <string.h>

#include "builtin/builtin.h"

#define NO_FILTERS \
	"dv has no filters of git: dv add and dv checkout do that"
#define NO_LOCKS \
	"neither locks of files nor pipelines are in this version of dv"
#define NO_PIPELINES	"pipelines are not in this version of dv"

/* clang-format off */
static const struct {
	const char *name, *instead;
} words[] = {
	{ "artifacts", "the model registry is not in this version of dv" },
	{ "bisect", "git bisect" },
	{ "blame", "dv log <path>" },
	{ "branch", "git branch: what is recorded goes with it" },
	{ "cache",
	  "dv store shows where it is; dv config --local store.path <path> "
	  "sets another one, to which nothing is moved; dv migrate --from-dvc "
	  "takes over DVC's" },
	{ "cherry-pick", "git cherry-pick, then dv checkout" },
	{ "clean", NO_FILTERS },
	{ "clone", "git clone, then dv pull" },
	{ "daemon", "there is none: dv sends nothing home" },
	{ "dag", NO_PIPELINES },
	{ "data", "dv status shows the data too" },
	{ "dataset", "dv import and dv import-url" },
	{ "dedup",
	  "none needed: dv checkout shares blocks where the file system can" },
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
	{ "merge", "git merge, then dv checkout" },
	{ "metrics", "metrics are not in this version of dv" },
	{ "params", "parameters are not in this version of dv" },
	{ "plots", "plots are not in this version of dv" },
	{ "pointer", "cat <path>.dv" },
	{ "post-checkout",
	  "dv hook post-checkout, which dv hooks install calls" },
	{ "post-commit",
	  "dv has no such hook; dv hooks install lists those it has" },
	{ "post-merge", "dv hook post-merge, which dv hooks install calls" },
	{ "pre-push", "dv hook pre-push, which dv hooks install calls" },
	{ "prune", "dv gc" },
	{ "queue", "experiments are not in this version of dv" },
	{ "rebase", "git rebase, then dv checkout" },
	{ "repro", NO_PIPELINES },
	{ "reset", "git reset, then dv checkout" },
	{ "restore", "dv checkout <path>" },
	{ "revert", "git revert, then dv checkout" },
	{ "root", "git rev-parse --show-toplevel" },
	{ "run", NO_PIPELINES },
	{ "show", "dv log <path>, dv diff, or dv cat <path>" },
	{ "smudge", NO_FILTERS },
	{ "stage", NO_PIPELINES },
	{ "stash",
	  "dv add, then git stash; dv checkout after it and after git stash "
	  "pop" },
	{ "studio", "there is no hosted service" },
	{ "switch", "git switch, then dv checkout" },
	{ "tag", "git tag: what is recorded goes with it" },
	{ "track", "dv add" },
	{ "unfreeze", NO_PIPELINES },
	{ "uninstall", "dv hooks uninstall" },
	{ "unlock", NO_LOCKS },
	{ "untrack", "dv rm --keep" },
};

static const struct {
	const char *commands;	/* with blanks between; "*": all */
	const char *option;	/* likewise */
	const char *instead;
} options[] = {
	{ "add commit push fetch pull checkout status", "--glob",
	  "leave out the quotes: the shell expands patterns (** after shopt "
	  "-s globstar)" },
	{ "add", "--out -o", "cp --reflink=auto <file> <out> && dv add <out>" },
	{ "add", "--to-remote", "dv import-url --to-remote <url> <out>" },
	{ "add", "--remote -r", "dv add, then dv push -r <remote>" },
	{ "add", "--remote-jobs", "dv push -j <n>" },
	{ "add", "--no-commit", "dv add -n only says what would be recorded" },
	{ "add", "--no-relink",
	  "files stay as they are: there is nothing to leave out" },
	{ "add", "--external", "dv import-url file://<path> <out>" },
	{ "add", "--file", "the pointer is always <path>.dv" },
	{ "add import import-url", "--desc",
	  "a comment in the commit: git commit -m" },
	{ "add", "--recursive -R",
	  "dv add <folder> makes one pointer of all below" },
	{ "add", "--all -A --update -u",
	  "dv add <path>; dv commit records all tracked data that changed" },
	{ "add", "--patch -p", "data is recorded whole: dv add <path>" },
	{ "commit", "--data-only", "dv commit records data only" },
	{ "commit checkout", "--no-relink",
	  "files stay as they are: there is nothing to leave out" },
	{ "commit", "--message -m",
	  "dv commit records the data; git commit -m comes after it" },
	{ "commit", "--amend", "dv commit, git add, then git commit --amend" },
	{ "commit", "--all -a", "dv commit takes all that changed as it is" },
	{ "commit", "--relink", "dv checkout --relink" },
	{ "commit checkout push fetch pull status update repro",
	  "--recursive -R",
	  "name the folder: what is tracked below it is meant" },
	{ "commit checkout push fetch pull status", "--with-deps -d",
	  NO_PIPELINES },
	{ "checkout", "--summary",
	  "dv checkout ends with one; dv checkout -n only says what it would "
	  "do" },
	{ "checkout", "-b -B", "git checkout -b <branch>" },
	{ "checkout", "--ours",
	  "git checkout --ours <path>.dv, then dv checkout <path>" },
	{ "checkout", "--theirs",
	  "git checkout --theirs <path>.dv, then dv checkout <path>" },
	{ "push fetch pull", "--run-cache --no-run-cache",
	  NO_PIPELINES ": there is no run cache" },
	{ "push fetch pull", "--all",
	  "dv push -A and dv fetch -A: all that any commit records" },
	{ "push fetch pull", "--tags",
	  "dv push -T and dv fetch -T: what all tags record" },
	{ "push", "--object-id", "dv push <path>" },
	{ "push", "--set-upstream -u", "dv remote default <name>" },
	{ "push", "-f", "dv push --force" },
	{ "push", "--delete", "dv gc -r <remote>" },
	{ "fetch pull", "--include -I",
	  "name paths or patterns: dv fetch 'data/*.csv'" },
	{ "fetch pull", "-X", "dv fetch --exclude <glob>" },
	{ "fetch pull", "--recent", "dv fetch -a: what all branches record" },
	{ "fetch pull", "--prune -p", "dv gc" },
	{ "fetch pull", "--refetch",
	  "dv fsck --repair gets again what is damaged" },
	{ "pull", "--rebase --ff-only --ff --no-rebase",
	  "git pull, then dv pull" },
	{ "fetch", "--type", "name the paths: dv fetch <path>..." },
	{ "status", "--cloud -c --not-in-remote", "dv status --remote" },
	{ "status", "--no-remote-refresh",
	  "only dv status --remote asks the remote" },
	{ "status", "--all-branches -a",
	  "dv push -n -a says what the remote lacks" },
	{ "status", "--all-tags -T",
	  "dv push -n -T says what the remote lacks" },
	{ "status", "--all-commits -A",
	  "dv push -n -A says what the remote lacks" },
	{ "status", "--granular",
	  "dv status names files inside of directories as it is" },
	{ "status", "--untracked-files", "git status" },
	{ "status", "--unchanged", "dv ls lists all that is tracked" },
	{ "status", "--no-updates",
	  "dv status does not ask where imports came from; dv update does" },
	{ "status", "--branch -b --ignored", "git status" },
	{ "log", "--patch -p", "dv diff <rev> <rev> -- <path>" },
	{ "log", "--follow", "dv log follows renames as it is" },
	{ "log", "--stat", "dv log shows what was added and removed as it is" },
	{ "diff", "--staged --cached",
	  "dv diff compares HEAD with the data as it is here" },
	{ "diff", "--name-only", "dv diff --name-status" },
	{ "diff", "--targets", "dv diff -- <path>..." },
	{ "diff", "--show-hash", "dv diff --json has the ids" },
	{ "diff", "--hide-missing",
	  "what is not in the store is compared all the same" },
	{ "gc", "--workspace -w",
	  "dv gc keeps all that any branch, tag, stash and reflog can reach" },
	{ "gc", "--all-branches -a", "dv gc keeps all branches as it is" },
	{ "gc", "--all-tags -T", "dv gc keeps all tags as it is" },
	{ "gc", "--all-commits -A", "dv gc keeps all commits as it is" },
	{ "gc", "--all-experiments", "dv gc keeps whatever any ref can reach" },
	{ "gc", "--rev --num",
	  "dv gc keeps all commits that any ref can reach; delete the branch "
	  "first" },
	{ "gc", "--date", "dv gc --grace <age>" },
	{ "gc", "--cloud -c", "dv gc -r <remote>" },
	{ "gc", "--not-in-remote",
	  "dv gc keeps what any ref can reach, also what a remote has" },
	{ "gc", "--projects -p", "dv gc --repo <path>" },
	{ "gc", "-f", "dv gc asks nothing; dv gc -n looks only" },
	{ "gc", "--verify-remote",
	  "dv gc asks the remotes itself for what is not here" },
	{ "gc", "--recent", "dv gc --grace <age>" },
	{ "gc", "--auto --aggressive --prune", "dv gc" },
	{ "gc", "--skip-failed", "a run that fails is made again: dv gc" },
	{ "rm", "--outs", "dv rm removes the data too; dv rm --keep does not" },
	{ "rm", "--recursive -r", "dv rm takes directories as it is" },
	{ "mv", "--force -f", "dv mv replaces nothing: dv rm <path> first" },
	{ "ls", "-T", "dv ls --tree" },
	{ "ls", "--show-hash", "dv ls --json has the ids" },
	{ "ls du", "--remote",
	  "a repository's own .dvconfig says where its data is" },
	{ "ls du get import update", "--remote-config --config",
	  "the other repository's own .dvconfig says how to reach it" },
	{ "get", "--show-url",
	  "data lies in packs; dv ls --json --repo <url> has the ids" },
	{ "import import-url", "--no-exec", "dv import --no-download" },
	{ "import", "--file",
	  "the pointer is always <out>.dv: dv import -o <out>" },
	{ "import-url", "--file", "the pointer is always <out>.dv" },
	{ "import-url", "--version-aware",
	  "dv import-url --checksum holds it to what it is now" },
	{ "import-url", "--fs-config",
	  "keys come from the environment or ~/.aws, as for dv remote" },
	{ "check-ignore", "-d", "dv check-ignore --details" },
	{ "check-ignore", "--all -a",
	  "dv check-ignore --details names the pattern that decides" },
	{ "config", "-u", "dv config --unset <name>" },
	{ "remote", "--force -f", "dv remote set-url <name> <url>" },
	{ "remote", "--unset -u", "dv config --unset remote.<name>.<key>" },
	{ "remote", "--system", "dv config --system remote.<name>.url <url>" },
	{ "remote", "--project", "dv remote add writes to .dvconfig as it is" },
	{ "fsck", "--full --objects --pointers",
	  "dv fsck reads all of the store as it is" },
	{ "init", "--subdir",
	  "one .dvconfig at the top is for all of the repository: dv init" },
	{ "init", "--no-scm", "git init, then dv init" },
	{ "init", "--force -f", "dv init changes nothing that is there" },
	{ "completion", "--shell -s", "dv completion bash" },
	{ "hooks", "--use-pre-commit-tool",
	  "the source of dv has .pre-commit-hooks.yaml: dv help hooks" },
	{ "dv", "-v -V", "dv --version" },
	{ "dv", "-c",
	  "DV_CORE_JOBS=4 dv <command>, and so for each setting; dv help "
	  "config" },
	{ "dv", "--git-dir --work-tree", "dv -C <folder> <command>" },
	{ "*", "--cd", "dv -C <folder> <command>" },
	{ "*", "--verbose -v", "DV_TRACE=1 in the environment" },
	{ "*", "--wait-for-lock", "dv waits for locks as it is" },
};
static const struct {
	const char *command, *word, *instead;
} actions[] = {
	{ "config", "edit", "git config --file .dvconfig --edit" },
	{ "config", "get", "dv config <name>" },
	{ "config", "list", "dv config --list" },
	{ "config", "set", "dv config <name> <value>" },
	{ "config", "unset", "dv config --unset <name>" },
	{ "remote", "get-url", "dv remote -v" },
	{ "remote", "ls", "dv remote list" },
	{ "remote", "modify",
	  "dv config [--local] remote.<name>.<key> <value>" },
	{ "remote", "mv", "dv remote rename <old> <new>" },
	{ "remote", "prune", "dv gc -r <remote>" },
	{ "remote", "rm", "dv remote remove <name>" },
	{ "remote", "show", "dv remote -v" },
	{ "remote", "update", "dv fetch -r <remote>" },
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
		if (is_among(options[i].option, option) &&
		    is_among(options[i].commands, c ? c->name : command))
			return options[i].instead;
	return NULL;
}

const char *action_instead(const char *command, const char *word)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(actions[i].command, command) &&
		    !strcmp(actions[i].word, word))
			return actions[i].instead;
	return NULL;
}
