#!/usr/bin/python3
"""An HTTP proxy to a server that can do only so much at once, for tests.

    busyproxy.py HOST:PORT LOG [OPTION]...

  most=N      a request beyond N in flight is answered with 503 SlowDown
  never=TEXT  so is each whose path has TEXT in it
  after=S     such an answer has Retry-After: S
  until=K     from the K-th request on there is no limit any more
  hold=MS     every other request takes so much longer
  meet=N,M..  the first N requests are answered when all of them have come,
              then the next M, and so on; who waits for 20 s is refused

Each request leaves a line in LOG before it is answered: its number, how many
are in flight with it, "busy" if it is refused, else "ok", and its path.  Prints
"PORT n" when it listens; ends on SIGTERM, and with what has started it.
"""
import http.client
import http.server
import itertools
import os
import sys
import threading
import time

NOT_PASSED = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Load:
    """What is in flight."""

    def __init__(self, log, options):
        self.most = int(options.get("most", 10 ** 9))
        self.until = int(options.get("until", 10 ** 9))
        self.never = options.get("never")
        self.meetings = list(itertools.accumulate(int(n) for n in options.get("meet", "0").split(",")))
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)
        self.count = self.active = 0
        self.log = open(log, "w", buffering=1, encoding="ascii")

    def enter(self, path):
        """True when the request is to be served."""
        with self.lock:
            self.count += 1
            self.active += 1
            number, active = self.count, self.active
            refused = self.active > self.most or (self.never is not None and self.never in path)
            good = (not refused or number >= self.until) and self.meet(number)
            self.log.write("%d %d %s %s\n" % (number, active, "ok" if good else "busy", path))
            return good

    def meet(self, number):
        """True when all have come that are to be answered with this request."""
        self.arrived.notify_all()
        group = next((n for n in self.meetings if n >= number), 0)
        return self.arrived.wait_for(lambda: self.count >= group, 20)

    def leave(self):
        with self.lock:
            self.active -= 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    target = load = None
    hold, after = 0.0, None

    def setup(self):
        super().setup()
        self.server_side = http.client.HTTPConnection(self.target)

    def finish(self):
        self.server_side.close()
        super().finish()

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self):
        text = b"<Error><Code>SlowDown</Code></Error>"
        headers = [("Content-Length", str(len(text)))]
        if self.after is not None:
            headers.append(("Retry-After", self.after))
        self.answer(503, headers, text)

    def forward(self, body):
        time.sleep(self.hold)
        self.server_side.request(self.command, self.path, body, dict(self.headers.items()))
        got = self.server_side.getresponse()
        data = got.read()
        headers = [h for h in got.getheaders() if h[0].lower() not in NOT_PASSED]
        length = got.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        if length is not None and got.status != 204:
            headers.append(("Content-Length", length))
        self.answer(got.status, headers, data)

    def any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        good = self.load.enter(self.path)
        try:
            if good:
                self.forward(body)
            else:
                self.refuse()
        finally:
            self.load.leave()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_MKCOL = do_PROPFIND = do_POST = any

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    parent = os.getppid()
    options = dict(text.split("=") for text in sys.argv[3:])
    Handler.target = sys.argv[1]
    Handler.load = Load(sys.argv[2], options)
    Handler.hold = int(options.get("hold", 0)) / 1000
    Handler.after = options.get("after")
    server = Server(("127.0.0.1", 0), Handler)
    print("PORT %d" % server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(1)


main()
