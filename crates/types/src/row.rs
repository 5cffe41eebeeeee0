//! A history row taken apart into leaves and put together again.
//!
//! A plain nested dict is taken apart; a typed object (a dict with `_type`: histogram, image, table…), a list and an
//! empty dict are values of their own.

use crate::{Json, KeyPath, Object};

/// The leaves of a row in key order, each with its true path. A logged null is a leaf.
///
/// ```
/// use runlake_types::{Json, flatten};
/// let row = Json::parse_object(r#"{"val": {"acc": 0.9}, "h": {"_type": "histogram", "bins": [1]}}"#)?;
/// let leaves = flatten(row);
/// assert_eq!(leaves[0].0.dotted(), "h");
/// assert_eq!(leaves[1].0.parts(), ["val", "acc"]);
/// # Ok::<(), runlake_types::JsonError>(())
/// ```
pub fn flatten(row: Object) -> Vec<(KeyPath, Json)> {
    fn walk(prefix: &mut Vec<String>, object: Object, leaves: &mut Vec<(KeyPath, Json)>) {
        for (key, value) in object {
            prefix.push(key);
            match value {
                Json::Object(members) if is_taken_apart(&members) => walk(prefix, members, leaves),
                leaf => leaves.push((KeyPath::new(prefix.clone()), leaf)),
            }
            prefix.pop();
        }
    }
    let mut leaves = Vec::with_capacity(row.len());
    walk(&mut Vec::new(), row, &mut leaves);
    leaves
}

/// Whether a dict is taken apart into its members: not one that has a type, and not an empty one, which are values of their own.
pub fn is_taken_apart(members: &Object) -> bool {
    !members.is_empty() && !members.contains_key("_type")
}

/// Puts leaves together into a row. A later leaf replaces an earlier one at the same path; a leaf below a value that
/// is not a dict replaces that value.
pub fn unflatten(leaves: impl IntoIterator<Item = (KeyPath, Json)>) -> Object {
    let mut row = Object::new();
    for (path, value) in leaves {
        insert_leaf(&mut row, &path, value);
    }
    row
}

/// Puts one leaf into a row, as [`unflatten`] does.
pub fn insert_leaf(row: &mut Object, path: &KeyPath, value: Json) {
    let (last, parents) = path.parts().split_last().expect("a key has at least one part");
    let mut object = row;
    for part in parents {
        let member = object.entry(part.clone()).or_insert_with(|| Json::Object(Object::new()));
        if !matches!(member, Json::Object(_)) {
            *member = Json::Object(Object::new());
        }
        let Json::Object(members) = member else { unreachable!("it was just made an object") };
        object = members;
    }
    object.insert(last.clone(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_survives_being_taken_apart() {
        let text = r#"{"a":{"b":1,"c":{"d":"x"}},"a.b":2,"e":{},"f":[1,{"g":2}],"h":{"_type":"histogram","values":[1]},"n":null}"#;
        let leaves = flatten(Json::parse_object(text).unwrap());
        let paths: Vec<String> = leaves.iter().map(|(path, _)| path.to_json_text()).collect();
        assert_eq!(paths, [r#"["a","b"]"#, r#"["a","c","d"]"#, r#"["a.b"]"#, r#"["e"]"#, r#"["f"]"#, r#"["h"]"#, r#"["n"]"#]);
        assert_eq!(Json::Object(unflatten(leaves)).to_string(), text);
    }
}
