"""Deployment packages of functions."""

import io
import zipfile


def package(code, name="handler.py"):
    """An archive of one file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(name, code)
    return archive.getvalue()
