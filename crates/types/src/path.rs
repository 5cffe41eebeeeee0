//! Where a run lives: `entity/project/run_id`, in all the forms that people paste.

use std::fmt::{self, Write as _};

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

/// What stands in for the parts that a path leaves out.
///
/// ```
/// use runlake_types::{PathDefaults, RunPath};
/// let defaults = PathDefaults { entity: Some("team"), project: Some("digits") };
/// assert_eq!(RunPath::parse_with("r1", defaults)?, RunPath::new("team", "digits", "r1"));
/// assert_eq!(RunPath::parse_with("other:r1", defaults)?, RunPath::new("team", "other", "r1"));
/// # Ok::<(), runlake_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathDefaults<'a> {
    /// The entity of a path that names none.
    pub entity: Option<&'a str>,
    /// The project of a path that names none.
    pub project: Option<&'a str>,
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

    /// As [`parse`](Self::parse), and the name of a project alone; an empty text is the default project.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] as before, and when a part is left out that has no default.
    pub fn parse_with(text: &str, defaults: PathDefaults<'_>) -> Result<Self, Error> {
        let with_entity = |project: &str| {
            let entity = defaults.entity.ok_or_else(|| missing(text, "entity", "ENTITY/PROJECT"))?;
            Ok(Self::new(entity, project))
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return with_entity(defaults.project.ok_or_else(|| missing(text, "project", "ENTITY/PROJECT"))?);
        }
        match parts(trimmed).as_deref() {
            Some([project]) if !is_url(trimmed) => with_entity(project),
            _ => Self::parse(trimmed),
        }
    }

    /// The address of the project's page below the address of the pages, such as `https://wandb.ai`.
    pub fn page_url(&self, pages: &str) -> String {
        let [entity, project] = [&self.entity, &self.project].map(|part| percent_encode(part));
        format!("{}/{entity}/{project}/workspace", pages.trim_end_matches('/'))
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

    /// As [`parse`](Self::parse), and what the official client takes besides: `project/run_id`, `project:run_id` and `run_id` alone, with
    /// `runs/` before the id or without. Two parts with a slash between them are a project and a run.
    ///
    /// The forms are those of <https://github.com/wandb/wandb/blob/main/wandb/apis/public/api.py> (`Api._parse_path`).
    ///
    /// # Errors
    /// [`ErrorKind::Path`] as before, and when a part is left out that has no default.
    pub fn parse_with(text: &str, defaults: PathDefaults<'_>) -> Result<Self, Error> {
        let expected = "ENTITY/PROJECT/RUN_ID";
        let trimmed = text.trim();
        let entity = || defaults.entity.ok_or_else(|| missing(text, "entity", expected));
        let project = || defaults.project.ok_or_else(|| missing(text, "project", expected));
        let of_docker_style = |part: &str| {
            let (project, run_id) = part.split_once(':')?;
            (!project.is_empty() && !run_id.is_empty()).then(|| (project.to_owned(), run_id.to_owned()))
        };
        match parts(trimmed).as_deref() {
            Some(_) if is_url(trimmed) => Self::parse(trimmed),
            Some([runs, run_id]) if runs == "runs" => Ok(Self::new(entity()?, project()?, run_id)),
            Some([first, last]) if !last.contains(':') => Ok(Self::new(entity()?, first, last)),
            Some([first, runs, last]) if runs == "runs" => Ok(Self::new(entity()?, first, last)),
            Some([part]) => match of_docker_style(part) {
                Some((project, run_id)) => Ok(Self::new(entity()?, project, run_id)),
                None if part.contains(':') => Err(ErrorKind::Path { path: text.to_owned(), expected }.into()),
                None => Ok(Self::new(entity()?, project()?, part)),
            },
            _ => Self::parse(trimmed),
        }
    }

    /// Entity, project and run id, each percent-encoded, so that a slash in one of them is none between them.
    pub fn encoded_parts(&self) -> [String; 3] {
        [&self.entity, &self.project, &self.run_id].map(|part| percent_encode(part))
    }

    /// The address of the run's page below the address of the pages, such as `https://wandb.ai`.
    pub fn page_url(&self, pages: &str) -> String {
        let [entity, project, run_id] = self.encoded_parts();
        format!("{}/{entity}/{project}/runs/{run_id}", pages.trim_end_matches('/'))
    }
}

fn missing(path: &str, what: &'static str, expected: &'static str) -> Error {
    ErrorKind::PathPart { path: path.to_owned(), what, expected }.into()
}

/// Everything but letters, digits and `-._~`, byte by byte, as addresses have it.
fn percent_encode(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
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
    fn parts_that_are_left_out_have_defaults() {
        let defaults = PathDefaults { entity: Some("team"), project: Some("digits") };
        for (text, expected) in [
            ("r1", "team/digits/r1"),
            (" /r1/ ", "team/digits/r1"),
            ("/runs/r1", "team/digits/r1"),
            ("other/r1", "team/other/r1"),
            ("other/runs/r1", "team/other/r1"),
            ("other:r1", "team/other/r1"),
            ("them/other:r1", "them/other/r1"),
            ("them/other/r1", "them/other/r1"),
            ("them/other/runs/r1", "them/other/r1"),
            ("https://wandb.ai/them/other/runs/r1", "them/other/r1"),
        ] {
            assert_eq!(RunPath::parse_with(text, defaults).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", ":", "a:", "a/b/c/d", "https://wandb.ai/them"] {
            assert!(RunPath::parse_with(text, defaults).is_err(), "{text}");
        }
        let error = RunPath::parse_with("r1", PathDefaults { project: None, ..defaults }).unwrap_err();
        assert_eq!(error.to_string(), "`r1` names no project, and there is no default");
        for (text, expected) in [("", "team/digits"), ("other", "team/other"), ("them/other", "them/other")] {
            assert_eq!(ProjectPath::parse_with(text, defaults).unwrap().to_string(), expected, "{text}");
        }
        assert!(ProjectPath::parse_with("other", PathDefaults::default()).is_err());
    }

    #[test]
    fn addresses_keep_the_parts_apart() {
        let path = RunPath::new("my team", "größe 1", "a/b");
        assert_eq!(path.page_url("https://wandb.ai/"), "https://wandb.ai/my%20team/gr%C3%B6%C3%9Fe%201/runs/a%2Fb");
        assert_eq!(path.project_path().page_url("http://h:1"), "http://h:1/my%20team/gr%C3%B6%C3%9Fe%201/workspace");
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
