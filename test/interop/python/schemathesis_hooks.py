"""What Schemathesis cannot write by itself: a letter, as it is."""

import schemathesis


@schemathesis.serializer("message/rfc822")
def letter(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
