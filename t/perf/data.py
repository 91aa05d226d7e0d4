"""The data that is measured: the same bytes at every run.

Each set has a name in the work tree, makes its first version at a path, and edits it in place.
"""
import json
import os
import random
import struct

MIB = 1 << 20


def safetensors_header(count):
    """Of so many tensors of 8 MiB."""
    names = {f"layers.{i}.weight": dict(dtype="BF16", shape=[2048, 2048], data_offsets=[i * 8 * MIB, (i + 1) * 8 * MIB])
             for i in range(count)}
    text = json.dumps(names).encode()
    return struct.pack("<Q", len(text)) + text


class Random:
    """One file that does not compress; the edit inserts 1 MiB in its middle."""
    name, tree = "big", False

    def __init__(self, o):
        self.size = o.size * MIB

    def make(self, path):
        rng = random.Random(1)
        with open(path, "wb") as f:
            for _ in range(self.size // MIB):
                f.write(rng.randbytes(MIB))

    def edit(self, path):
        half = self.size // MIB // 2 * MIB
        with open(path, "rb") as old, open(path + ".new", "wb") as new:
            copy(old, new, half)
            new.write(random.Random(2).randbytes(MIB))
            copy(old, new, self.size)
        os.rename(path + ".new", path)


class Csv:
    """One CSV; the edit changes 1 % of its rows, in 100 places."""
    name, tree = "csv", False

    def __init__(self, o):
        self.rows = o.size * MIB // 4 // 40

    def make(self, path):
        rng = random.Random(3)
        with open(path, "w") as f:
            for at in range(0, self.rows, 10000):
                f.write("".join(f"{at + i},{rng.randrange(5000)},{rng.random():.6f},{rng.randrange(10 ** 6)},label{i % 7}\n"
                                for i in range(10000)))

    def edit(self, path):
        with open(path, "rb") as f:
            data = bytearray(f.read())
        rng = random.Random(4)
        for place in range(100):
            at = len(data) // 100 * place
            end = at + len(data) // 10000
            data[at:end] = bytes(data[at:end]).translate(bytes.maketrans(b"0123456789", bytes(rng.sample(b"0123456789", 10))))
        rewrite(path, data)


class Tensors:
    """A file like safetensors, bfloat16; the edit is a fine-tuning of every fourth tensor."""
    name, tree = "model", False
    # exponents as trained weights have them: few, near each other
    HIGH = bytes((0x3c, 0xbc, 0x3d, 0xbd, 0x3b, 0xbb, 0x3a, 0xba)[b & 7] for b in range(256))

    def __init__(self, o):
        self.count = max(4, o.size // 2 // 8)

    def tensor(self, seed):
        rng = random.Random(seed)
        out = bytearray(8 * MIB)
        out[0::2] = rng.randbytes(4 * MIB)
        out[1::2] = rng.randbytes(4 * MIB).translate(self.HIGH)
        return out

    def make(self, path):
        with open(path, "wb") as f:
            f.write(safetensors_header(self.count))
            for i in range(self.count):
                f.write(self.tensor(100 + i))

    def edit(self, path):
        start = len(safetensors_header(self.count))
        with open(path, "r+b") as f:
            for i in range(0, self.count, 4):
                f.seek(start + i * 8 * MIB)
                f.write(self.tensor(10000 + i))


class Tuned:
    """A bfloat16 model, in safetensors' layout; the edit moves every weight a little, as training on does."""
    name, tree = "tuned", False

    def __init__(self, o):
        import numpy  # pylint: disable=unused-import
        self.count = max(2, o.size // 4 // 8)

    def write(self, path, moved):
        import numpy as np
        with open(path + ".new", "wb") as f:
            f.write(safetensors_header(self.count))
            for i in range(self.count):
                weights = np.random.default_rng(700 + i).standard_normal(4 * MIB, dtype=np.float32) * np.float32(0.02)
                if moved:
                    weights += np.random.default_rng(900 + i).standard_normal(4 * MIB, dtype=np.float32) * np.float32(0.0001)
                f.write((weights.view(np.uint32) >> 16).astype(np.uint16).tobytes())
        os.rename(path + ".new", path)

    def make(self, path):
        self.write(path, False)

    def edit(self, path):
        self.write(path, True)


class Parquet:
    """A Parquet file; the edit appends 2 % of rows, as a new row group does."""
    name, tree = "parquet", False

    def __init__(self, o):
        import pyarrow  # pylint: disable=unused-import
        self.groups = max(2, o.size // 4 // 8)

    def write(self, path, groups):
        import pyarrow as pa
        from pyarrow import parquet
        schema = pa.schema([("id", pa.int64()), ("x", pa.float64()), ("word", pa.string())])
        with parquet.ParquetWriter(path, schema, compression="zstd") as w:
            for g in range(groups):
                rng = random.Random(500 + g)
                n = 400000
                w.write_table(pa.table([list(range(g * n, g * n + n)), [rng.random() for _ in range(n)],
                                        [f"w{rng.randrange(5000)}" for _ in range(n)]], schema=schema))

    def make(self, path):
        self.write(path, self.groups)

    def edit(self, path):
        self.write(path, self.groups + max(1, self.groups // 50))


class Small:
    """Many files of 500 to 4000 bytes; the edit changes, removes and adds 1 % in all."""
    name, tree = "small", True

    def __init__(self, o):
        self.files = o.files

    def one(self, path, seed):
        rng = random.Random(seed)
        n = rng.randrange(500, 4000)
        with open(path, "wb") as f:
            f.write(rng.randbytes(n) if seed % 2 else (b"%08d,some,row,of,text\n" % rng.randrange(10 ** 8)) * (n // 31 + 1))

    def make(self, path):
        for i in range(self.files):
            folder = f"{path}/s{i // 1000:04d}"
            if i % 1000 == 0:
                os.makedirs(folder)
            self.one(f"{folder}/f{i:07d}", i)

    def edit(self, path):
        for i in range(0, self.files, 300):
            folder = f"{path}/s{i // 1000:04d}"
            self.one(f"{folder}/f{i:07d}", i + 10 ** 7)
            self.one(f"{folder}/new{i:07d}", i + 2 * 10 ** 7)
            if i % 1000 != 999 and i + 1 < self.files:
                os.unlink(f"{folder}/f{i + 1:07d}")


class Few(Small):
    """The same, fewer: for tools that take minutes for so many."""
    name, tree = "few", True

    def __init__(self, o):
        super().__init__(o)
        self.files = o.few


class Million(Small):
    """Many more, tiny: what matters is the number."""
    name, tree = "million", True

    def __init__(self, o):
        super().__init__(o)
        self.files = o.million

    def one(self, path, seed):
        with open(path, "wb") as f:
            f.write(b"file %d of many\n" % seed)


SETS = {c.name: c for c in (Random, Csv, Tensors, Tuned, Parquet, Small, Few, Million)}


def copy(old, new, most):
    while most > 0:
        block = old.read(min(MIB, most))
        if not block:
            return
        new.write(block)
        most -= len(block)


def rewrite(path, data):
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)
