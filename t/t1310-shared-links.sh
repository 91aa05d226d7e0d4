#!/bin/sh

test_description='links to whole files of a shared store that another user has made'

. "${0%/*}/test-lib.sh"

need_users

a () { as 65531 027 "$@"; }
b () { as 65533 027 "$@"; }

store=$SCRATCH/store
whole () { find "$store/loose" -type f -size +9M; }
is_link () { test -L "$1" && case $(readlink "$1") in "$store"/loose/*) ;; *) false ;; esac; }
seen () { stat -c %s "$store/index/65533.seen"; }
clean () { "$@" status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }
random_bytes 17000000 1 >big1
random_bytes 17000000 2 >big2
chmod 644 big1 big2

test_expect_success 'two users, a repository each, one store, symbolic links' '
	chmod 755 "$SCRATCH" && mkdir bare.git && git init -q --bare bare.git && git -C bare.git config core.sharedRepository group && chown -R 65531:65530 bare.git && chmod -R g+rwX bare.git && find bare.git -type d -exec chmod g+s {} + &&
	for u in 65531 65533
	do
		mkdir home$u repo$u && cp "$HOME/.gitconfig" home$u && printf "[safe]\n\tdirectory = *\n" >>home$u/.gitconfig && chown -R $u:65530 home$u repo$u || return 1
	done && mkdir store && chown 65531:65530 store && chmod 700 store &&
	cd repo65531 && a git init -q && a dv init -q && a dv config --local store.path "$store" && a dv config --local store.shared group && a dv config store.link symlink && a cp ../big1 big && a dv add -q big && is_link big && a git add -A && a git commit -qm 1 && a git push -q ../bare.git HEAD:main
'

test_expect_success 'the other one links the same file, verified once' '
	cd repo65533 && b git clone -q ../bare.git . && b dv config --local store.path "$store" && inode=$(stat -c %i $(whole)) && b dv checkout -q && is_link big && cmp big ../big1 && clean b dv &&
	test "$(stat -c %i $(whole))" = $inode && test "$(stat -c %U $(whole))" = "$(stat -c %U ../repo65531)" && size=$(seen) && test $size = 64 && rm big && b dv checkout -q && is_link big && b dv checkout -q --relink && b dv status --rehash --exit-code && test "$(seen)" = $size &&
	cd ../repo65531 && clean a dv && a dv fsck -q && test_must_fail b sh -c "echo x >>big"
'

test_expect_success 'add of what the other one has stored links it too, and leaves it his' '
	cd repo65533 && inode=$(stat -c %i $(whole)) && b cp ../big1 copy && b dv add -q copy && is_link copy && cmp copy ../big1 && b git add -A && b git commit -qm copy && test "$(whole | wc -l)" = 1 && test "$(stat -c %i $(whole))" = $inode && clean b dv && cd ../repo65531 && clean a dv
'

test_expect_success 'gc of one leaves the links of the other' '
	chmod -R g+rX repo65531 repo65533 && cd repo65533 && b dv rm -q copy && b git commit -qam "no copy" && b dv gc -q --grace now && cmp big ../big1 && cmp ../repo65531/big ../big1 && clean b dv
'

test_expect_success 'hard links: the system does not let us link what is another user'\''s; that is a copy, ours are links' '
	cd repo65533 && b dv config --local store.link hardlink && rm big && inode=$(stat -c %i $(whole)) && b dv checkout -q 2>../err && cat ../err && cmp big ../big1 && test ! -L big && clean b dv && test "$(stat -c %i $(whole))" = $inode && cmp ../repo65531/big ../big1 &&
	if test "$(cat /proc/sys/fs/protected_hardlinks)" = 1; then test "$(stat -c %h big)" = 1; fi && b cp ../big2 two && b dv add -q two && b git add -A && b git commit -qm two && test "$(stat -c %h two)" = 2 && cmp two ../big2 && clean b dv && b dv rm -q two && b git commit -qam "no two" && b dv config --local --unset store.link && rm big && b dv checkout -q && is_link big
'

test_expect_success 'the owner changes it: his change is seen, not linked again, and mended by a file of our own' '
	cd repo65533 && f=$(readlink big) && chmod u+w "$f" && printf X | a dd of="$f" bs=1 seek=5000 conv=notrunc 2>/dev/null && chmod 444 "$f" && b dv status >../out && cat ../out && grep "modified: *big" ../out &&
	b cp ../big1 own && b dv add -q own && is_link own && cmp own ../big1 && test "$(stat -c %u "$f")" = 65533 && b dv checkout -q && cmp big ../big1 && cd ../repo65531 && a dv checkout -q -f && cmp big ../big1 && clean a dv
'

test_expect_success 'a good file of another user under the name of other content is not linked' '
	cd repo65533 && f=$(readlink big) && b dv rm -q -f own && rm -rf big "$store"/loose/* && b cp ../big1 big && b dv config --local store.link copy && b dv add -q big && test -z "$(whole)" && b dv config --local --unset store.link &&
	cd ../repo65531 && rm big && a cp ../big2 big && a dv add -q big && is_link big && other=$(whole) && a ln "$other" "$store/tmp/second" && a mkdir -p "${f%/*}" && a mv "$other" "$f" && a mv "$other.0.idx" "$f.0.idx" && chmod 2770 "${f%/*}" &&
	cd ../repo65533 && rm big && b dv checkout -q && is_link big && test "$(readlink big)" = "$f" && cmp big ../big1 && test "$(stat -c %u "$f")" = 65533 && cmp "$store/tmp/second" ../big2 && clean b dv
'

test_done
