"""Checks what goldencall says to LiveKit with LiveKit's own libraries.

usage: LIVEKIT_API_KEY=... LIVEKIT_API_SECRET=... check.py < LINES

Each line of input is a JSON object: {"token": "..."} for an access token, or {"request": "BASE64"} and
{"response": "BASE64"} for a protobuf SignalRequest and SignalResponse. Each line of output is {"ok": true, ...} with what
the library read, or {"ok": false, "error": "..."}; the exit code is 1 if any is not ok.
"""

import base64
import dataclasses
import json
import sys

from google.protobuf.json_format import MessageToDict
from livekit.api import TokenVerifier
from livekit.protocol.rtc import SignalRequest, SignalResponse


def has_unknown(message):
    """Whether the bytes held a field that LiveKit does not know: it would be dropped without a word."""
    encoded = message.SerializeToString(deterministic=True)
    message.DiscardUnknownFields()
    return message.SerializeToString(deterministic=True) != encoded


def check(line):
    if "token" in line:
        # Only a signature by LIVEKIT_API_SECRET, the issuer LIVEKIT_API_KEY and an expiry to come pass.
        return {"claims": dataclasses.asdict(TokenVerifier().verify(line["token"]))}
    name, kind = ("request", SignalRequest) if "request" in line else ("response", SignalResponse)
    message = kind.FromString(base64.b64decode(line[name], validate=True))
    which = message.WhichOneof("message")
    if which is None:
        raise ValueError(f"no message that LiveKit knows in the {name}")
    if has_unknown(message):
        raise ValueError(f"fields that LiveKit does not know in the {name} {which}")
    # The older ping and pong are plain numbers, which is why the whole message is turned into a dictionary.
    return {"kind": which, which: MessageToDict(message, preserving_proto_field_name=True)[which]}


failed = False
for text in filter(None, map(str.strip, sys.stdin)):
    try:
        answer = {"ok": True, **check(json.loads(text))}
    except Exception as error:
        answer, failed = {"ok": False, "error": f"{type(error).__name__}: {error}"}, True
    print(json.dumps(answer), flush=True)
sys.exit(failed)
