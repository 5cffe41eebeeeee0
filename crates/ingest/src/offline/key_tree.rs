//! Values put into a tree of dicts by the path of their keys: the rows of the history, the config, the summary.

use std::mem;
use std::vec;

use runlake_types::{Json, MAX_DEPTH, Object, flatten};

/// The path of an item: `nested_key` where there is one, `key` as a single part otherwise, as the SDK reads them
/// (<https://github.com/wandb/wandb/blob/main/core/internal/runsummary/updates.go>). `None` when it is deeper than JSON
/// may nest.
pub(super) fn path_of(key: String, nested_key: Vec<String>) -> Option<vec::IntoIter<String>> {
    let parts = if nested_key.is_empty() { vec![key] } else { nested_key };
    (parts.len() <= MAX_DEPTH).then(|| parts.into_iter())
}

/// Adds one leaf of a row. The SDK takes dicts apart into leaves, so they come together again here.
///
/// No SDK logs a value and a dict under one key of one row; should a log do so, the value stays and the dict's leaves
/// stand beside it under dotted keys, whichever came first. `false` when even that place is taken and a value is lost.
pub(super) fn add_leaf(object: &mut Object, mut path: vec::IntoIter<String>, value: Json) -> bool {
    let Some(key) = path.next() else { return false };
    if path.as_slice().is_empty() {
        return add_member(object, key, value);
    }
    match object.get_mut(&key) {
        Some(Json::Object(members)) => add_leaf(members, path, value),
        Some(_not_a_dict) => insert_dotted(object, &key, &path.as_slice().join("."), value),
        None => {
            let mut members = Object::new();
            let is_whole = add_leaf(&mut members, path, value);
            object.insert(key, Json::Object(members));
            is_whole
        }
    }
}

fn add_member(object: &mut Object, key: String, value: Json) -> bool {
    match (object.get_mut(&key), value) {
        (Some(Json::Object(old)), Json::Object(new)) => {
            new.into_iter().fold(true, |is_whole, (key, value)| add_member(old, key, value) && is_whole)
        }
        (Some(old @ Json::Object(_)), value) => {
            let Json::Object(members) = mem::replace(old, value) else { return true };
            beside(object, &key, members)
        }
        (Some(_), Json::Object(new)) if !new.is_empty() => beside(object, &key, new),
        (_, value) => {
            object.insert(key, value);
            true
        }
    }
}

/// Puts the leaves of a dict beside the value that has its key.
fn beside(object: &mut Object, key: &str, members: Object) -> bool {
    flatten(members).into_iter().fold(true, |is_whole, (path, leaf)| insert_dotted(object, key, &path.dotted(), leaf) && is_whole)
}

fn insert_dotted(object: &mut Object, key: &str, rest: &str, value: Json) -> bool {
    object.insert(format!("{key}.{rest}"), value).is_none()
}

/// Sets the value at a path, whatever was there before. Values in the way become dicts.
pub(super) fn set(object: &mut Object, mut path: vec::IntoIter<String>, value: Json) {
    let Some(key) = path.next() else { return };
    if path.as_slice().is_empty() {
        object.insert(key, value);
        return;
    }
    let member = object.entry(key).or_insert(Json::Null);
    if !matches!(member, Json::Object(_)) {
        *member = Json::Object(Object::new());
    }
    if let Json::Object(members) = member {
        set(members, path, value);
    }
}

/// Removes what is at a path, and with it the dicts that it leaves empty, as the SDK does
/// (<https://github.com/wandb/wandb/blob/main/core/internal/pathtree/pathtree.go>).
pub(super) fn remove(object: &mut Object, mut path: vec::IntoIter<String>) {
    let Some(key) = path.next() else { return };
    if path.as_slice().is_empty() {
        object.remove(&key);
    } else if let Some(Json::Object(members)) = object.get_mut(&key) {
        remove(members, path);
        if members.is_empty() {
            object.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> vec::IntoIter<String> {
        text.split('/').map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    fn row(leaves: &[(&str, &str)]) -> (String, bool) {
        let mut row = Object::new();
        let is_whole =
            leaves.iter().fold(true, |is_whole, (key, value)| add_leaf(&mut row, path(key), Json::parse(value).unwrap()) && is_whole);
        (Json::Object(row).to_string(), is_whole)
    }

    #[test]
    fn leaves_come_together() {
        let leaves = [("h/_type", r#""histogram""#), ("a/b/c", "1"), ("h/values", "[1]"), ("a.b", "2"), ("a/b.c", "3")];
        let expected = r#"{"a":{"b":{"c":1},"b.c":3},"a.b":2,"h":{"_type":"histogram","values":[1]}}"#;
        assert_eq!(row(&leaves), (expected.to_owned(), true));
    }

    #[test]
    fn the_later_of_two_values_at_one_path_wins() {
        assert_eq!(row(&[("a", "1"), ("a", "2"), ("b/c", "1"), ("b", r#"{"c": 2, "d": 3}"#)]).0, r#"{"a":2,"b":{"c":2,"d":3}}"#);
        assert_eq!(row(&[("a", "{}"), ("a", "2")]), (r#"{"a":2}"#.to_owned(), true));
    }

    #[test]
    fn a_value_and_a_dict_under_one_key_are_both_kept_whichever_comes_first() {
        let expected = (r#"{"a":1,"a.b":2,"a.c.d":3}"#.to_owned(), true);
        assert_eq!(row(&[("a", "1"), ("a/b", "2"), ("a/c/d", "3")]), expected);
        assert_eq!(row(&[("a/b", "2"), ("a/c/d", "3"), ("a", "1")]), expected);
        assert_eq!(row(&[("a/b", "2"), ("a", "1"), ("a/c/d", "3")]), expected);
        assert_eq!(row(&[("a", "1"), ("a", r#"{"b": 2, "c": {"d": 3}}"#)]), expected);
        assert!(!row(&[("a.b", "0"), ("a", "1"), ("a/b", "2")]).1, "a third value has no place left");
    }

    #[test]
    fn changes_apply_in_order() {
        let mut config = Json::parse_object(r#"{"a": 1, "b": {"c": 1, "d": 2}, "e": {"f": {"g": 1}}}"#).unwrap();
        set(&mut config, path("a/x"), Json::Null);
        set(&mut config, path("b"), Json::parse(r#"{"c": 3}"#).unwrap());
        remove(&mut config, path("e/f/g"));
        remove(&mut config, path("nowhere/at/all"));
        assert_eq!(Json::Object(config).to_string(), r#"{"a":{"x":null},"b":{"c":3}}"#);
    }

    #[test]
    fn paths_have_a_limit() {
        assert!(path_of(String::new(), vec![String::new(); MAX_DEPTH]).is_some());
        assert!(path_of(String::new(), vec![String::new(); MAX_DEPTH + 1]).is_none());
        assert_eq!(path_of("a.b".to_owned(), vec![]).unwrap().as_slice(), ["a.b"]);
    }
}
