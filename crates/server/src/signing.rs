//! Signed file URLs: the path, what may be done there, and an expiry time, signed with a secret of the backend's.
//!
//! Whoever has the URL may do that with the file, key or no key: the official SDK reads byte ranges of exports without an
//! `Authorization` header, even under its base URL. A URL to read from is none to write to.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use runlake_types::Timestamp;
use sha2::Sha256;

#[derive(Clone)]
pub(crate) struct Signer {
    hasher: Hmac<Sha256>,
    lifetime: Duration,
}

/// What a URL lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    /// Replace the contents.
    Upload,
}

/// How many bytes a secret has.
pub(crate) const SECRET_BYTES: usize = 32;

/// Why a URL is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It carries no signature at all.
    Unsigned,
    /// Its time is over.
    Expired,
    /// It is not what was signed.
    Tampered,
}

impl Signer {
    pub(crate) fn new(lifetime: Duration, secret: &[u8]) -> Self {
        Self { hasher: Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"), lifetime }
    }

    /// `path` with the query that lets it through. `path` is percent-encoded already.
    pub(crate) fn sign(&self, purpose: Purpose, path: &str) -> String {
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let expires = now_seconds().saturating_add(lifetime);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.hasher_of(purpose, path, expires).finalize().into_bytes());
        format!("{path}?expires={expires}&signature={signature}")
    }

    /// Whether `query` is the one that [`Signer::sign`] gave to `path` for this purpose, and still good.
    pub(crate) fn verify(&self, purpose: Purpose, path: &str, query: Option<&str>) -> Result<(), Refusal> {
        let member = |name: &str| query.unwrap_or("").split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let (expires, signature) = match (member("expires"), member("signature")) {
            (None, None) => return Err(Refusal::Unsigned),
            (Some(expires), Some(signature)) => (expires, signature),
            _ => return Err(Refusal::Tampered),
        };
        let expires: i64 = expires.parse().map_err(|_not_seconds| Refusal::Tampered)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_not_base64| Refusal::Tampered)?;
        self.hasher_of(purpose, path, expires).verify_slice(&signature).map_err(|_other_signature| Refusal::Tampered)?;
        if now_seconds() < expires { Ok(()) } else { Err(Refusal::Expired) }
    }

    fn hasher_of(&self, purpose: Purpose, path: &str, expires: i64) -> Hmac<Sha256> {
        let purpose = match purpose {
            Purpose::Read => "read\n",
            Purpose::Upload => "upload\n",
        };
        self.hasher.clone().chain_update(purpose).chain_update(path).chain_update("\n").chain_update(expires.to_string())
    }
}

fn now_seconds() -> i64 {
    Timestamp::now().micros() / 1_000_000
}

/// One segment of a URL's path: everything but letters, digits and `-._~` percent-encoded.
pub(crate) fn encode_segment(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_is_let_through_and_only_in_time() {
        let signer = Signer::new(Duration::from_mins(1), b"secret");
        let url = signer.sign(Purpose::Read, "/files/a/b/c/d%20e.txt");
        let (path, query) = url.split_once('?').unwrap();
        let verify = |path: &str, query: Option<&str>| signer.verify(Purpose::Read, path, query);
        assert_eq!(verify(path, Some(query)), Ok(()));
        assert_eq!(signer.verify(Purpose::Upload, path, Some(query)), Err(Refusal::Tampered));
        assert_eq!(verify("/files/a/b/c/other", Some(query)), Err(Refusal::Tampered));
        assert_eq!(verify(path, Some(&query.replace("expires=1", "expires=2"))), Err(Refusal::Tampered));
        assert_eq!(verify(path, Some(&query[..query.len() - 4])), Err(Refusal::Tampered));
        assert_eq!(verify(path, Some("signature=x")), Err(Refusal::Tampered));
        assert_eq!(verify(path, None), Err(Refusal::Unsigned));
        assert_eq!(Signer::new(Duration::from_mins(1), b"secret").verify(Purpose::Read, path, Some(query)), Ok(()));
        assert_eq!(Signer::new(Duration::from_mins(1), b"other").verify(Purpose::Read, path, Some(query)), Err(Refusal::Tampered));
        let late = Signer::new(Duration::ZERO, b"secret");
        let url = late.sign(Purpose::Read, "/x");
        assert_eq!(late.verify(Purpose::Read, "/x", url.split_once('?').map(|(_, query)| query)), Err(Refusal::Expired));
    }

    #[test]
    fn segments_are_encoded_byte_by_byte() {
        assert_eq!(encode_segment("a b/ü.png"), "a%20b%2F%C3%BC.png");
    }
}
