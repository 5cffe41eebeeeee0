//! The keys of flat rows as they stand in the text of a page, found by guessing from the key before.
//!
//! Rows of a run hold mostly the same keys in the same order, so the key that followed last time is compared first; only when it is
//! another one is it looked up.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// What a key's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyMeaning {
    Step,
    Timestamp,
    Runtime,
    /// The position of the metric's column.
    Metric(usize),
}

/// Keys without escapes, each once.
#[derive(Debug)]
pub(crate) struct KeyTable {
    keys: Vec<KnownKey>,
    by_text: HashMap<Box<[u8]>, usize, KeyHashing>,
    /// The key that began the last row.
    first: usize,
    row: u64,
}

#[derive(Debug)]
struct KnownKey {
    /// The key with what ends it: its text, the escaped quote, the colon.
    ended: Box<[u8]>,
    meaning: KeyMeaning,
    /// The key that came after this one last time.
    next: usize,
    /// The last row that had it.
    row: u64,
}

/// Where a key was found.
pub(crate) struct FoundKey {
    pub(crate) index: usize,
    pub(crate) meaning: KeyMeaning,
    /// The offset behind the colon.
    pub(crate) end: usize,
}

/// What ends a key in the escaped text of a row.
const KEY_END: &[u8] = b"\\\":";

impl KeyTable {
    pub(crate) fn new() -> Self {
        let seed = RandomState::new().hash_one(0_u64);
        Self { keys: Vec::new(), by_text: HashMap::with_hasher(KeyHashing { seed }), first: 0, row: 0 }
    }

    /// Starts a row: no key of it was seen.
    pub(crate) fn begin_row(&mut self) {
        self.row += 1;
    }

    /// The key whose text begins at `at`, after the key `previous` of the same row. `None` when it has escapes, is not followed by a
    /// colon at once, or was in this row before. `add` gives the meaning of a key that is new.
    #[inline]
    pub(crate) fn find(
        &mut self,
        text: &[u8],
        at: usize,
        previous: Option<usize>,
        add: impl FnOnce(&[u8]) -> Option<KeyMeaning>,
    ) -> Option<FoundKey> {
        let guess = previous.map_or(self.first, |previous| self.keys[previous].next);
        let is_right = self.keys.get(guess).is_some_and(|key| text[at..].starts_with(&key.ended));
        let index = if is_right { guess } else { self.look_up(text, at, previous, add)? };
        let key = &mut self.keys[index];
        if std::mem::replace(&mut key.row, self.row) == self.row {
            return None;
        }
        Some(FoundKey { index, meaning: key.meaning, end: at + key.ended.len() })
    }

    fn look_up(&mut self, text: &[u8], at: usize, previous: Option<usize>, add: impl FnOnce(&[u8]) -> Option<KeyMeaning>) -> Option<usize> {
        let length = text[at..].iter().position(|byte| matches!(byte, b'\\' | b'"'))?;
        let key = &text[at..at + length];
        if !text[at + length..].starts_with(KEY_END) {
            return None;
        }
        let index = if let Some(index) = self.by_text.get(key) {
            *index
        } else {
            let ended = text[at..at + length + KEY_END.len()].into();
            self.keys.push(KnownKey { ended, meaning: add(key)?, next: 0, row: 0 });
            self.by_text.insert(key.into(), self.keys.len() - 1);
            self.keys.len() - 1
        };
        match previous {
            Some(previous) => self.keys[previous].next = index,
            None => self.first = index,
        }
        Some(index)
    }
}

/// A hash of short texts that costs little; its seed keeps logged keys from being chosen to collide.
#[derive(Clone, Debug)]
struct KeyHashing {
    seed: u64,
}

impl BuildHasher for KeyHashing {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { state: self.seed }
    }
}

struct KeyHasher {
    state: u64,
}

impl KeyHasher {
    #[expect(clippy::cast_possible_truncation, reason = "both halves of the product are used")]
    fn mix(&mut self, value: u64) {
        let product = u128::from(self.state ^ value) * 0x9E37_79B9_7F4A_7C15;
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}
