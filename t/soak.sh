#!/bin/sh
# soak.sh [<seconds> [<seed> [folder|apache|radosgw]...]]: two clones on one
# store, a remote of each kind, and processes that are killed; see
# helper/soak.py.  KEEP=1 leaves the scratch folder with the logs.

test_description='adding, pushing and collecting at once, and killed'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

SECONDS_EACH=${1:-180}
SEED=${2:-$(date +%s)}
test $# -lt 2 && shift $# || shift 2
echo "# seed $SEED"

# soak <name> <url>
soak () {
	export soak_name="$1" soak_url="$2"
	test_expect_success "$1" '
		mkdir "soak-$soak_name" && cd "soak-$soak_name" && "$TEST_DIR/helper/soak.py" "$soak_url" "$SECONDS_EACH" "$SEED"
	' && sed "s/^/# /" "$SCRATCH/out.log"
}

for kind in ${*:-folder apache radosgw}
do
	case $kind in
	folder)
		mkdir "$SCRATCH/remote" && soak folder "$SCRATCH/remote" ;;
	apache)
		start_apache
		use_netrc
		soak apache "$HTTP_URL/soak" ;;
	radosgw)
		start_radosgw
		soak radosgw "s3://$S3_BUCKET/soak" ;;
	esac
done

test_done
