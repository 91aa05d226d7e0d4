#!/bin/sh

test_description='dv migrate, killed in between, is completed by the next run'

. "${0%/*}/test-lib.sh"

for point in "migrate: converted" "migrate: before pointer"
do
	test_expect_success "killed at $point" '
		rm -rf repo && git init -q repo && cd repo && mkdir .dvc data && : >.dvc/config &&
		small_files data/many 120 && random_bytes 3000000 1 >big.bin && echo x >small &&
		python3 "$TEST_DIR/helper/dvc-repo.py" add data big.bin small &&
		dv init -q && git add -A && git commit -qm dvc &&
		{ DV_TEST_CRASH_AT="$point:1" "$DV_BUILD/crash/dv" migrate --from-dvc -q; test $? -ge 128; } &&
		test -z "$(ls ./*.dv 2>/dev/null)" &&
		dv migrate --from-dvc >../out && grep "carried over 3 tracked paths" ../out &&
		git add -A && git commit -qm dv && dv status >../out && grep "nothing changed" ../out
	'
done

test_done
