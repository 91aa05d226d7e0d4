#!/bin/sh

test_description='a store that several users share'

. "${0%/*}/test-lib.sh"

need_users

# a opens nothing to others by himself, b does
a () { as 65531 077 "$@"; }
b () { as 65533 022 "$@"; }

store=$SCRATCH/store

test_expect_success 'two users, a repository each, one store' '
	chmod 755 "$SCRATCH" && mkdir bare.git remote && git init -q --bare bare.git && git -C bare.git config core.sharedRepository group && chown -R 65531:65530 bare.git remote && chmod -R g+rwX bare.git remote &&
	find bare.git remote -type d -exec chmod g+s {} + &&
	for u in 65531 65533
	do
		mkdir home$u repo$u && cp "$HOME/.gitconfig" home$u && printf "[safe]\n\tdirectory = *\n" >>home$u/.gitconfig &&
		chown -R $u:65530 home$u repo$u && chmod 711 repo$u || return 1
	done && mkdir store && chown 65531:65530 store && chmod 700 store
'

test_expect_success 'store.shared is not taken from .dvconfig' '
	cd repo65531 && a git init -q && a dv init -q && test_must_fail a dv config --project store.shared group 2>../err && grep "hint: dv config --local store.shared group" ../err &&
	a git config -f .dvconfig store.shared group && a dv config --local store.path "$store" && a dv store && test "$(stat -c %a "$store")" = 700 &&
	a git config -f .dvconfig --unset store.shared && test_must_fail a dv config --local store.shared some 2>../err && grep "group, all, false" ../err
'

# mode bits of all of the store, but for what is in it for one user only
shared_ok () {
	test -z "$(find "$store" -type d ! -perm -2070)" &&
	test -z "$(find "$store" -type f ! -name "*.seen" ! -perm -040)" &&
	test -z "$(find "$store" -name "*.pack" -perm /022)" && test -z "$(find "$store" -perm -002)"
}

test_expect_success 'what is there is shared when the owner first sees the setting' '
	cd repo65531 && mkdir data && random_bytes 300000 1 >data/one && chown -R 65531 data && a dv add -q data && ! shared_ok &&
	a dv config --local store.shared group && a dv store >../out && grep "shared with its group" ../out && shared_ok &&
	a dv store --json | grep "\"shared\": *true"
'

test_expect_success 'new files are readable for the group, whatever the umask, and no pack is writable' '
	cd repo65531 && a sh -c "openssl rand 300000 >data/two" && a dv add -q data && shared_ok && as 65531 000 sh -c "openssl rand 300000 >data/three" &&
	as 65531 000 dv add -q data && shared_ok && a dv remote add origin "$SCRATCH/remote" && a git add -A && a git commit -qm one && a dv push -q && shared_ok &&
	a git push -q ../bare.git HEAD:main && find "$SCRATCH/remote" -type d -exec chmod g+rwxs {} + && chmod -R g+rX "$SCRATCH/remote"
'

test_expect_success 'the other one has it from the store, without a remote' '
	cd repo65533 && b git clone -q ../bare.git . && b dv config --local store.path "$store" && mv ../remote ../away && b dv checkout -q && mv ../away ../remote &&
	cmp data/two ../repo65531/data/two && b dv status --exit-code && test -s "$store/index/65533.seen" && test "$(stat -c %a "$store/index/65533.seen")" = 600
'

test_expect_success 'what was verified is not verified again, and what is ours never' '
	size=$(stat -c %s "$store/index/65533.seen") && cd repo65533 && rm -rf data && b dv checkout -q && test "$(stat -c %s "$store/index/65533.seen")" = $size &&
	cd ../repo65531 && rm -rf data && a dv checkout -q && test ! -e "$store/index/65531.seen"
'

test_expect_success 'both add, push and get what the other has' '
	cd repo65533 && b sh -c "openssl rand 300000 >data/four" && b dv add -q data && b git commit -qam two && b git push -q ../bare.git HEAD:main && shared_ok &&
	cd ../repo65531 && a git pull -q ../bare.git main && a dv checkout -q && cmp data/four ../repo65533/data/four && test -s "$store/index/65531.seen" &&
	a dv push -q && shared_ok && a dv fsck && cd ../repo65533 && b dv fsck && b dv status --exit-code
'

test_expect_success 'both are known as users, and gc that cannot look into the other repository refuses' '
	grep -l "^$SCRATCH/repo65531/.git\$" "$store"/users/* && grep -l "^$SCRATCH/repo65533/.git\$" "$store"/users/* && chmod 700 repo65531 && cd repo65533 && find "$store" -name "*.pack" | sort >../before && test_must_fail b dv gc 2>../err &&
	grep "repo65531" ../err && grep "cannot be looked into" ../err && find "$store" -name "*.pack" | sort >../after && cmp ../before ../after
'

test_expect_success 'the temporary folder of another user is left alone' '
	cd repo65533 && mkdir "$store/tmp/999999999-0123456789abcdef" && chown 65531 "$store/tmp/999999999-0123456789abcdef" &&
	touch -d "2 hours ago" "$store/tmp/999999999-0123456789abcdef" && b sh -c "echo five >data/five" && b dv add -q data && test -d "$store/tmp/999999999-0123456789abcdef" &&
	cd ../repo65531 && a sh -c "echo six >data/six" && a dv add -q data && test ! -e "$store/tmp/999999999-0123456789abcdef"
'

# Writes a pack with the ids of another whose bytes are others, and every check
# of it but SHA-256 of the objects right.
forge () {
	python3 - "$@" <<-'PY'
	import ctypes, hashlib, os, struct, sys
	xxh3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
	xxh3.restype = ctypes.c_uint64
	xxh3.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
	source, folder = sys.argv[1:]
	pack = bytearray(open(source, "rb").read())
	offset, length = struct.unpack("<QQ", pack[-64:-48])
	index = pack[offset:offset + length]
	frames, objects = struct.unpack("<II", index[12:20])
	table = 24 + 1024
	ids = table + frames * 24
	places = ids + objects * 32
	for i in range(frames):
	    at, stored, raw, codec = struct.unpack("<QIIB", index[table + i * 24:table + i * 24 + 17])
	    assert codec == 0 and stored == raw
	    pack[at:at + raw] = b"E" * raw
	for i in range(objects):
	    row = places + i * 24
	    size, = struct.unpack("<I", index[row + 8:row + 12])
	    index[row + 16:row + 24] = struct.pack("<Q", xxh3(b"E" * size, size))
	name = hashlib.sha256(index).digest()
	tail = struct.pack("<QQQ", xxh3(bytes(index), length), offset, length) + name + bytes(8) + b"DVPKend1"
	with open(os.path.join(folder, name.hex() + ".pack"), "wb") as f:
	    f.write(pack[:offset] + index + tail)
	print(name.hex())
	PY
}

test_expect_success 'a forged pack of another user is refused by name, and nothing of it is served' '
	cd repo65533 && b sh -c "openssl rand 200000 >data/victim" && b dv add -q data && b git commit -qam victim && cp data/victim ../victim &&
	real=$(find "$store/data" -name "*.pack" -newer "$store/index/65533.seen" -user 65533 -size +150k | xargs ls -t | head -1) &&
	forged=$(forge "$real" "$store/data") && forged=$store/data/$forged.pack && chown 65531:65530 "$forged" && chmod 640 "$forged" && mv "$real" ../real.pack &&
	rm -f data/victim && test_must_fail b dv checkout && test ! -e data/victim &&
	test_must_fail b dv cat data/victim >../out 2>../err && test ! -s ../out && grep "$forged is not used, user 65531 has written it" ../err && test_must_fail b dv fsck >../out 2>&1 && grep "${forged##*/}" ../out
'

test_expect_success 'adding the file again mends it, in spite of the forged pack' '
	cd repo65533 && cp ../victim data/victim && chown 65533 data/victim && b dv add -q data && rm -f data/victim && b dv checkout -q && cmp data/victim ../victim
'

test_expect_success 'each imports through a clone of his own' '
	make_repo from && cd from && mkdir ../from-data && dv remote add origin "$SCRATCH/from-data" && echo imported >i && dv add -q i && git add -A && git commit -qm i && dv push -q && chmod -R a+rX . ../from-data && cd ../repo65531 &&
	a dv import -q "$SCRATCH/from" i && cmp i ../from/i && cd ../repo65533 && b dv import -q "$SCRATCH/from" i && cmp i ../from/i &&
	test "$(stat -c %u "$store/sources" "$store/sources-65533")" = "65531
65533"
'

test_expect_success 'where the other one has not shared a file the owner is named' '
	cd repo65533 && pack=$(find "$store/data" -name "*.pack" -user 65531 -size +200k | head -1) && find "$store" -name "*.pack" -user 65531 -exec chmod 600 {} + &&
	rm -rf data && test_must_fail b dv checkout 2>../err && cat ../err && grep "cannot open $store.*which belongs to user 65531: Permission denied" ../err && grep "hint: its owner can share the store" ../err
'

test_expect_success 'git'\''s core.sharedRepository counts where store.shared is not set' '
	make_repo own && cd own && git config core.sharedRepository 0664 && echo 1 >f && (umask 077 && dv add -q f) && store=$(pwd)/.git/dv &&
	test "$(stat -c %a "$store")" = 2775 && test -z "$(find "$store/data" "$store/meta" "$store/format" "$store/users.lock" -type f ! -perm -044)" && cd .. &&
	make_repo none && cd none && git config core.sharedRepository group && dv config --local store.shared false && echo 1 >f && dv add -q f && test "$(stat -c %a .git/dv)" != 2775
'

test_expect_success 'a store that may only be read: gc -n and diff --content work, and leave nothing' '
	make_repo readonly && cd readonly && printf "id\n1\n" >t.csv && dv add -q t.csv && git add -A && git commit -qm 1 && printf "id\n2\n" >t.csv && chown -R 65533:65530 . && chmod -R a-w .git/dv && mkdir -m 777 ../readonly.tmp &&
	b env TMPDIR="$SCRATCH/readonly.tmp" dv diff --content >../out && cat ../out && grep "^+2" ../out && grep "rows: 1 added, 1 removed" ../out && test -z "$(ls -A ../readonly.tmp)" &&
	b dv gc -n --grace now >../out && grep "nothing to free" ../out && test_must_fail b dv gc --grace now
'

test_done
