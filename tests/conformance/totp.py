"""Codes of a virtual MFA device (RFC 6238), computed apart from the program under test."""

import base64
import hashlib
import hmac
import struct


def code(seed, at):
    """The six digits that the device of a base32 seed shows at a time, in seconds since 1970."""
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    number = struct.unpack(">I", digest[start:start + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"
