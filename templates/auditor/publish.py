"""Publish a report to SNS, once.

Lambda repeats a failed asynchronous invocation twice, with the same request id, mostly in the same environment; a
module's variables live as long as that does. So a repeated run with nothing new to tell sends nothing, and whatever a
fresh environment sends again has the same run id in it.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import hashlib
from typing import Any, Dict

# What this environment has sent: message ids by digest of topic, subject and text.
_SENT: Dict[str, str] = {}

# How many are remembered.
MOST = 100


def publish(sns: Any, topic: str, subject: str, message: str) -> str:
    """Publish `message`, unless this environment has done so already, and return its message id."""
    digest = hashlib.sha256("\0".join((topic, subject, message)).encode()).hexdigest()
    if digest not in _SENT:
        answer = sns.publish(TopicArn=topic, Subject=subject, Message=message)
        while len(_SENT) >= MOST:
            del _SENT[next(iter(_SENT))]
        _SENT[digest] = answer["MessageId"]
    return _SENT[digest]
