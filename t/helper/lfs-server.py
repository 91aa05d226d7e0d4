#!/usr/bin/python3
"""The batch API of git-lfs, for reading, and the objects behind it.

    lfs-server.py FOLDER [USER:PASSWORD]

FOLDER/objects/<oid> are the objects.  The API is at /repo.git/info/lfs and
wants USER and PASSWORD when they are given; the objects are at /get/ and
want the header that the API says.  An object whose oid begins with "00" has
run out at the first try.  Requests are logged to FOLDER/lfs.log.  Prints
"PORT n"; ends on SIGTERM.
"""
import base64
import http.server
import json
import os
import signal
import socketserver
import sys

FOLDER = sys.argv[1]
USER = sys.argv[2] if len(sys.argv) > 2 else None
LOG = open(FOLDER + "/lfs.log", "a")
expired = set()


def path_of(oid):
    return os.path.join(FOLDER, "objects", os.path.basename(oid))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self):
        LOG.write(self.command + " " + self.path + "\n")
        LOG.flush()

    def do_POST(self):
        self.note()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/repo.git/info/lfs/objects/batch":
            return self.answer(404)
        want = "Basic " + base64.b64encode((USER or "").encode()).decode()
        if USER and self.headers.get("Authorization") != want:
            return self.answer(401, WWW_Authenticate='Basic realm="lfs"')
        if "git-lfs+json" not in self.headers.get("Accept", ""):
            return self.answer(406)
        ask, objects = json.loads(body), []
        assert ask["operation"] == "download" and "basic" in ask["transfers"]
        for o in ask["objects"]:
            if os.path.exists(path_of(o["oid"])):
                host = "http://%s/get/%s?x=1" % (self.headers["Host"], o["oid"])
                o["actions"] = {"download": {
                    "href": host, "header": {"Authorization": "Token t"}}}
            else:
                o["error"] = {"code": 404, "message": "no such object"}
            objects.append(o)
        self.answer(200, json.dumps({"objects": objects}).encode(),
                    Content_Type="application/vnd.git-lfs+json")

    def do_GET(self):
        self.note()
        oid = self.path.split("/")[-1].split("?")[0]
        if self.headers.get("Authorization") != "Token t":
            return self.answer(403)
        if oid.startswith("00") and oid not in expired:
            expired.add(oid)
            return self.answer(403)
        with open(path_of(oid), "rb") as f:
            self.answer(200, f.read())


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
signal.alarm(300)            # whatever becomes of the test
server = Server(("127.0.0.1", 0), Handler)
print("PORT", server.server_address[1], flush=True)
server.serve_forever()
