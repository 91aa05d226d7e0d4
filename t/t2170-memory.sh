#!/bin/sh

test_description='memory does not grow with the number of files, nor of threads'

. "${0%/*}/test-lib.sh"

# a sanitizer takes more than any limit, and long for so many files
if nm "$DV_BUILD/dv" | grep -q __asan
then
	most=10000000 few=10000000 each=100 big=$((16 << 20)) most_add=$most most_pull=$most most_diff=$most
else
	most=36000 few=25000 each=1000 big=$((272 << 20)) most_add=65536 most_pull=245760 most_diff=49152
fi

# below <KiB> <command>...: it takes no more resident memory than that
below () {
	python3 - "$@" <<-\END
	import resource, subprocess, sys
	subprocess.run(sys.argv[2:], check=True)
	peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
	print(peak, "KiB:", *sys.argv[2:])
	sys.exit(peak > int(sys.argv[1]))
	END
}

# files that share an inode are as many names, and quickly made
test_expect_success 'setup: 120,000 names in folders of 1000, and in one of 20,000' '
	make_repo repo && cd repo && python3 - $each <<-\END
	import os, sys
	each = int(sys.argv[1])
	for n in range(100):
	    os.makedirs("data/d%03d" % n)
	    for i in range(each):
	        name = "data/d%03d/name-of-file-%06d" % (n, i)
	        if n % 10 == 0:
	            with open(name, "w") as f:
	                f.write("file %d %d\n" % (n, i))
	        else:
	            os.link("data/d%03d/name-of-file-%06d" % (n - n % 10, i), name)
	os.makedirs("data/many/deep")
	for i in range(20 * each):
	    os.link("data/d000/name-of-file-%06d" % (i % each), "data/many/deep/%d" % i)
	END
'

test_expect_success 'add, again, and after a change' '
	cd repo && below $most dv add -q data && cp data.dv ../first && grep "^files: $((each * 120))$" data.dv && below $most dv add -q data && test_cmp ../first data.dv &&
	echo new >data/d090/new && rm data/d050/name-of-file-000050 && below $most dv add -q data && ! cmp -s ../first data.dv &&
	rm data/d090/new && echo "file 50 50" >data/d050/name-of-file-000050 && dv add -q data && test_cmp ../first data.dv
'

test_expect_success 'add without a stat index, and a dry run' '
	cd repo && rm -r .git/dv/stat && below $most dv add -q data && test_cmp ../first data.dv && git add -A && git commit -qm one && below $most dv status -q data && rm -r .git/dv/stat && below $most dv add -q --dry-run data && dv add -q data
'

test_expect_success 'checkout of what is gone, of what has changed, and of nothing' '
	cd repo && mv data/many ../ && below $most dv checkout -q && rm -r .git/dv/stat && dv add -q data && test_cmp ../first data.dv &&
	echo mine >data/d000/name-of-file-000001 && rm data/d090/name* && below $most dv checkout -q -f && dv add -q data && test_cmp ../first data.dv && below $most dv checkout -q
'

test_expect_success 'checkout where all is here and nothing is known of it' '
	cd repo && rm -r .git/dv/stat && below $most dv checkout -q && dv status -q
'

test_expect_success 'push, and pull of a part into a clone' '
	cd repo && dv remote add origin ../store && git add -A && git commit -qm remote && below $most dv push -q && git clone -q . ../clone && cd ../clone && below $most dv pull -q data/many && diff -r ../repo/data/many data/many
'

test_expect_success 'dv diff of as many files that came, and as many that went' '
	cd repo && mkdir data/all && mv data/d0* data/all/ && dv add -q data && below $most_diff dv diff -R --name-status HEAD >../out && sed 1d ../out | awk -F "\t" "{ n[\$1]++ } END { for (s in n) print s, n[s] }" && test $(grep -c "^R.*	data/all/d0" ../out) = $((100 * each))
'

# its names are hashes, so that they do not come in order
test_expect_success 'setup: 100,000 names in one folder' '
	make_repo flat && cd flat && python3 - $each <<-\END
	import os, sys
	os.mkdir("data")
	for i in range(100 * int(sys.argv[1])):
	    name = "data/%08x-name" % (i * 2654435761 % 2**32)
	    if i % 100 == 0:
	        first = name
	        with open(name, "w") as f:
	            f.write("file %d\\n" % i)
	    else:
	        os.link(first, name)
	END
'

test_expect_success 'one long folder: add, again, after a change, and of a part' '
	cd flat && below $most dv add -q data && below $few dv add -q data &&
	rm "data/$(ls data | sed -n 70p)" && echo new >data/new && below $few dv add -q data && grep "^files: $((each * 100))$" data.dv &&
	echo newer >data/new && below $few dv add -q data/new && grep "^files: $((each * 100))$" data.dv
'

test_expect_success 'one long folder: ls and status, with and without a stat index' '
	cd flat && below $few dv ls data >../listed && grep -v KiB ../listed >../rows && find data -type f | LC_ALL=C sort >../names && test_cmp ../names ../rows &&
	rm data/new && echo other >data/other && below $few dv status >../out && grep "deleted: *data/new" ../out && grep "new: *data/other" ../out && rm -r .git/dv/stat && below $few dv status >../out && grep "absent: *data/new" ../out && grep "new: *data/other" ../out
'

# as many pointers as make what is kept for each of them count
test_expect_success 'add of many paths that are tracked each by itself' '
	make_repo many && cd many && python3 - $((each * 10)) <<-\END &&
	import os, sys
	os.mkdir("d")
	for i in range(int(sys.argv[1])):
	    os.mkdir("d/%02d" % (i // 500)) if i % 500 == 0 else None
	    name = "d/%02d/%05d" % (i // 500, i)
	    if i == 0:
	        open(name, "w").write("one\n")
	    else:
	        os.link("d/00/00000", name)
	END
	below $most dv add -q d/*/*
'

test_expect_success 'many threads: add of a large file, push, and pull of it' '
	make_repo large && cd large && head -c $big /dev/urandom >file && below $most_add dv add -q -j 64 file && below $most_add dv add -q -j 1000 --dry-run file &&
	dv remote add origin ../large-store && git add -A && git commit -qm one && below $most_pull dv push -q -j 64 &&
	git clone -q . ../large-clone && cd ../large-clone && below $most_pull dv pull -q -j 64 && cmp file ../large/file
'

test_done
