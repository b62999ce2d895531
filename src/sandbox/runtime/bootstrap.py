"""Carry out one invocation of a Lambda function and say how it ended.

On stdin comes one line of JSON, the settings, and then the event. What the function prints, on stdout or stderr,
goes to stderr. The messages of this program go to what was stdout: a line of JSON each, the last one followed by
the bytes of the answer. The process is a fresh one for every invocation and is killed after it.
"""

import builtins
import importlib
import io
import json
import logging
import os
import signal
import sys
import time
import traceback

BORN = time.monotonic()

# The largest answer Lambda passes on: 6 MB and what it adds itself.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST = 6291556

# Where a function is on AWS: what stack traces show in place of this machine's folder.
TASK_ON_AWS = "/var/task"

TMP_ON_AWS = "/tmp"


class Fault(Exception):
    """The function cannot be run, for a reason that has a name of its own."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind = kind
        self.trace = list(trace)


class Identity:
    """The Amazon Cognito identity of the caller: none."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    """The application that a mobile caller says it is."""

    def __init__(self, given):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, given.get(name))


class ClientContext:
    """What the caller sent in `X-Amz-Client-Context`."""

    def __init__(self, given):
        self.custom = given.get("custom")
        self.env = given.get("env")
        client = given.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class Context:
    """The second argument of a handler.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self, settings):
        self.aws_request_id = settings["request_id"]
        self.invoked_function_arn = settings["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        given = settings.get("client_context")
        self.client_context = ClientContext(given) if isinstance(given, dict) else None
        self._deadline = time.monotonic() + settings["timeout"]

    def get_remaining_time_in_millis(self):
        """Return the milliseconds until the function times out."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message):
        """Write to the log as it is."""
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """Writes what the `logging` module is given, in Lambda's format."""

    def __init__(self, request_id):
        super().__init__()
        self._request_id = request_id
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record):
        """Write one record."""
        record.aws_request_id = self._request_id
        sys.stdout.write(self.format(record) + "\n")


def main():
    """Do it."""
    channel, settings, event = take_over()
    limit(settings)
    fence(settings)
    own_tmp(settings)
    logging.getLogger().addHandler(LogHandler(settings["request_id"]))
    sys.path[0] = settings["task"]

    handler = result = None
    failure = attempt(lambda: load(settings["handler"]), settings, "")
    if isinstance(failure, Returned):
        handler, failure = failure.value, None
    init = time.monotonic() - BORN
    began = time.monotonic()
    tell(channel, {"ready": True})
    if handler is not None:
        failure = attempt(lambda: answer(handler, event, settings), settings, settings["request_id"])
        if isinstance(failure, Returned):
            result, failure = failure.value, None
    took = time.monotonic() - began
    if failure is not None:
        print_error(failure)
        result = json.dumps(failure)
    flush()
    body = result.encode("utf-8", "replace")
    ended = {"ok": failure is None, "init": init, "took": took, "length": len(body)}
    tell(channel, ended, body)
    os._exit(0)


class Returned:
    """What a step returned, told from a failure."""

    def __init__(self, value):
        self.value = value


def take_over():
    """Take the streams from the function: return the channel, the settings and the event."""
    source = sys.stdin.buffer
    settings = json.loads(source.readline())
    event = source.read()
    channel = os.dup(1)
    os.set_inheritable(channel, False)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.reconfigure(line_buffering=True)
    return channel, settings, event


def tell(channel, message, body=b""):
    """Send one message."""
    rest = memoryview(json.dumps(message).encode() + b"\n" + body)
    while rest:
        rest = rest[os.write(channel, rest):]


def flush():
    """Send on what the function printed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def limit(settings):
    """Set the limits of this process and of those it starts. None of them can be raised again."""
    if hasattr(signal, "alarm"):
        signal.alarm(settings["alarm"])
    try:
        import resource
    except ImportError:
        return
    for name, wanted in settings["limits"].items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        try:
            resource.setrlimit(kind, (wanted, wanted))
        except (OSError, ValueError):
            pass


def fence(settings):
    """Refuse to touch the folders in `fence`, where the system itself does not refuse.

    This holds off mistakes and the curious, not code that is written to get around it.
    """
    outside = [os.path.realpath(path) for path in settings["fence"]]
    if not outside:
        return
    inside = [os.path.realpath(settings[name]) for name in ("task", "tmp")]
    inside += [os.path.realpath(path) for path in sys.path if path]

    def below(path, folders):
        return any(path == folder or path.startswith(folder + os.sep) for folder in folders)

    def watch(event, arguments):
        if event in PROGRAMS:
            raise PermissionError(1, "the sandbox does not let this function start programs")
        if event not in PATHS:
            return
        for path in arguments[: PATHS[event]]:
            if isinstance(path, (str, bytes)):
                path = os.path.realpath(os.fsdecode(path))
                if below(path, outside) and not below(path, inside):
                    raise PermissionError(13, "the sandbox does not let this function open it", path)

    sys.addaudithook(watch)


# Audit events that name paths, with how many of their arguments are paths.
# https://docs.python.org/3/library/audit_events.html
PATHS = {
    "open": 1,
    "os.chdir": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.listdir": 1,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.scandir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "sqlite3.connect": 1,
}

# Audit events of starting another program, which no hook would watch.
PROGRAMS = {"os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "subprocess.Popen"}


def own_tmp(settings):
    """Let Python's own functions find the invocation's folder where Lambda has it, at `/tmp`."""
    home = settings["tmp"]
    # What really is below `/tmp`: the invocation's own folders, and perhaps the interpreter.
    there = {settings["tmp"], settings["task"], sys.prefix, sys.base_prefix, *filter(None, sys.path)}

    def moved(path):
        if not isinstance(path, (str, os.PathLike)):
            return path
        text = os.fspath(path)
        if not isinstance(text, str) or any(text == root or text.startswith(root + "/") for root in there):
            return path
        if text == TMP_ON_AWS or text.startswith(TMP_ON_AWS + "/"):
            return home + text[len(TMP_ON_AWS):]
        return path

    def wrapped(function, paths):
        def call(*arguments, **named):
            moved_arguments = [moved(it) if at < paths else it for at, it in enumerate(arguments)]
            named = {name: moved(it) if name in ("path", "file", "src", "dst") else it for name, it in named.items()}
            return function(*moved_arguments, **named)

        return call

    opened = wrapped(builtins.open, 1)
    builtins.open = io.open = opened
    ones = ("access", "chdir", "chmod", "listdir", "lstat", "mkdir", "open", "remove", "rmdir", "scandir", "stat")
    for name in ones + ("truncate", "unlink", "utime"):
        setattr(os, name, wrapped(getattr(os, name), 1))
    for name in ("link", "rename", "replace"):
        setattr(os, name, wrapped(getattr(os, name), 2))


def load(handler):
    """Import the module of a handler and return the handler."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        reason = "not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {reason}")
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from None
    try:
        return getattr(module, name)
    except AttributeError:
        message = f"Handler '{name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


def answer(handler, event, settings):
    """Call the handler and return its result as JSON."""
    try:
        event = json.loads(event)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
    result = handler(event, Context(settings))
    try:
        text = json.dumps(result, default=number)
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
    if len(text) > LARGEST:
        message = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."
        raise Fault("Function.ResponseSizeTooLarge", message)
    return text


def number(value):
    """Write a `Decimal` as a number; refuse everything else that JSON does not have."""
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def attempt(step, settings, request_id):
    """Take a step of the function's code; return what it `Returned`, or its failure as Lambda describes it."""
    try:
        return Returned(step())
    except Fault as fault:
        kind, message, trace = fault.kind, str(fault), fault.trace
    except MemoryError:
        # Lambda's way with a function that wants more memory than it has.
        flush()
        os.kill(os.getpid(), 9)
    except SystemExit as leaving:
        flush()
        leave(leaving.code)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename != __file__ and not frame.filename.startswith("<frozen ")]
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(own)
    on_aws = [line.replace(settings["task"], TASK_ON_AWS) for line in trace]
    message = message.replace(settings["task"], TASK_ON_AWS)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": on_aws}


def leave(code):
    """End the process as `sys.exit(code)` does, at once."""
    if code is None:
        os._exit(0)
    if isinstance(code, int):
        os._exit(code & 0xFF)
    print(code, file=sys.stderr)
    flush()
    os._exit(1)


def print_error(error):
    """Write a failure to the log."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    lines += [line.rstrip("\n") for line in error["stackTrace"]]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
