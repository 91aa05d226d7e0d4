#!/usr/bin/python3
"""An HTTP server that answers oddly or with malice, for tests.

    odd-server.py FOLDER

The first part of a path says how: see the functions odd_*.  It also plays
the places that credentials come from.  Content is what content() makes.
Requests are logged to FOLDER/odd.log.  Prints "PORT n"; ends on SIGTERM.
"""
import calendar
import email.utils
import http.server
import re
import signal
import socketserver
import sys
import time

SIZE = 300000
LOG = open(sys.argv[1] + "/odd.log", "a")
FUTURE = 3 * 3600            # how far the clock of skew/ is ahead
seen = {}


def content(size=SIZE):
    return bytes((i * 7 + i // 251) & 255 for i in range(size))


CONTENT = content()
LIST = ('<?xml version="1.0"?><ListBucketResult xmlns='
        '"http://s3.amazonaws.com/doc/2006-03-01/">%s</ListBucketResult>')


def entry(key, size):
    return "<Contents><Key>%s</Key><Size>%s</Size></Contents>" % (key, size)


def page(entries, token=None):
    more = ("<IsTruncated>true</IsTruncated>" +
            ("<NextContinuationToken>%s</NextContinuationToken>" % token
             if token else "")) if token is not None else ""
    return LIST % (more + "".join(entry(*e) for e in entries))


def told(href, size=None, status="HTTP/1.1 200 OK"):
    """What WebDAV says of a name; without a size of a folder."""
    return ("<d:response><d:href>%s</d:href><d:propstat><d:prop>%s"
            "<d:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT"
            "</d:getlastmodified></d:prop><d:status>%s</d:status>"
            "</d:propstat></d:response>" %
            (href, "<d:resourcetype><d:collection/></d:resourcetype>"
             if size is None else
             "<d:getcontentlength>%s</d:getcontentlength>" % size, status))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    date = None

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(self.date or time.time(), usegmt=True)

    def answer(self, status, body=b"", **headers):
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers and \
                "Transfer_Encoding" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, more="", message="no", **headers):
        self.answer(status, "<Error><Code>%s</Code><Message>%s</Message>%s"
                    "</Error>" % (code, message, more), **headers)

    def wanted(self):
        """(first, last) of the Range header, or None."""
        m = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not m:
            return None
        return int(m[1]), min(int(m[2] or SIZE - 1), SIZE - 1)

    def times(self, key):
        seen[key] = seen.get(key, 0) + 1
        return seen[key]

    def handle_one(self):
        length = int(self.headers.get("Content-Length", 0))
        if length:
            self.rfile.read(length)
        LOG.write("%s %s %s\n" % (self.command, self.path,
                                  self.headers.get("Range", "-")))
        LOG.flush()
        how = self.path.split("/")[1].split("?")[0].replace("-", "_")
        getattr(self, "odd_" + how, self.odd_other)()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_MKCOL = do_PROPFIND = handle_one

    def odd_other(self):
        self.answer(404)

    # --- WebDAV: listings -----------------------------------------------

    def multistatus(self, *inner):
        self.answer(207, '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">'
                    "%s</d:multistatus>" % "".join(inner))

    def odd_dav(self):
        """/dav/<how>/p/: names that are as they should be, or not."""
        how = self.path.split("/")[2]
        here = "/dav/%s/p/" % how
        root = "http://" + self.headers["Host"]
        if self.headers.get("Depth") != "1":
            return self.answer(403)
        if self.path != here:
            return self.answer(404) if how == "ghost" else \
                self.multistatus(told(self.path))
        self.multistatus(told(here), *{
            "good": [told(here + "a", 5), told(here + "b%2d%63/"),
                     told(root + here + "d", 7), told(here + "Not%20Ours", 1),
                     told(here + "..", 1), told(here + "%2e%2e/")],
            "bare": [told(here[:-1]), told(here + "a", 5)],
            "ghost": [told(here + "a", 5), told(here + "b/")],
            "out": [told("/dav/out/q/a", 5)],
            "up": [told(here + "../../x/a", 5)],
            "up2": [told(here + "%2e%2e%2fx", 5)],
            "deep": [told(here + "a/b", 5)],
            "host": [told("http://127.0.0.2/dav/host/p/a", 5)],
            "slashes": [told("//127.0.0.2/dav/host/p/a", 5)],
            "escape": [told(here + "a%zz", 5)],
            "zero": [told(here + "a%00", 5)],
            "sizeless": ["<d:response><d:href>%sa</d:href><d:propstat><d:prop/>"
                         "<d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
                         "</d:response>" % here],
            "hidden": ["<d:response><d:href>%sa</d:href>"
                       "<d:status>HTTP/1.1 403 No</d:status></d:response>"
                       % here],
            "went": ["<d:response><d:href>%sa</d:href>"
                     "<d:status>HTTP/1.1 404 No</d:status></d:response>"
                     % here, told(here + "b", 6)],
            "withheld": [told(here + "a", 5, "HTTP/1.1 403 No")],
            "negative": [told(here + "a", -1)],
            "entity": ["&lol;"],
            "long": [told(here + "a" * 1500, 5)] * 6000,
            "many": [told(here + "%x/" % i) for i in range(17000)],
        }[how])

    def odd_dav_loop(self):
        """A folder in every folder."""
        self.multistatus(told(self.path), told(self.path + "a/"))

    def odd_dav_html(self):
        self.answer(200, "<html>welcome</html>")

    # --- ranges ---------------------------------------------------------

    def odd_plain(self):
        r = self.wanted()
        if not r:
            return self.answer(200, CONTENT)
        self.answer(206, CONTENT[r[0]:r[1] + 1], Content_Range=
                    "bytes %d-%d/%d" % (r[0], r[1], SIZE))

    def odd_ignores(self):
        self.answer(200, CONTENT)

    def odd_cuts(self):
        """Whole every time, and cut off the first two times."""
        n = self.times("cuts" + self.path)
        if n > 2:
            return self.answer(200, CONTENT)
        self.answer(200, CONTENT[:100000 * n], Content_Length=str(SIZE))
        self.close_connection = True

    def odd_other_range(self):
        r = self.wanted() or (0, SIZE - 1)
        self.answer(206, CONTENT[r[0] + 1:r[1] + 2], Content_Range=
                    "bytes %d-%d/%d" % (r[0] + 1, r[1] + 1, SIZE))

    def odd_wide(self):
        """More than was asked for, and says so."""
        r = self.wanted()
        self.answer(206, CONTENT[r[0]:r[1] + 100], Content_Range=
                    "bytes %d-%d/%d" % (r[0], r[1] + 99, SIZE))

    def odd_long(self):
        """More than was asked for, and hides it."""
        r = self.wanted()
        body = CONTENT[r[0]:r[1] + 100]
        self.answer(206, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
                    Transfer_Encoding="chunked", Content_Range=
                    "bytes %d-%d/%d" % (r[0], r[1], SIZE))

    def odd_short(self):
        r = self.wanted()
        self.answer(206, CONTENT[r[0]:r[1] - 9], Content_Range=
                    "bytes %d-%d/%d" % (r[0], r[1], SIZE))

    def odd_dribble(self):
        """Each answer has at most 50,000 bytes, as is allowed."""
        r = self.wanted() or (0, SIZE - 1)
        last = min(r[1], r[0] + 49999)
        self.answer(206, CONTENT[r[0]:last + 1], Content_Range=
                    "bytes %d-%d/%d" % (r[0], last, SIZE))

    def odd_changes(self):
        """Another size after a cut."""
        if self.times("changes") == 1:
            self.answer(200, CONTENT[:100000], Content_Length=str(SIZE))
            self.close_connection = True
        else:
            self.answer(200, content(250000))

    def odd_nonsense_range(self):
        self.answer(206, CONTENT[:10], Content_Range="bytes 9-3/-1")

    def odd_gzip(self):
        self.answer(200, CONTENT, Content_Encoding="gzip")

    def odd_headless(self):
        """No Content-Length, ended by closing."""
        self.answer(200, CONTENT, Transfer_Encoding="identity",
                    Connection="close")

    def odd_no_length(self):
        """HEAD does not say; GET does."""
        if self.command == "HEAD":
            return self.answer(200, b"", Transfer_Encoding="chunked")
        self.odd_plain()

    def odd_escaped(self):
        """Only for who asks for a%2Fb as it is."""
        self.odd_plain() if self.path == "/escaped/a%2Fb" else self.answer(404)

    # --- redirects ------------------------------------------------------

    def odd_circle(self):
        self.answer(302, Location=self.path)

    def odd_to_file(self):
        self.answer(302, Location="file:///etc/passwd")

    def odd_to_other(self):
        port = self.server.server_address[1]
        self.answer(307, Location="http://localhost:%d/shows-auth/x" % port)

    def odd_to_self(self):
        self.answer(307, Location="/shows-auth/x")

    def odd_shows_auth(self):
        self.answer(200, "auth:" + self.headers.get("Authorization", "none"))

    # --- S3 -------------------------------------------------------------

    def odd_endless(self):
        self.answer(200, page([("packs/a", 1)], "again"))

    def odd_endless_empty(self):
        self.answer(200, page([], "t%d" % self.times("empty")))

    def odd_tokenless(self):
        if "start-after=packs%2Fb" in self.path:
            return self.answer(200, page([("packs/c", 3)]))
        self.answer(200, page([("packs/a", 1), ("packs/b", 2)], ""))

    def odd_outside(self):
        self.answer(200, page([("packs/a", 1), ("secret/b", 1)]))

    def odd_strangers(self):
        self.answer(200, page([("packs/", 0), ("packs/A b", 1),
                               ("packs/../../x", 1), ("packs/a", 1)]))

    def odd_bad_size(self):
        self.answer(200, page([("packs/a", "-1")]))

    def odd_entities(self):
        self.answer(200, '<!DOCTYPE x [<!ENTITY a "packs/a">]>' +
                    page([("&a;", 1)]))

    def odd_huge(self):
        self.answer(200, LIST % ("<!--" + "x" * (9 << 20) + "-->"))

    def odd_half(self):
        self.answer(200, page([("packs/a", 1)])[:-20])

    def odd_lists(self):
        """A prefix with names that are no files of a folder."""
        names = {"up": ["a", "../../x"], "twice": ["a", "a"], "git": [".git/config"],
                 "empty": ["a", "b//c"], "beside": ["a", "a-b", "a/b"], "bytes": ["a\u0085b"],
                 "slash": ["a", "b/"], "deep": ["a/" * 400 + "b"]}
        m = re.search(r"prefix=(\w+)%2F", self.path)
        if not m:
            return self.answer(200, content(1))
        self.answer(200, page([(m[1] + "/" + n, 1) for n in names[m[1]]]))

    def odd_region(self):
        if "/eu-west-3/" not in self.headers.get("Authorization", ""):
            return self.answer(301, x_amz_bucket_region="eu-west-3")
        self.odd_plain()

    def odd_region_text(self):
        if "/eu-west-3/" not in self.headers.get("Authorization", ""):
            return self.refuse(400, "AuthorizationHeaderMalformed",
                               "<Region>eu-west-3</Region>")
        self.odd_plain()

    def odd_region_never(self):
        n = self.times("never")
        self.answer(301, x_amz_bucket_region="r-%d" % n)

    def odd_region_evil(self):
        self.answer(301, x_amz_bucket_region="evil.example.com/x")

    def odd_skew(self):
        self.date = time.time() + FUTURE
        sent = calendar.timegm(time.strptime(
            self.headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ"))
        if abs(sent - self.date) > 900:
            return self.refuse(403, "RequestTimeTooSkewed")
        self.odd_plain()

    def odd_skew_never(self):
        self.refuse(403, "RequestTimeTooSkewed")

    def odd_expires(self):
        """Takes the keys KEY2, KEY3 ... but not KEY1."""
        if "Credential=KEY1/" in self.headers.get("Authorization", ""):
            return self.refuse(400, "ExpiredToken")
        self.odd_plain()

    def odd_expired(self):
        self.refuse(400, "ExpiredToken")

    def odd_echoes(self):
        self.refuse(403, "AccessDenied", message="you sent " +
                    str(self.headers.get("x-amz-security-token")))

    def odd_terminal(self):
        self.refuse(403, "Access\x7fDenied", message="\u009b2J\u202eabc")

    def odd_status(self):
        self.answer(int(self.path.split("/")[2]))

    def odd_busy(self):
        """503 twice, then good."""
        if self.times(self.path) <= 2:
            return self.refuse(503, "SlowDown")
        self.odd_plain()

    def odd_timeout_code(self):
        if self.times(self.path) <= 1:
            return self.refuse(400, "RequestTimeout")
        self.odd_plain()

    def odd_no_bucket(self):
        self.refuse(404, "NoSuchBucket")

    def odd_needs_auth(self):
        self.answer(401, WWW_Authenticate='Basic realm="x"')

    def odd_bearer(self):
        good = self.headers.get("Authorization") == "Bearer the-token"
        self.odd_plain() if good else self.answer(401)

    # --- credentials ----------------------------------------------------

    def keys(self, token_key="Token", seconds=3600):
        n = self.times("keys")
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                            time.gmtime(time.time() + seconds))
        self.answer(200, '{"Code": "Success", "AccessKeyId": "KEY%d", '
                    '"SecretAccessKey": "s", "%s": "t", "Expiration": "%s"}'
                    % (n, token_key, end))

    def odd_latest(self):
        """The metadata service, version 2."""
        if self.path == "/latest/api/token" and self.command == "PUT":
            return self.answer(200, "TOKEN")
        if self.headers.get("X-aws-ec2-metadata-token") != "TOKEN":
            return self.answer(401)
        if self.path.endswith("/security-credentials/"):
            return self.answer(200, "a-role\n")
        if self.path.endswith("/security-credentials/a-role"):
            return self.keys()
        self.answer(404)

    def odd_container(self):
        if self.headers.get("Authorization") != "let-me-in":
            return self.answer(403)
        self.keys()

    def odd_container_bad(self):
        self.answer(200, "no json")

    def odd_nothing(self):
        self.answer(200)

    def odd_whose(self):
        """Tells in the size of the object which key was used."""
        m = re.search(r"Credential=KEY(\d+)/",
                      self.headers.get("Authorization", ""))
        self.answer(200, b"x" * int(m[1] if m else 0))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("PORT %d" % server.server_address[1], flush=True)   # in one write
server.serve_forever()
