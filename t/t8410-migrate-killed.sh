#!/bin/sh

test_description='dv migrate, killed in between, is completed by the next run'

. "${0%/*}/test-lib.sh"

# What a batch has written has no name yet.
for point in "migrate: converted:1" "migrate: before pointers:1" batch-written:2 batch-synced:1
do
	test_expect_success "killed at $point" '
		rm -rf repo && git init -q repo && cd repo && mkdir .dvc data && : >.dvc/config &&
		small_files data/many 120 && random_bytes 3000000 1 >big.bin && echo x >small &&
		python3 "$TEST_DIR/helper/dvc-repo.py" add data big.bin small &&
		dv init -q && git add -A && git commit -qm dvc &&
		{ DV_TEST_CRASH_AT="$point" "$DV_BUILD/crash/dv" migrate --from-dvc -q; test $? -ge 128; } &&
		test -z "$(ls ./*.dv 2>/dev/null)" && find . -name ".dv-tmp-*" -exec touch -d "2 hours ago" {} + &&
		dv migrate --from-dvc >../out && grep "carried over 3 tracked paths" ../out &&
		git add -A && git commit -qm dv && dv status >../out && grep "nothing changed" ../out
	'
done

test_expect_success 'killed while names are given: pointers are whole, the next run does the rest' '
	for n in 1 2 3
	do
		rm -rf repo && git init -q repo && cd repo && mkdir .dvc && : >.dvc/config && for i in 1 2 3; do echo $i >f$i || exit 1; done &&
		python3 "$TEST_DIR/helper/dvc-repo.py" add f1 f2 f3 && dv init -q && git add -A && git commit -qm dvc && cp .gitignore ../ignored &&
		{ DV_TEST_CRASH_AT="batch-named:$n" "$DV_BUILD/crash/dv" migrate --from-dvc -q; test $? -ge 128; } &&
		test $(ls ./*.dv | wc -l) = $n && dv status >../out && test $(grep -c "uncommitted: " ../out) = $n && find . -name ".dv-tmp-*" -exec touch -d "2 hours ago" {} + &&
		dv migrate --from-dvc -q && test $(ls ./*.dv | wc -l) = 3 && test_cmp ../ignored .gitignore && git add -A && git commit -qm dv && dv status -q && cd .. || exit 1
	done
'

test_done
