#!/usr/bin/python3
"""A TCP proxy that fails on purpose, for tests.

    faultproxy.py HOST:PORT PLAN...

Connection n follows plan n; the last plan is for all later ones.  A plan is
"ok", or some of these with commas between:

  cut-down=N cut-up=N    reset both sides after N bytes of body to the client
                         or to the server, counted from the end of the first
                         head in that direction
  flip-down=N flip-up=N  turn over one bit of body byte N
  drop-down=N            after N bytes of body to the client: silence
  close-head             reset when the head of a request has come
  status=S[:SECONDS]     read one request and answer it with status S, and
                         Retry-After if seconds are given; then close
  early=S[:SECONDS]      the same, without reading the request's body
  code=NAME              the <Code> of such an answer
  latency=MS             every byte arrives so much later, both ways
  rate=N                 bytes per second, both ways
  link=N                 with latency: bytes per second each way, of all
                         connections together; each has 2 MiB under way at most
  hang                   take the connection and never say anything
  refuse                 reset a connection at once

Prints "PORT n" when it listens; ends on SIGTERM.
"""
import asyncio
import os
import re
import signal
import socket
import struct
import sys

CODES = {"403": "AccessDenied", "429": "TooManyRequests",
         "500": "InternalError", "503": "SlowDown"}
ANSWER = ('<?xml version="1.0"?>\n<Error><Code>%s</Code>'
          '<Message>said by the fault proxy</Message></Error>')
FOREVER = 1000000


def parse_plan(text):
    plan = {}
    for word in text.split(","):
        name, _, value = word.partition("=")
        plan[name] = value
    return plan


def number(plan, name):
    return int(plan[name]) if name in plan else None


def reset(writer):
    s = writer.get_extra_info("socket")
    if s is not None:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    writer.transport.abort()


class Body:
    """Counts the bytes after the first head of a stream."""

    def __init__(self):
        self.head, self.passed, self.inside = b"", 0, False

    def start_in(self, data):
        """Where in data the body begins; len(data) when it has not."""
        if self.inside:
            return 0
        before = len(self.head)
        self.head += data
        end = self.head.find(b"\r\n\r\n")
        if end < 0:
            return len(data)
        self.inside = True
        self.head = self.head[:end]
        return max(0, end + 4 - before)


class Link:
    """One direction of the line that all connections share."""

    free_at = {"up": 0, "down": 0}

    @classmethod
    def arrival(cls, way, now, count, rate):
        """When the last of count bytes has left, if they begin now."""
        cls.free_at[way] = max(now, cls.free_at[way]) + count / rate
        return cls.free_at[way]


async def together(*ways):
    """Runs them all; one that fails ends the others, and none is left."""
    tasks = [asyncio.ensure_future(w) for w in ways]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def pass_late(reader, writer, plan, way):
    """A delay line: bytes under way do not hold up those behind them."""
    seconds, rate = int(plan["latency"]) / 1000, number(plan, "link")
    queue = asyncio.Queue(32 if rate else 4096)
    clock = asyncio.get_running_loop().time

    async def deliver():
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - clock()))
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    async def take():
        data = b"x"
        while data:
            data = await reader.read(65536)
            sent = Link.arrival(way, clock(), len(data), rate) if rate \
                else clock()
            await queue.put((sent + seconds, data))

    await together(take(), deliver())


async def pass_on(reader, writer, plan, way, both):
    if "latency" in plan:
        await pass_late(reader, writer, plan, way)
        return
    cut, flip = number(plan, "cut-" + way), number(plan, "flip-" + way)
    drop, rate = number(plan, "drop-" + way), number(plan, "rate")
    body = Body()
    while True:
        data = await reader.read(65536)
        if not data:
            break
        start = body.start_in(data)
        count = len(data) - start
        if flip is not None and body.passed <= flip < body.passed + count:
            data = bytearray(data)
            data[start + flip - body.passed] ^= 0x10
            data = bytes(data)
        for limit in (cut, drop):
            if limit is None or not body.inside \
                    or body.passed + count < limit:
                continue
            writer.write(data[:start + limit - body.passed])
            await writer.drain()
            if limit is drop:
                await asyncio.sleep(FOREVER)
            await asyncio.sleep(0.05)    # for what is still under way
            for w in both:
                reset(w)
            return
        body.passed += count
        writer.write(data)
        await writer.drain()
        if rate:
            await asyncio.sleep(len(data) / rate)
    if writer.can_write_eof():
        writer.write_eof()


async def answer(reader, writer, plan):
    head = await reader.readuntil(b"\r\n\r\n")
    if "close-head" in plan:
        reset(writer)
        return
    if "status" in plan:
        if re.search(rb"(?i)\r\nexpect: *100-continue", head):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        left = int(found.group(1)) if found else 0
        while left > 0:
            data = await reader.read(min(left, 1 << 20))
            if not data:
                return
            left -= len(data)
    status, _, seconds = (plan.get("status") or plan["early"]).partition(":")
    text = ANSWER % plan.get("code", CODES.get(status, "Injected"))
    if head.startswith(b"HEAD "):
        text = ""
    lines = ["HTTP/1.1 %s Injected" % status, "Content-Length: %d" % len(text),
             "Content-Type: application/xml", "Connection: close"]
    if seconds:
        lines.append("Retry-After: " + seconds)
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + text).encode())
    await writer.drain()


async def connection(target, plan, reader, writer):
    far_writer = None
    try:
        if "refuse" in plan:
            reset(writer)
        elif "hang" in plan:
            while await reader.read(65536):
                pass
        elif "close-head" in plan or "status" in plan or "early" in plan:
            await answer(reader, writer, plan)
        else:
            far_reader, far_writer = await asyncio.open_connection(*target)
            both = (writer, far_writer)
            up = pass_on(reader, far_writer, plan, "up", both)
            down = pass_on(far_reader, writer, plan, "down", both)
            await together(up, down)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        for w in (writer, far_writer):
            if w:
                w.close()


async def main():
    host, _, port = sys.argv[1].rpartition(":")
    plans = [parse_plan(text) for text in sys.argv[2:]] or [{}]
    count = 0

    async def accept(reader, writer):
        nonlocal count
        plan = plans[min(count, len(plans) - 1)]
        count += 1
        await connection((host, int(port)), plan, reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    # in one write: the reader takes what it sees first
    print("PORT %d" % server.sockets[0].getsockname()[1], flush=True)
    await done.wait()
    os._exit(0)    # connections that are open have no end to be waited for


if len(sys.argv) < 2:
    sys.exit(__doc__)
asyncio.run(main())
