//! Digests of contents: MD5, which run files and most artifacts have, and `XXH128`, which newer artifacts may have.
//!
//! On the wire both are base64 of the digest's bytes, the most significant first
//! (<https://github.com/wandb/wandb/blob/main/wandb/sdk/lib/hashutil.py>).

use std::fmt;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};
use xxhash_rust::xxh3::Xxh3;

const BUFFER_BYTES: usize = 256 * 1024;

/// How contents are digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Xxh128,
}

/// The digest of some contents. Both algorithms give 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) algorithm: Algorithm,
    bytes: [u8; 16],
}

impl Digest {
    /// Reads base64 or hexadecimal digits; `None` for anything else, such as the tags of objects in foreign stores.
    pub(crate) fn parse(algorithm: Algorithm, text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = if text.len() == 32 { from_hex(text)? } else { BASE64_STANDARD.decode(text).ok()? };
        Some(Self { algorithm, bytes: bytes.try_into().ok()? })
    }

    /// As the wire has it.
    pub(crate) fn to_base64(self) -> String {
        BASE64_STANDARD.encode(self.bytes)
    }

    pub(crate) fn to_hex(self) -> String {
        let mut out = String::with_capacity(32);
        for byte in self.bytes {
            write!(out, "{byte:02x}").expect("writing to a String cannot fail");
        }
        out
    }

    /// The digest of a file, and its size in bytes. Blocks.
    pub(crate) fn of_file(algorithm: Algorithm, path: &Path) -> io::Result<(Self, u64)> {
        let mut file = fs_err::File::open(path)?;
        let mut hasher = Hasher::new(algorithm);
        let size_bytes = hasher.read(&mut file)?;
        Ok((hasher.finish(), size_bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}({self})", self.algorithm)
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// A digest in the making.
#[derive(Clone)]
pub(crate) enum Hasher {
    Md5(Md5),
    Xxh128(Box<Xxh3>),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Xxh128 => Self::Xxh128(Box::new(Xxh3::new())),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Xxh128(hasher) => hasher.update(bytes),
        }
    }

    /// Takes all of `source`, and says how many bytes that were.
    pub(crate) fn read(&mut self, source: &mut impl Read) -> io::Result<u64> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut total: u64 = 0;
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(total),
                Ok(read) => {
                    self.update(&buffer[..read]);
                    total += u64::try_from(read).unwrap_or(0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Md5(hasher) => Digest { algorithm: Algorithm::Md5, bytes: hasher.finalize().into() },
            Self::Xxh128(hasher) => Digest { algorithm: Algorithm::Xxh128, bytes: hasher.digest128().to_be_bytes() },
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Md5(_) => "Hasher(MD5)",
            Self::Xxh128(_) => "Hasher(XXH128)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let digest = |algorithm| {
            let mut hasher = Hasher::new(algorithm);
            hasher.read(&mut &b"hello"[..]).unwrap();
            hasher.finish()
        };
        // `md5sum` and `xxh128sum` of the five bytes.
        assert_eq!(digest(Algorithm::Md5).to_hex(), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(digest(Algorithm::Md5).to_base64(), "XUFAKrxLKna5cZ2REBfFkg==");
        assert_eq!(digest(Algorithm::Xxh128).to_hex(), "b5e9c1ad071b3e7fc779cfaa5e523818");
    }

    #[test]
    fn both_spellings_are_read_and_nothing_else() {
        let md5 = |text: &str| Digest::parse(Algorithm::Md5, text);
        assert_eq!(md5("5d41402abc4b2a76b9719d911017c592"), md5("XUFAKrxLKna5cZ2REBfFkg=="));
        for other in ["", "abc", "zz41402abc4b2a76b9719d911017c592", "s3://bucket/key", "ä41402abc4b2a76b9719d911017c59"] {
            assert_eq!(md5(other), None, "{other}");
        }
    }
}
