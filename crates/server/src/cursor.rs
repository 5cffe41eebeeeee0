//! Cursors of listings: the last item that a page held, so that a page stays right while items come and go before it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, ErrorKind};

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Which listing it is: a digest of what the listing was asked for.
    #[serde(rename = "l")]
    listing: String,
    /// The id or name of the page's last item.
    #[serde(rename = "k")]
    pub(crate) key: String,
    /// That item's index at the time, for when the item is gone.
    #[serde(rename = "i")]
    pub(crate) index: usize,
}

impl Cursor {
    /// The cursor behind the item `key`, which stands at `index` in `listing`.
    pub(crate) fn new(listing: &str, key: &str, index: usize) -> Self {
        Self { listing: listing.to_owned(), key: key.to_owned(), index }
    }

    /// Reads a cursor of `listing`.
    pub(crate) fn parse(text: &str, listing: &str) -> Result<Self, Error> {
        let read = || -> Option<Self> {
            let cursor: Self = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            (cursor.listing == listing).then_some(cursor)
        };
        read().ok_or_else(|| ErrorKind::Cursor { cursor: text.to_owned() }.into())
    }

    /// The opaque text that a client sees.
    pub(crate) fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("strings and numbers are JSON"))
    }
}

/// A short digest of what a listing was asked for.
pub(crate) fn listing_digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    BASE64_URL_SAFE_NO_PAD.encode(&hasher.finalize()[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_listing() {
        let listing = listing_digest(&["runs", "{}", "+created_at"]);
        let cursor = Cursor::new(&listing, "r1", 49);
        assert_eq!(Cursor::parse(&cursor.to_text(), &listing).unwrap(), cursor);
        assert!(Cursor::parse(&cursor.to_text(), &listing_digest(&["runs", "{}", "-created_at"])).is_err());
        for text in ["", "50", "####", "e30"] {
            assert_eq!(Cursor::parse(text, &listing).unwrap_err().to_string(), format!("the cursor `{text}` is not one of this listing"));
        }
    }
}
