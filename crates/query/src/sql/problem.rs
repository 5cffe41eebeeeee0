//! What is wrong with a statement: in words, with the place in its text and the names that may have been meant.

use std::fmt;
use std::ops::Range;

use super::source::excerpt;

/// What is wrong with a statement of SQL. Displayed as one line, and the line of the statement with carets below the word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlProblem {
    message: String,
    near: Vec<String>,
    hint: Option<String>,
    excerpt: Option<String>,
}

impl SqlProblem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), near: Vec::new(), hint: None, excerpt: None }
    }

    /// At these bytes of the statement.
    pub(super) fn at(mut self, text: &str, place: Option<Range<usize>>) -> Self {
        self.excerpt = place.map(|place| excerpt(text, &place));
        self
    }

    /// With names that may have been meant.
    pub(super) fn with_near<'a>(mut self, near: impl IntoIterator<Item = &'a str>) -> Self {
        self.near = near.into_iter().map(str::to_owned).collect();
        self
    }

    /// With what to do next.
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Names that may have been meant, the nearest first.
    pub fn near(&self) -> &[String] {
        &self.near
    }

    /// What to do next, when there is something.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for SqlProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if !self.near.is_empty() {
            write!(formatter, "; is it {}?", self.near.join(" or "))?;
        }
        if let Some(excerpt) = &self.excerpt {
            write!(formatter, "\n{excerpt}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SqlProblem {}
