"""A client over t/j, encrypted without TLS too, with Python's standard library (docs/protocol.md, sections 2 and 3).

    TORII_URL=http://127.0.0.1:8080 TORII_APPID=… TORII_APPSECRET=… python3 client.py amber "correct horse"
"""
import base64, hashlib, hmac, json, os, struct, sys, time, urllib.error, urllib.parse, urllib.request


def post(path, parameters):
    try:
        body = urllib.parse.urlencode(parameters).encode()
        return urllib.request.urlopen(os.environ["TORII_URL"] + path, body, 10).read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def key_at(secret, step):
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    code = (struct.unpack_from(">I", digest, digest[-1] & 15)[0] & 0x7FFFFFFF) % 1_000_000
    return struct.unpack("<4I", hashlib.md5(f"{secret}{code}".encode()).hexdigest()[:16].encode())


def xxtea(words, key, sign):  # 1 encrypts, -1 decrypts
    n, ones = len(words), 0xFFFFFFFF
    for total in [0x9E3779B9 * turn & ones for turn in range(1, 7 + 52 // n)][::sign]:
        for p in range(n)[::sign]:
            y, z = words[(p + 1) % n], words[p - 1]
            mix = (z >> 5 ^ y << 2 & ones) + (y >> 3 ^ z << 4 & ones) ^ (total ^ y) + (key[p & 3 ^ total >> 2 & 3] ^ z)
            words[p] = words[p] + sign * mix & ones
    return words


def seal(secret, members):
    data = json.dumps(members).encode()
    words = struct.unpack(f"<{-(-len(data) // 4)}I", data + bytes(-len(data) % 4))
    sealed = struct.pack(f"<{len(words) + 1}I", *xxtea([*words, len(data)], key_at(secret, int(time.time()) // 30), 1))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_reply(secret, text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for near in (0, -1, 1):
        key = key_at(secret, int(time.time()) // 30 + near)
        *words, length = xxtea(list(struct.unpack(f"<{len(data) // 4}I", data)), key, -1)
        if 0 <= 4 * len(words) - length < 4:
            return json.loads(struct.pack(f"<{len(words)}I", *words)[:length])


def call(path, **members):
    text = post(path, {"t": device["totp_token"], "j": seal(device["totp_secret"], {"op": path, **members})})
    return json.loads(text) if text.startswith("{") else open_reply(device["totp_secret"], text)


device = json.loads(post("/v1/totp", {"n": os.environ["TORII_APPID"], "s": os.environ["TORII_APPSECRET"]}))
login = call("/v1/login", login=sys.argv[1], password=sys.argv[2])
token = login.get("tickets", {}).get("skey") or sys.exit(f"{login['code']} {login['msg']}")
print("logged in as", call("/v1/session", token=token)["user"]["userName"])
call("/v1/logout", token=token)
print("logged out:", call("/v1/session", token=token)["reason"])
