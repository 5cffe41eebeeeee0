//! The true path of a metric: its key's parts, before dots join them.

use std::fmt;

use crate::Json;

/// The parts of a metric's key: `["val", "acc"]` for `{"val": {"acc": 1}}`, and `["val.acc"]` for `{"val.acc": 1}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The path of these parts, outermost first. It has at least one.
    pub fn new(parts: Vec<String>) -> Self {
        debug_assert!(!parts.is_empty(), "a key has at least one part");
        Self(parts)
    }

    /// The path of a key at the top of a row, dots and all.
    pub fn top_level(key: impl Into<String>) -> Self {
        Self(vec![key.into()])
    }

    /// The parts, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The parts joined with dots: what the service shows, and a column's name unless it is taken.
    pub fn dotted(&self) -> String {
        self.0.join(".")
    }

    /// The parts as a JSON array, which is how Arrow field metadata keeps them under `runlake.path`.
    pub fn to_json_text(&self) -> String {
        Json::Array(self.0.iter().map(|part| Json::from(part.as_str())).collect()).to_string()
    }

    /// Reads what [`KeyPath::to_json_text`] wrote; `None` when it is not a list of at least one string.
    pub fn from_json_text(text: &str) -> Option<Self> {
        let Ok(Json::Array(items)) = Json::parse(text) else { return None };
        let parts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        parts.filter(|parts| !parts.is_empty()).map(Self)
    }
}

/// Whether `key`, as users write it, asks for what is called `name` with dots: for itself, or for a member of the dict of that name.
///
/// ```
/// use runlake_types::key_selects;
/// assert!(key_selects("val", "val") && key_selects("val", "val.acc"));
/// assert!(!key_selects("val", "value") && !key_selects("val.acc", "val"));
/// ```
pub fn key_selects(key: &str, name: &str) -> bool {
    name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.dotted())
    }
}
