"""What a file is by its first bytes, whatever its name says."""

from ttsprep.core.errors import AudioError

HEAD = 64
"""Bytes that are looked at."""
_CONTAINERS = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"#!AMR", "amr"),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
    (b"\xff\xf0", "aac"),
    (b"\xff\xf8", "aac"),
    (b"ADIF", "aac"),
)
"""First bytes, and the one demuxer of FFmpeg that is let near the file; no other is ever asked."""
_LISTS = {
    b"#EXTM3U": "a playlist (M3U, HLS)",
    b"[playlist]": "a playlist (PLS)",
    b"ffconcat": "a script of FFmpeg's concat demuxer",
    b"v=0": "a session description (SDP)",
    b"<?xml": "XML",
    b"<smil": "a playlist (SMIL)",
    b"<MPD": "a playlist (DASH)",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"http://": "an address",
    b"https://": "an address",
    b"rtsp://": "an address",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file with git lfs pull",
}


def container(head: bytes) -> str:
    """Return the demuxer of a container that libsndfile does not read, or "" where it is for libsndfile.

    Parameters
    ----------
    head
        The first `HEAD` bytes of the file.

    Raises
    ------
    AudioError
        ``audio-unreadable`` if it is a list of other files or an address: such a file is never followed.
    """
    if head[4:8] == b"ftyp":
        return "mov"
    for start, name in _CONTAINERS:
        if head.startswith(start):
            return name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, what in _LISTS.items():
        if text.startswith(start.lower()):
            raise AudioError("audio-unreadable", f"is no audio but {what}")
    return ""
