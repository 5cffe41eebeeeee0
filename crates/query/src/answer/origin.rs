//! Where an answer came from, as the pairs that are written into files.

use runlake_lake::Lake;
use runlake_types::ProjectPath;

use crate::Error;

/// Where an answer came from: pairs of texts in the order in which they were added, `runlake.version` first. Parquet and Arrow files
/// have them in their metadata.
///
/// ```
/// use runlake_query::Origin;
/// let origin = Origin::new().with_question("SELECT 1").with_sampled(false);
/// let keys: Vec<&str> = origin.entries().iter().map(|(key, _)| key.as_str()).collect();
/// assert_eq!(keys, ["runlake.version", "runlake.question", "runlake.rows"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    entries: Vec<(String, String)>,
}

impl Origin {
    /// Of this version of runlake, and of nothing else yet.
    pub fn new() -> Self {
        Self { entries: Vec::new() }.with("version", env!("CARGO_PKG_VERSION"))
    }

    /// Of a lake as it is now: `runlake.lake`, its place without secrets, and `runlake.lake_version`, which grows with every commit.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`](crate::ErrorKind::Lake) when a log of the lake cannot be read.
    pub async fn of_lake(lake: &Lake) -> Result<Self, Error> {
        let version = lake.version().await?;
        Ok(Self::new().with("lake", lake.location().without_secrets()).with("lake_version", version.to_string()))
    }

    /// Adds `runlake.project`, as `ENTITY/PROJECT`.
    #[must_use]
    pub fn with_project(self, project: &ProjectPath) -> Self {
        self.with("project", project.to_string())
    }

    /// Adds `runlake.question`: the question as it was asked, such as a statement of SQL.
    #[must_use]
    pub fn with_question(self, question: &str) -> Self {
        self.with("question", question)
    }

    /// Adds `runlake.rows`: `sampled` when the answer stands on a part of the rows, else `full`.
    #[must_use]
    pub fn with_sampled(self, sampled: bool) -> Self {
        self.with("rows", if sampled { "sampled" } else { "full" })
    }

    /// Adds `runlake.KEY`, or replaces it where it stands.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        let (key, value) = (format!("runlake.{key}"), value.into());
        match self.entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => self.entries.push((key, value)),
        }
        self
    }

    /// The pairs, in their order.
    pub fn entries(&self) -> &[(String, String)] {
        &self.entries
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self::new()
    }
}
