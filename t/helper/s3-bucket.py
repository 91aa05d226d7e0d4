#!/usr/bin/python3
"""Creates a bucket, or alters what is in one, for tests.

    s3-bucket.py create BUCKET
    s3-bucket.py list BUCKET [PREFIX]
    s3-bucket.py delete BUCKET KEY
    s3-bucket.py flip BUCKET KEY OFFSET     (inverts a bit of one byte)
    s3-bucket.py versions BUCKET            (is to keep them)
    s3-bucket.py public BUCKET              (anybody may read and list it)
    s3-bucket.py put BUCKET KEY FILE        (prints its version)

Signs by itself (SigV4, standard library only), independently of dv's signer.
Endpoint, key, secret and region from S3_ENDPOINT and AWS_*.
"""
import datetime
import hashlib
import hmac
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL") or os.environ["S3_ENDPOINT"]
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
REGION = os.environ.get("AWS_REGION", "us-east-1")


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def request(method, path, query="", body=b""):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    host = urllib.parse.urlsplit(ENDPOINT).netloc
    digest = hashlib.sha256(body).hexdigest()
    path = urllib.parse.quote(path, safe="/~")
    signed = "host;x-amz-content-sha256;x-amz-date"
    canonical = (f"{method}\n{path}\n{query}\nhost:{host}\n"
                 f"x-amz-content-sha256:{digest}\nx-amz-date:{now}\n\n{signed}\n{digest}")
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    text = (f"AWS4-HMAC-SHA256\n{now}\n{scope}\n"
            + hashlib.sha256(canonical.encode()).hexdigest())
    key = ("AWS4" + SECRET).encode()
    for part in (now[:8], REGION, "s3", "aws4_request"):
        key = mac(key, part)
    auth = (f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, "
            f"SignedHeaders={signed}, Signature={mac(key, text).hex()}")
    r = urllib.request.Request(
        f"{ENDPOINT}{path}" + ("?" + query if query else ""), method=method,
        data=body if method == "PUT" else None,
        headers={"x-amz-date": now, "x-amz-content-sha256": digest, "Authorization": auth})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(r, timeout=60) as answer:
        request.version = answer.headers.get("x-amz-version-id", "")
        return answer.read()


def main(verb, bucket, *rest):
    if verb == "create":
        try:
            request("PUT", f"/{bucket}")
        except urllib.error.HTTPError as e:
            if e.code != 409:
                raise
    elif verb == "list":
        prefix = urllib.parse.quote(rest[0], safe="~") if rest else ""
        answer = request("GET", f"/{bucket}", f"list-type=2&max-keys=1000&prefix={prefix}")
        for key, size in re.findall(r"<Key>(.*?)</Key>.*?<Size>(\d+)</Size>", answer.decode(), re.S):
            print(key, size)
    elif verb == "delete":
        request("DELETE", f"/{bucket}/{rest[0]}")
    elif verb == "flip":
        body = bytearray(request("GET", f"/{bucket}/{rest[0]}"))
        body[int(rest[1])] ^= 1
        request("PUT", f"/{bucket}/{rest[0]}", body=bytes(body))
    elif verb == "versions":
        request("PUT", f"/{bucket}", "versioning=", b"<VersioningConfiguration xmlns="
                b'"http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status>'
                b"</VersioningConfiguration>")
    elif verb == "public":
        request("PUT", f"/{bucket}", "policy=", json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}).encode())
    elif verb == "put":
        with open(rest[1], "rb") as f:
            request("PUT", f"/{bucket}/{rest[0]}", body=f.read())
        print(request.version)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
