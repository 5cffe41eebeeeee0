//! Which version of an artifact: `entity/project/name:alias`, in the forms that people paste.

use std::fmt;

use crate::path::{is_url, parts};
use crate::{Error, ErrorKind, ProjectPath};

/// The alias that the service moves to the newest version of an artifact.
const LATEST: &str = "latest";

/// A version of an artifact: `entity/project/name:alias`. The alias is one that somebody gave, or `v` and the version's number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactPath {
    /// The user or team.
    pub entity: String,
    /// The project's name.
    pub project: String,
    /// The artifact's name, which all of its versions share.
    pub name: String,
    /// Which version, such as `latest`, `v3` or `best`.
    pub alias: String,
}

impl ArtifactPath {
    /// The version `alias` of `entity/project/name`.
    pub fn new(entity: impl Into<String>, project: impl Into<String>, name: impl Into<String>, alias: impl Into<String>) -> Self {
        Self { entity: entity.into(), project: project.into(), name: name.into(), alias: alias.into() }
    }

    /// The project that holds the artifact.
    pub fn project_path(&self) -> ProjectPath {
        ProjectPath::new(self.entity.clone(), self.project.clone())
    }

    /// The name with the alias, as the service takes both together.
    pub fn name_and_alias(&self) -> String {
        format!("{}:{}", self.name, self.alias)
    }

    /// Parses `entity/project/name:alias`, or the address of an artifact's page. Without an alias it is `latest`.
    ///
    /// ```
    /// use runlake_types::ArtifactPath;
    /// let path = ArtifactPath::parse("team/digits/model")?;
    /// assert_eq!(path, ArtifactPath::new("team", "digits", "model", "latest"));
    /// assert_eq!(path.to_string(), "team/digits/model:latest");
    /// # Ok::<(), runlake_types::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::ArtifactPath`] when a part is missing, empty or left over.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = || Error::from(ErrorKind::ArtifactPath { path: text.to_owned() });
        match parts(text).as_deref() {
            Some([entity, project, artifacts, _type, name, rest @ ..]) if is_url(text) && artifacts == "artifacts" => {
                Ok(Self::new(entity, project, name, rest.first().map_or(LATEST, String::as_str)))
            }
            Some([entity, project, name]) if !is_url(text) => match name.split_once(':') {
                None => Ok(Self::new(entity, project, name, LATEST)),
                Some((name, alias)) if !name.is_empty() && !alias.is_empty() && !alias.contains(':') => {
                    Ok(Self::new(entity, project, name, alias))
                }
                Some(_) => Err(invalid()),
            },
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}:{}", self.entity, self.project, self.name, self.alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_artifact_path() {
        for text in ["team/digits/model:v3", "/team/digits/model:v3", "https://wandb.ai/team/digits/artifacts/model/model/v3?x=1"] {
            assert_eq!(ArtifactPath::parse(text).unwrap(), ArtifactPath::new("team", "digits", "model", "v3"), "{text}");
        }
        assert_eq!(
            ArtifactPath::parse("https://h/team/digits/artifacts/dataset/my%20data").unwrap().to_string(),
            "team/digits/my data:latest"
        );
        for text in ["", "model:v3", "digits/model:v3", "team/digits/model:", "team/digits/:v3", "team/digits/a:b:c", "team/digits/a/b:v1"]
        {
            assert!(ArtifactPath::parse(text).is_err(), "{text}");
        }
    }
}
