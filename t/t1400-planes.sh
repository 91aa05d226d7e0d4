#!/bin/sh

test_description='byte planes: used for numbers where they pay, else not'

. "${0%/*}/test-lib.sh"

# Files as numpy and safetensors write them, of weights near 0.
cat >make.py <<'E2'
import json, random, struct

rng = random.Random(1)
N = 300000
weights = [rng.gauss(0, 0.02) for _ in range(N)]
f64 = struct.pack("<%dd" % N, *weights)
f16 = struct.pack("<%de" % N, *weights)
f32 = struct.pack("<%df" % N, *weights)
bf16 = bytearray(2 * N)
bf16[0::2], bf16[1::2] = f32[2::4], f32[3::4]


def npy(name, dtype, data, count):
    head = "{'descr': %r, 'fortran_order': False, 'shape': (%d,), }" % (dtype, count)
    head += " " * (-(10 + len(head) + 1) % 64) + "\n"
    with open(name, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)


def safetensors(name, tensors):
    at, names = 0, {}
    for i, (dtype, shape, data) in enumerate(tensors):
        names["t%d" % i] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    head = json.dumps(names).encode()
    head += b" " * (-len(head) % 8)
    with open(name, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + b"".join(data for _, _, data in tensors))


npy("f16.npy", "<f2", f16, N)
npy("f32.npy", "<f4", f32, N)
npy("i32.npy", "<i4", struct.pack("<%di" % N, *(rng.randrange(50000) for _ in range(N))), N)
npy("f64.npy", "<f8", f64, N)
npy("prices.npy", "<f8", struct.pack("<%dd" % N, *(round(100 + 500 * w, 2) for w in weights)), N)
npy("ids.npy", "<i8", struct.pack("<%dq" % N, *(rng.randrange(10 ** 6) for _ in range(N))), N)
npy("table.npy", [("id", "<i8"), ("x", "<f4"), ("flag", "|b1")], b"".join(
    struct.pack("<qf?", i, w, w < 0) for i, w in enumerate(weights)), N)
npy("mask.npy", "|b1", bytes(rng.random() < 0.01 for _ in range(4 * N)), 4 * N)
npy("random.npy", "<u4", rng.randbytes(4 * N), N)
safetensors("bf16.safetensors", [("BF16", [N], bytes(bf16))])
safetensors("mixed.safetensors", [
    ("F16", [N], f16), ("I8", [333], rng.randbytes(333)), ("F32", [N], f32), ("BF16", [N], bytes(bf16)),
    ("U8", [4 * N], rng.randbytes(4 * N))])
with open("text.csv", "w") as f:
    f.writelines("%d,%.6f,label%d\n" % (i, w, i % 7) for i, w in enumerate(weights))
E2

# What the frames of data in a store were kept with: a line of codec, filter,
# raw and stored bytes for each kind.
cat >frames.py <<'E2'
import glob, struct

sums = {}
for name in glob.glob(".git/dv/data/*.pack"):
    with open(name, "rb") as f:
        pack = f.read()
    at = 32
    while pack[at:at + 4] == b"DVFR":
        count, stored, raw = struct.unpack_from("<III", pack, at + 8)
        kind = (pack[at + 4], pack[at + 5])
        before = sums.get(kind, (0, 0))
        sums[kind] = (before[0] + raw, before[1] + stored)
        at += 32 + 4 * count + stored
for (codec, planes), (raw, stored) in sorted(sums.items()):
    print(codec, planes, raw, stored)
E2

test_expect_success 'setup' '
	python3 make.py
'

# kept <file> <filter>: most of its bytes are in frames with that filter, or
# raw; it takes at most so many per cent; it comes back as it was
kept () {
	rm -rf repo && make_repo repo && cp "$1" repo/ && cd repo && dv add -q "$1" && git add -A && git commit -qm data &&
	python3 ../frames.py >../frames && cat ../frames &&
	awk -v filter="$2" -v most="$3" "
		{ raw += \$3; stored += \$4; kind = \$1 ? \$2 : \"raw\"; by[kind] += \$3 }
		END { exit !(by[filter] >= 0.9 * raw && stored <= raw * most / 100) }" ../frames &&
	rm "$1" && dv checkout -q && cmp "$1" "../$1"
}

for what in 'f16.npy 2 86' 'f32.npy 4 86' 'i32.npy 4 55' 'f64.npy 8 90' 'ids.npy 8 35' 'prices.npy 0 40' \
	'table.npy 0 55' 'bf16.safetensors 2 70' 'mask.npy 0 5' 'random.npy raw 100' 'text.csv 0 55'
do
	set -- $what
	test_expect_success "$1: filter $2, at most $3 %" "
		kept $1 $2 $3
	"
done

test_expect_success 'a file of several kinds of numbers: each its own way' '
	rm -rf repo && make_repo repo && cp mixed.safetensors repo/ && cd repo && dv add -q mixed.safetensors &&
	python3 ../frames.py >../frames && cat ../frames && grep "^0 0 " ../frames && grep "^1 2 " ../frames &&
	grep "^1 4 " ../frames && rm mixed.safetensors && dv checkout -q && cmp mixed.safetensors ../mixed.safetensors
'

test_done
