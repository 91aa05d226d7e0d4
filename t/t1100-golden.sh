#!/bin/sh

test_description='what earlier versions of dv wrote is read by this one'

. "${0%/*}/test-lib.sh"

golden=$TEST_DIR/golden

# unpack <name> <folder>: a repository with its pointers, no data
unpack () {
	git init -q "$2" && (cd "$2" && dv init -q && mkdir ../"$2".golden &&
	tar -C ../"$2".golden -xJf "$golden/$1.tar.xz" &&
	cp ../"$2".golden/*.dv . &&
	printf "/%s\n" tree table.csv model.safetensors >.gitignore &&
	git add -A && git commit -q -m "$1")
}

# holds <name>: the data here are what they were
holds () {
	mkdir ../seen && cp -a tree table.csv model.safetensors ../seen &&
	describe_tree ../seen >../actual && rm -rf ../seen &&
	test_cmp "$golden/$1.expect" ../actual
}

for file in "$golden"/*.tar.xz
do
	name=$(basename "$file" .tar.xz)
	export name

	test_expect_success "$name: the store is checked out and added to" '
		unpack $name s-$name && cd s-$name && rm -rf .git/dv && mv ../s-$name.golden/store .git/dv &&
		dv checkout && holds $name && dv status --short >out && test ! -s out && dv fsck &&
		echo new >tree/new && dv add -q tree && rm -rf tree && dv checkout && grep new tree/new
	'

	test_expect_success "$name: all of it is found again when it is added anew: ids are the same" '
		cd s-$name && git checkout -q tree.dv && dv checkout && rm -rf .git/dv && dv init -q && git rm -q --cached "*.dv" && mkdir ../dvs-$name && mv *.dv ../dvs-$name &&
		dv add tree table.csv model.safetensors && for p in *.dv; do test_cmp ../dvs-$name/$p $p || return 1; done
	'

	test_expect_success "$name: the remote is pulled from and pushed to" '
		unpack $name r-$name && cd r-$name && dv remote add -d origin "$SCRATCH/r-$name.golden/remote" && dv pull tree/sub && test -f tree/sub/noise &&
		test ! -e tree/a && dv pull && holds $name && dv push >out && grep "up to date" out && echo new >tree/new && dv add -q tree && dv push &&
		git add -A && git commit -q -m new && cd .. && git clone -q r-$name c-$name && cd c-$name && dv pull && grep new tree/new
	'
done

test_done
