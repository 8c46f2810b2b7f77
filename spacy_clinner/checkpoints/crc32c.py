"""CRC-32C (Castagnoli), as LevelDB and TensorFlow store it: masked, so that sums of data that holds sums stay good.

Written out because a checkpoint is read once and is small: a table does ten megabytes a second.
"""

# The polynomial with its bits reversed (RFC 3720, appendix B.4)
_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_ALL = 0xFFFFFFFF


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_entry(byte) for byte in range(256)]


def crc32c(data: bytes) -> int:
    """RETURNS (int): The checksum of the bytes."""
    value = _ALL
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ _ALL


def masked_crc32c(data: bytes) -> int:
    """RETURNS (int): The checksum as LevelDB stores it: rotated by 15 bits, a constant added."""
    value = crc32c(data)
    return ((value >> 15 | value << 17 & _ALL) + _MASK_DELTA) & _ALL
