//! The keys of one batch: found again by their bytes, and by what followed them before.
//!
//! The SDK writes the items of a row in the order of a Go map, which is another for each row once there are more than eight; but a row's
//! summary comes first and has the same map behind it, so most keys of the row follow the one that they followed in the summary.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use runlake_types::{Json, KeyPath, MAX_DEPTH};

use super::row_builder::STAMPS;
use super::wire::{is_key_field, key_len, key_parts};

/// The number of a key in its batch, and of a column in its piece.
pub(super) type Id = u32;
const NO_ID: Id = Id::MAX;

/// A key as it is written. `key` and `nested_key` of one part are different keys of the same column.
#[derive(Debug)]
pub(super) struct Key<'a> {
    /// The fields that name it, all of them.
    bytes: &'a [u8],
    pub(super) parts: Vec<String>,
    /// The key that followed last.
    next: Id,
    /// Its column, once a row had it.
    column: Id,
    /// The text of its last value in any record, and what that says.
    pub(super) text: &'a [u8],
    pub(super) value: Value,
    /// Its last value in the summary, when it was set since the summary was last taken, and when.
    pub(super) summary_text: &'a [u8],
    pub(super) summary_turn: u64,
}

/// What a text says.
#[derive(Debug)]
pub(super) enum Value {
    /// A number that float64 holds exactly.
    Float(f64),
    /// Another value of JSON.
    Json(Json),
    /// Another value of JSON, which was taken from here.
    Taken,
    /// No JSON.
    Bad,
}

/// What rows do with a column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) path: Arc<KeyPath>,
    /// Whether it meets other columns of its row, or must not be looked at alone: then the row is put together as a tree of dicts.
    pub(super) is_entangled: bool,
    pub(super) is_step: bool,
    /// The last record that had it.
    pub(super) turn: u64,
}

/// All keys of a batch.
#[derive(Debug, Default)]
pub(super) struct Keys<'a> {
    pub(super) all: Vec<Key<'a>>,
    by_bytes: HashMap<&'a [u8], Id, BuildHasherDefault<KeyHasher>>,
    last: Id,
    pub(super) columns: Vec<Column>,
    by_path: HashMap<Arc<KeyPath>, Id>,
    /// The columns below each dict.
    dicts: HashMap<Vec<String>, Vec<Id>>,
    typed_dicts: HashSet<Vec<String>>,
}

fn index(id: Id) -> usize {
    id as usize
}

fn id(index: usize) -> Id {
    Id::try_from(index).expect("a batch has fewer keys than bytes")
}

impl<'a> Keys<'a> {
    pub(super) fn key(&mut self, id: Id) -> &mut Key<'a> {
        &mut self.all[index(id)]
    }

    pub(super) fn column(&mut self, id: Id) -> &mut Column {
        &mut self.columns[index(id)]
    }

    /// Finds the key of an item; what follows it comes back. `None` for a key that only `prost` can judge.
    #[inline]
    pub(super) fn find(&mut self, item: &'a [u8]) -> Option<(Id, &'a [u8])> {
        if let Some(last) = self.all.get(index(self.last))
            && let Some(next) = self.all.get(index(last.next))
            && let Some(rest) = item.strip_prefix(next.bytes)
            && !is_key_field(rest)
        {
            self.last = last.next;
            return Some((self.last, rest));
        }
        let (bytes, rest) = item.split_at(key_len(item)?);
        let found = match self.by_bytes.get(bytes) {
            Some(found) => *found,
            None => self.add(bytes)?,
        };
        if let Some(last) = self.all.get_mut(index(self.last)) {
            last.next = found;
        }
        self.last = found;
        Some((found, rest))
    }

    fn add(&mut self, bytes: &'a [u8]) -> Option<Id> {
        let parts = key_parts(bytes).filter(|parts| parts.len() <= MAX_DEPTH)?;
        let found = id(self.all.len());
        let key = Key { bytes, parts, next: NO_ID, column: NO_ID, text: &[], value: Value::Bad, summary_text: &[], summary_turn: 0 };
        self.all.push(key);
        self.by_bytes.insert(bytes, found);
        Some(found)
    }

    /// The column of a key.
    #[inline]
    pub(super) fn column_of(&mut self, key: Id) -> Id {
        let column = self.all[index(key)].column;
        if column != NO_ID {
            return column;
        }
        let column = self.column_at(&KeyPath::new(self.all[index(key)].parts.clone()));
        self.all[index(key)].column = column;
        column
    }

    /// The column of a path.
    pub(super) fn column_at(&mut self, path: &KeyPath) -> Id {
        match self.by_path.get(path) {
            Some(column) => *column,
            None => self.add_column(Arc::new(path.clone())),
        }
    }

    fn add_column(&mut self, path: Arc<KeyPath>) -> Id {
        let column = id(self.columns.len());
        let parts = path.parts();
        let is_stamp = STAMPS.contains(&parts[0].as_str());
        let mut entangled = Vec::new();
        let mut is_entangled = is_stamp && parts.len() > 1;
        for depth in 1..parts.len() {
            let dict = &parts[..depth];
            if let Some(value) = self.by_path.get(&KeyPath::new(dict.to_vec())) {
                is_entangled = true;
                entangled.push(*value);
            }
            let columns = self.dicts.entry(dict.to_vec()).or_default();
            columns.push(column);
            // A dict with a type is one value.
            if parts[depth] == "_type" && self.typed_dicts.insert(dict.to_vec()) {
                entangled.extend_from_slice(columns);
            }
            is_entangled |= self.typed_dicts.contains(dict);
        }
        if let Some(below) = self.dicts.get(parts) {
            is_entangled = true;
            entangled.extend_from_slice(below);
        }
        let is_step = is_stamp && parts.len() == 1 && parts[0] == STAMPS[0];
        self.columns.push(Column { path: Arc::clone(&path), is_entangled, is_step, turn: 0 });
        for other in entangled {
            self.columns[index(other)].is_entangled = true;
        }
        self.by_path.insert(path, column);
        column
    }
}

/// A quick hash of short keys. A log that makes keys collide on purpose slows down the reading of itself, no more.
#[derive(Debug, Default)]
pub(super) struct KeyHasher(u64);

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

impl KeyHasher {
    #[inline]
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_usize(&mut self, len: usize) {
        self.add(len as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The low bits choose the bucket; the multiplication mixes upwards only.
        self.0 ^ (self.0 >> 29)
    }
}
