#!/usr/bin/python3
"""interrupt.py AFTER_MS WITHIN_MS COMMAND...

Runs the command, sends it SIGINT after so long, and succeeds when it ends
with a failure of its own within so long after that.
"""
import signal
import subprocess
import sys
import time

child = subprocess.Popen(sys.argv[3:])
time.sleep(int(sys.argv[1]) / 1000)
if child.poll() is not None:
    sys.exit("ended before the signal, with %d" % child.returncode)
child.send_signal(signal.SIGINT)
try:
    code = child.wait(int(sys.argv[2]) / 1000)
except subprocess.TimeoutExpired:
    child.kill()
    sys.exit("still running after the signal")
sys.exit(0 if code > 0 else "ended with %d" % code)
