"""Which encoding a file that is not UTF-8 is likely in."""

import codecs

# longest first: UTF-32's mark begins with UTF-16's
MARKS = {
    codecs.BOM_UTF32_LE: ("UTF-32 (little endian, by its mark)", "UTF-32"),
    codecs.BOM_UTF32_BE: ("UTF-32 (big endian, by its mark)", "UTF-32"),
    codecs.BOM_UTF16_LE: ("UTF-16 (little endian, by its mark)", "UTF-16"),
    codecs.BOM_UTF16_BE: ("UTF-16 (big endian, by its mark)", "UTF-16"),
}
# below it are the letters of Latin, Greek, Cyrillic, Hebrew and Arabic
ALPHABETS_END = "\u0800"


def likely_encoding(data: bytes) -> tuple[str, str] | None:
    """Guess the encoding of a text that is not UTF-8.

    data (bytes): The file.
    RETURNS (Optional[Tuple[str, str]]): The encoding in words, and as `iconv -f` calls it (with a mark, the name that
        drops it). None: it holds NUL bytes that no encoding explains, so it is no text.
    """
    for mark, marked in MARKS.items():
        if data.startswith(mark):
            return marked
    if 0 not in data:
        return "Latin-1 or Windows-1252", "WINDOWS-1252"
    little = data[1::2].count(0) > data[::2].count(0)
    order, end = ("little", "LE") if little else ("big", "BE")
    for encoding in ("UTF-32", "UTF-16"):
        if _is_text(data, f"{encoding}{end}"):
            return f"{encoding} ({order} endian, by its NUL bytes)", f"{encoding}{end}"
    return None


def _is_text(data: bytes, codec: str) -> bool:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return False
    # pairs of bytes of any text are valid UTF-16, but mostly of Chinese characters
    return "\0" not in text and 2 * sum(char < ALPHABETS_END for char in text) > len(text)
