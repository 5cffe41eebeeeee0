//! Just enough of the protobuf encoding to read the frequent records in place.
//!
//! Everything here answers `None` when bytes are anything but the plain form that the SDK writes: fields of the known types, varints of
//! sane length, nothing truncated. `None` is not a verdict; the caller then asks `prost`, which knows all forms and all errors.

use super::record::HistoryStep;

/// A field's value, by its wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
}

/// Takes a varint off the front of `bytes`.
#[inline]
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        *bytes = rest;
        return Some(u64::from(*first));
    }
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        // The tenth byte has room for one bit.
        if index == 9 && *byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7F) << (7 * index);
        if *byte < 0x80 {
            *bytes = &bytes[index + 1..];
            return Some(value);
        }
    }
    None
}

/// Takes a length and so many bytes off the front of `bytes`.
#[inline]
pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take_varint(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

/// Takes a whole field off the front of `bytes`: its number and value.
pub(super) fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Wire<'a>)> {
    let tag = u32::try_from(take_varint(bytes)?).ok()?;
    let value = match tag & 7 {
        0 => Wire::Varint(take_varint(bytes)?),
        1 => {
            let (value, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Wire::Fixed64(*value)
        }
        2 => Wire::Bytes(take_bytes(bytes)?),
        _ => return None,
    };
    (tag >> 3 != 0).then_some((tag >> 3, value))
}

/// The one field of a record that says what it is about: its number and content. Field 1 (the record's number), 16 (control), 19 (a
/// uuid) and 200 (internal data) stand beside it.
pub(super) fn record_content(mut record: &[u8]) -> Option<(u32, &[u8])> {
    let mut content = None;
    while !record.is_empty() {
        match take_field(&mut record)? {
            (1, Wire::Varint(_)) | (16 | 19 | 200, Wire::Bytes(_)) => {}
            (field, Wire::Bytes(bytes)) if content.is_none() => content = Some((field, bytes)),
            _ => return None,
        }
    }
    content
}

/// How many fields of a record say what it is about; `None` when that cannot be told.
pub(super) fn content_count(mut record: &[u8]) -> Option<usize> {
    let mut count = 0;
    while !record.is_empty() {
        let (field, _) = take_field(&mut record)?;
        count += usize::from(!matches!(field, 1 | 16 | 19 | 200));
    }
    Some(count)
}

/// The content of a [`HistoryStep`].
pub(super) fn step(mut bytes: &[u8]) -> Option<HistoryStep> {
    if bytes.is_empty() {
        return Some(HistoryStep { num: 0 });
    }
    let (1, Wire::Varint(num)) = take_field(&mut bytes)? else { return None };
    bytes.is_empty().then_some(HistoryStep { num: num.cast_signed() })
}

/// How many bytes at the front of an item name its key: fields 1 (`key`) and 2 (`nested_key`), which all items of the log have first.
#[inline]
pub(super) fn key_len(item: &[u8]) -> Option<usize> {
    let mut rest = item;
    while let [0x0A | 0x12, after @ ..] = rest {
        rest = after;
        take_bytes(&mut rest)?;
    }
    Some(item.len() - rest.len())
}

/// Whether another field of the key begins here.
#[inline]
pub(super) fn is_key_field(bytes: &[u8]) -> bool {
    matches!(bytes, [0x0A | 0x12, ..])
}

/// The parts of the key that an item begins with; `bytes` are those that [`key_len`] counted.
pub(super) fn key_parts(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut key = None;
    let mut nested_key = Vec::new();
    while !bytes.is_empty() {
        match take_field(&mut bytes)? {
            (1, Wire::Bytes(text)) if key.is_none() => key = Some(std::str::from_utf8(text).ok()?.to_owned()),
            (2, Wire::Bytes(text)) => nested_key.push(std::str::from_utf8(text).ok()?.to_owned()),
            _ => return None,
        }
    }
    Some(if nested_key.is_empty() { vec![key.unwrap_or_default()] } else { nested_key })
}

/// The `value_json` of an item behind its key, when that is all there is; it is not checked for UTF-8.
#[inline]
pub(super) fn only_value_json(rest: &[u8]) -> Option<&[u8]> {
    let [0x82, 0x01, after @ ..] = rest else { return None };
    let mut after = after;
    let value = take_bytes(&mut after)?;
    after.is_empty().then_some(value)
}
