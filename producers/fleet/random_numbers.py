"""Counter-based random numbers: each number is a pure function of its key, not of the numbers drawn before it.

A key is a 64-bit integer made from (seed, purpose, meter, day, ...). Any part of a fleet's history can therefore be
generated on its own and comes out the same, whatever the fleet's size, the block's size or the start day. Keys are
mixed by SplitMix64's finalizer (Steele, Lea and Flood, 2014), vectorized over arrays.
"""

import zlib
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S1, _S2, _S3 = np.uint64(30), np.uint64(27), np.uint64(31)
_LOW16 = np.uint64(0xFFFF)
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)
_SHARES = np.linspace(0.001, 0.999, 999)
_DEVIATES = np.array([NormalDist().inv_cdf(share) for share in _SHARES])


def key(seed: int, purpose: str) -> Keys:
    """The root key of one purpose: the same words give the same key on every machine."""
    return fold_in(np.array(seed % 2**64, np.uint64), zlib.crc32(purpose.encode()))


def fold_in(keys: Keys, by: ArrayLike) -> Keys:
    """Derive keys one level down: `keys` and `by` (integers such as an index, a day or a slot) are broadcast
    together.
    """
    numbers = np.asarray(by).astype(np.uint64)
    with np.errstate(over="ignore"):
        return _mixed(keys + (numbers + np.uint64(1)) * _GOLDEN)


def uniform(keys: Keys, purpose: str) -> Floats:
    """One number in [0, 1) per key; each `purpose` gives an independent number."""
    bits = _drawn(keys, purpose) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def normal(keys: Keys, purpose: str) -> Floats:
    """One number per key with mean 0 and standard deviation 1, bell-shaped and within ±3.47.

    This is the sum of four uniform numbers (Irwin-Hall), because people's habits have no infinite tails.
    """
    bits = _drawn(keys, purpose)
    total = (bits & _LOW16) + (bits >> np.uint64(48))
    total += ((bits >> np.uint64(16)) & _LOW16) + ((bits >> np.uint64(32)) & _LOW16)
    found: Floats = (total * 2.0**-16 - 2.0) * 3.0**0.5
    return found


def low_discrepancy(seed: int, index: NDArray[np.int64], dimension: int) -> Floats:
    """One number in [0, 1) per index; numbers of consecutive indices fill the range evenly.

    This is a Kronecker sequence with the square root of a prime; dimensions 0 to 21 are independent.
    """
    found: Floats = (index * _PRIMES[dimension] ** 0.5 + uniform(key(seed, "even"), str(dimension))) % 1.0
    return found


def normal_quantile(share: Floats) -> Floats:
    """The standard normal quantile of `share`, clipped to ±3.1."""
    found: Floats = np.interp(share, _SHARES, _DEVIATES)
    return found


def _drawn(keys: Keys, purpose: str) -> Keys:
    return _mixed(keys ^ np.uint64(zlib.crc32(purpose.encode()) * 0x9E3779B1 % 2**64))


def _mixed(z: Keys) -> Keys:
    with np.errstate(over="ignore"):
        z = (z ^ (z >> _S1)) * _M1
        z ^= z >> _S2
        z *= _M2
        z ^= z >> _S3
    return z
