#!/usr/bin/env python3
"""Writes what DVC would: caches, listings, .dvc files, in the formats of 2
and 3.  Nothing of DVC is used.

usage: dvc-repo.py [--old] [--cache DIR] add <path>...     data -> cache, .dvc
       dvc-repo.py [--old] md5 <path>                      prints its hash
"""
import hashlib, json, os, shutil, sys

TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"


def md5(data, old):
    if not old:
        return hashlib.md5(data).hexdigest()
    h = hashlib.md5()
    for at in range(0, len(data) or 1, 1 << 20):
        block = data[at:at + (1 << 20)]
        head = block[:512]
        odd = head.translate(None, TEXT)
        text = b"\0" not in head and (not head or len(odd) / len(head) <= .3)
        h.update(block.replace(b"\r\n", b"\n") if text else block)
    return h.hexdigest()


def keep(cache, name, data, old):
    path = os.path.join(cache, "" if old else "files/md5", name[:2], name[2:])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, 0o444)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def record(cache, path, old):
    if not os.path.isdir(path):
        data = read(path)
        name = md5(data, old)
        keep(cache, name, data, old)
        out = {"md5": name, "size": len(data)}
        if os.stat(path).st_mode & 0o100:
            out["isexec"] = "true"
        return out
    rows, size = [], 0
    for top, folders, files in os.walk(path):
        for f in files:
            full = os.path.join(top, f)
            data = read(full)
            name = md5(data, old)
            keep(cache, name, data, old)
            size += len(data)
            rows.append({"md5": name, "relpath": os.path.relpath(full, path)})
    rows.sort(key=lambda r: r["relpath"])
    listing = json.dumps(rows, sort_keys=True).encode()
    name = hashlib.md5(listing).hexdigest() + ".dir"
    keep(cache, name, listing, old)
    return {"md5": name, "size": size, "nfiles": len(rows)}


def main(args):
    old, cache = False, ".dvc/cache"
    while args[0].startswith("--"):
        if args[0] == "--old":
            old = True
        else:
            cache = args.pop(1)
        args.pop(0)
    if args[0] == "md5":
        print(md5(read(args[1]), old))
        return
    for path in args[1:]:
        out = record(cache, path, old)
        with open(path + ".dvc", "w") as f:
            f.write("outs:\n- md5: " + out.pop("md5") + "\n")
            for key, value in out.items():
                f.write(f"  {key}: {value}\n")
            if not old:
                f.write("  hash: md5\n")
            f.write("  path: " + os.path.basename(path) + "\n")
        folder = os.path.dirname(path)
        with open(os.path.join(folder, ".gitignore"), "a") as f:
            f.write("/" + os.path.basename(path) + "\n")


main(sys.argv[1:])
