"""A backend that checks a login, with Python's standard library alone.

    TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… python3 backend.py sk_…

Prints the user, and ends with 1 when the ticket is not good.
"""
import json
import os
import sys
import urllib.error
import urllib.request


def check(token):
    """The user of a ticket, or None."""
    members = {"appid": os.environ["TORII_APPID"], "appsecret": os.environ["TORII_APPSECRET"], "token": token}
    request = urllib.request.Request(
        os.environ["TORII_URL"] + "/v1/ticket/verify",
        json.dumps(members).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)["user"]
    except urllib.error.HTTPError as error:
        if error.code == 401 and json.load(error).get("active") is False:
            return None
        raise


if __name__ == "__main__":
    user = check(sys.argv[1])
    print(user["userName"] if user else "not logged in")
    sys.exit(0 if user else 1)
