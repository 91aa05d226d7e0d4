#!/usr/bin/python3
"""OpenStack Swift and its S3 interface in one process, for tests.

    swift-s3.py FOLDER --port N [--max-keys N] [--region NAME]

The four servers are Swift's own, each on a loopback port; objects are kept
in memory.  Only memcached is left out: a dict stands in for it.  The key is
test:tester, the secret "testing".  Runs until SIGTERM.  Requests are logged
to FOLDER/access.log: "METHOD PATH STATUS".
"""
import argparse
import os
import signal
import socket

CONF = """[DEFAULT]
swift_dir = {etc}
devices = {data}
mount_check = false
disable_fallocate = true
db_preallocation = off
fallocate_reserve = 0
log_level = WARNING
log_address = /nonexistent
bind_ip = 127.0.0.1
bind_port = {port}
"""

STORE = """
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{egg}
replication_server = no
"""

PROXY = """
[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
location = {region}
max_bucket_listing = {max_keys}
"""


class Memory:
    """What Swift uses of a memcache client.  True even when it is empty."""

    def __init__(self):
        self.kept = {}

    def set(self, key, value, *args, **kwargs):
        self.kept[key] = value

    def get(self, key, *args, **kwargs):
        return self.kept.get(key)

    def incr(self, key, delta=1, *args, **kwargs):
        self.kept[key] = max(0, self.kept.get(key, 0) + int(delta))
        return self.kept[key]

    def decr(self, key, delta=1, *args, **kwargs):
        return self.incr(key, -int(delta))

    def delete(self, key, *args, **kwargs):
        self.kept.pop(key, None)

    def set_multi(self, mapping, *args, **kwargs):
        self.kept.update(mapping)

    def get_multi(self, keys, *args, **kwargs):
        return [self.kept.get(key) for key in keys]


def with_memory(app, memory, log):
    """Gives requests the cache, and logs them."""

    def call(env, start_response):
        env["swift.cache"] = memory
        what = "%s %s" % (env["REQUEST_METHOD"], env.get("PATH_INFO", ""))

        def start(status, headers, exc_info=None):
            log.write("%s %s\n" % (what, status[:3]))
            log.flush()
            return start_response(status, headers, exc_info)
        return app(env, start)
    return call


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-keys", type=int, default=1000)
    parser.add_argument("--region", default="us-east-1")
    args = parser.parse_args()
    root = os.path.abspath(args.folder)
    etc, data = root + "/etc", root + "/data"
    os.makedirs(etc, exist_ok=True)
    os.makedirs(data + "/disk", exist_ok=True)
    with open(etc + "/swift.conf", "w") as f:
        f.write("[swift-hash]\nswift_hash_path_suffix = end\n"
                "swift_hash_path_prefix = start\n")

    # Swift reads its configuration while it is imported.
    from swift.common import utils, wsgi
    utils.eventlet_monkey_patch()
    import eventlet
    import eventlet.wsgi
    utils.set_swift_dir(etc)
    utils.validate_hash_conf()
    from swift.common.ring import RingBuilder
    from swift.common.storage_policy import reload_storage_policies
    reload_storage_policies()

    sockets = {}
    for name in ("account", "container", "object", "proxy"):
        s = eventlet.listen(("127.0.0.1",
                             args.port if name == "proxy" else 0), backlog=512)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[name] = s
        if name == "proxy":
            continue
        ring = RingBuilder(1, 1, 0)
        ring.add_dev(dict(region=1, zone=1, ip="127.0.0.1", weight=1.0,
                          device="disk", port=s.getsockname()[1]))
        ring.rebalance()
        ring.get_ring().save("%s/%s.ring.gz" % (etc, name))

    memory, pool = Memory(), eventlet.GreenPool(1024)
    log = open(root + "/access.log", "w")
    for name, s in sockets.items():
        if name == "proxy":
            text = PROXY.format(region=args.region, max_keys=args.max_keys)
        else:
            text = STORE.format(egg="mem_object" if name == "object" else name)
        path = "%s/%s.conf" % (etc, name)
        with open(path, "w") as f:
            f.write(CONF.format(etc=etc, data=data,
                                port=s.getsockname()[1]) + text)
        app = wsgi.loadapp(path, global_conf={"log_name": name})
        if name == "proxy":
            app = with_memory(app, memory, log)
        pool.spawn(eventlet.wsgi.server, s, app, log=open(os.devnull, "w"),
                   log_output=False, debug=False, custom_pool=pool,
                   protocol=wsgi.SwiftHttpProtocol, url_length_limit=8192,
                   capitalize_response_headers=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    pool.waitall()


main()
