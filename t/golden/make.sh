#!/bin/sh
# Makes t/golden/<name>.tar.xz with the dv of this checkout: a store, the remote
# it was pushed to and the pointers, and beside it <name>.expect, what they
# hold.  Run once for each format that is released, never again for the same.
#
# usage: t/golden/make.sh <name>
set -e
here=$(cd "$(dirname "$0")" && pwd)
test "$0" = "$here/make.sh" || exec "$here/make.sh" "$@"
made=$1
test ! -e "$here/$made.tar.xz" || {
	echo "error: $made is there already: it must stay as it is" >&2
	exit 1
}
# its functions, in a scratch folder
DV_BUILD=${DV_BUILD:-$here/../../build}
. "$here/../test-lib.sh"

work () {
	make_repo repo && cd repo &&
	mkdir -p tree/empty tree/sub && printf x >tree/a && chmod +x tree/a &&
	: >tree/none && ln -s a tree/link && ln -s nowhere tree/dangling &&
	printf nl >"tree/new
line" && printf raw >"$(printf 'tree/\377')" &&
	small_files tree/many 60 && random_bytes 90000 5 >tree/sub/noise &&
	awk 'BEGIN { for (i = 0; i < 20000; i++)
		printf "%d,row %d,%.4f\n", i, i % 977, i / 7 }' >table.csv &&
	python3 -c '
import json, random, struct, sys
rng = random.Random(1)
bytes_ = b"".join(struct.pack("<f", rng.gauss(0, 0.02)) for _ in range(20000))
head = json.dumps({"w": {"dtype": "F32", "shape": [20000],
                         "data_offsets": [0, len(bytes_)]}}).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(head)) + head + bytes_)' \
		>model.safetensors &&
	dv add -q tree table.csv model.safetensors &&
	dv remote add -d origin "$SCRATCH/remote" && dv push -q &&
	echo more >>table.csv && echo 2 >tree/a && dv add -q tree table.csv &&
	dv push -q && dv status --short | { ! grep -v '^P'; } &&
	mkdir ../out ../data && cp -- *.dv ../out && mv .git/dv ../out/store &&
	mv tree table.csv model.safetensors ../data
}

(work) >&2
rm -rf out/store/stat out/store/have out/store/tracked
mv remote out/remote
describe_tree data >"$here/$made.expect"
tar -C out --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 \
	-cf - . | xz -9e >"$here/$made.tar.xz"
ls -l "$here/$made.tar.xz"
