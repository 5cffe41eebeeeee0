//! Where a run lives: `entity/project/run_id`, in all the forms that people paste.

use std::fmt;

use crate::{Error, ErrorKind};

/// A project: `entity/project`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath {
    /// The user or team.
    pub entity: String,
    /// The project's name.
    pub project: String,
}

/// A run: `entity/project/run_id`. The id is what GraphQL calls `name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunPath {
    /// The user or team.
    pub entity: String,
    /// The project's name.
    pub project: String,
    /// The run's id, unique in its project.
    pub run_id: String,
}

impl ProjectPath {
    /// The project `entity/project`.
    pub fn new(entity: impl Into<String>, project: impl Into<String>) -> Self {
        Self { entity: entity.into(), project: project.into() }
    }

    /// The run `run_id` of this project.
    pub fn run(&self, run_id: impl Into<String>) -> RunPath {
        RunPath { entity: self.entity.clone(), project: self.project.clone(), run_id: run_id.into() }
    }

    /// Parses `entity/project`, or the address of a project's page.
    ///
    /// ```
    /// use runlake_types::ProjectPath;
    /// let path = ProjectPath::parse("https://wandb.ai/team/digits/workspace")?;
    /// assert_eq!(path, ProjectPath::parse("team/digits")?);
    /// # Ok::<(), runlake_types::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when a part is missing, empty or left over.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match parts(text).as_deref() {
            Some([entity, project] | [entity, project, _] | [entity, project, _, _]) if is_url(text) => Ok(Self::new(entity, project)),
            Some([entity, project]) => Ok(Self::new(entity, project)),
            _ => Err(ErrorKind::Path { path: text.to_owned(), expected: "ENTITY/PROJECT" }.into()),
        }
    }
}

impl RunPath {
    /// The run `entity/project/run_id`.
    pub fn new(entity: impl Into<String>, project: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self { entity: entity.into(), project: project.into(), run_id: run_id.into() }
    }

    /// The project that holds the run.
    pub fn project_path(&self) -> ProjectPath {
        ProjectPath::new(self.entity.clone(), self.project.clone())
    }

    /// Parses `entity/project/run_id`, `entity/project/runs/run_id`, `entity/project:run_id`, or the address of a run's page.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when a part is missing, empty or left over.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let expected = "ENTITY/PROJECT/RUN_ID";
        let parts = parts(text);
        match parts.as_deref() {
            Some([entity, project, runs, run_id]) if runs == "runs" => Ok(Self::new(entity, project, run_id)),
            Some([entity, project, runs, run_id, ..]) if runs == "runs" && is_url(text) => Ok(Self::new(entity, project, run_id)),
            Some([entity, project, run_id]) => Ok(Self::new(entity, project, run_id)),
            Some([entity, rest]) => match rest.split_once(':') {
                Some((project, run_id)) if !project.is_empty() && !run_id.is_empty() => Ok(Self::new(entity, project, run_id)),
                _ => Err(ErrorKind::Path { path: text.to_owned(), expected }.into()),
            },
            _ => Err(ErrorKind::Path { path: text.to_owned(), expected }.into()),
        }
    }
}

pub(crate) fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// The non-empty parts between slashes, without an address's scheme, host, query and fragment; `None` when one is empty.
pub(crate) fn parts(text: &str) -> Option<Vec<String>> {
    let path = if is_url(text) {
        let after_scheme = text.split_once("://")?.1;
        after_scheme.split_once('/')?.1.split(['?', '#']).next()?
    } else {
        text
    };
    let parts: Vec<String> =
        path.trim_matches('/').split('/').map(|part| if is_url(text) { percent_decode(part) } else { part.to_owned() }).collect();
    parts.iter().all(|part| !part.trim().is_empty()).then_some(parts)
}

fn percent_decode(part: &str) -> String {
    let mut out = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(byte);
            rest = &tail[2..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| part.to_owned())
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.entity, self.project)
    }
}

impl fmt::Display for RunPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.entity, self.project, self.run_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_run_path() {
        for text in [
            "team/digits/r1",
            "/team/digits/r1",
            "team/digits/runs/r1",
            "team/digits:r1",
            "https://wandb.ai/team/digits/runs/r1",
            "https://host:8080/team/digits/runs/r1/overview?nw=x",
        ] {
            assert_eq!(RunPath::parse(text).unwrap(), RunPath::new("team", "digits", "r1"), "{text}");
        }
        assert_eq!(RunPath::parse("https://wandb.ai/team/my%20proj/runs/r1").unwrap().project, "my proj");
        for text in ["", "r1", "team/digits", "team//r1", "team/digits/x/y", "a/b/c/d/e"] {
            assert!(RunPath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_form_of_a_project_path() {
        for text in ["team/digits", "https://wandb.ai/team/digits", "https://wandb.ai/team/digits/workspace?x=1", "team/digits/"] {
            assert_eq!(ProjectPath::parse(text).unwrap(), ProjectPath::new("team", "digits"), "{text}");
        }
        assert!(ProjectPath::parse("team").is_err());
        assert!(ProjectPath::parse("team/digits/r1").is_err());
    }
}
