//! The variables and folders that configure a client, taken once, so that the rest of the crate never asks the process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Every variable that this crate reads, with what it does. Proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) are read by the
/// HTTP library itself.
pub const VARIABLES: [(&str, &str); 8] = [
    (API_KEY, "the API key"),
    (BASE_URL, "the address of the server, https://api.wandb.ai by default"),
    (ENTITY, "the entity of paths that name none"),
    (PROJECT, "the project of paths that name none"),
    (CONFIG_DIR, "the folder of the user's settings file, ~/.config/wandb by default"),
    (NETRC, "the netrc file, ~/.netrc or ~/_netrc by default"),
    (SSL_CERT_FILE, "a PEM file of further root certificates"),
    (REQUESTS_CA_BUNDLE, "the same, when SSL_CERT_FILE is not set"),
];

pub(crate) const API_KEY: &str = "WANDB_API_KEY";
pub(crate) const BASE_URL: &str = "WANDB_BASE_URL";
pub(crate) const ENTITY: &str = "WANDB_ENTITY";
pub(crate) const PROJECT: &str = "WANDB_PROJECT";
pub(crate) const CONFIG_DIR: &str = "WANDB_CONFIG_DIR";
pub(crate) const NETRC: &str = "NETRC";
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
pub(crate) const REQUESTS_CA_BUNDLE: &str = "REQUESTS_CA_BUNDLE";

/// The process's surroundings, or ones made up for a test.
///
/// ```
/// use runlake_fetch::{Environment, Settings};
/// let environment = Environment::default().with_variable("WANDB_ENTITY", "team");
/// assert_eq!(Settings::load(&environment)?.entity.as_deref(), Some("team"));
/// # Ok::<(), runlake_fetch::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    working_directory: Option<PathBuf>,
}

impl Environment {
    /// The variables of [`VARIABLES`], the home folder and the working folder of this process. Values that are not Unicode are left out.
    pub fn from_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process's variables")]
        let variable = |(name, _): (&str, _)| std::env::var(name).ok().map(|value| (name.to_owned(), value));
        Self {
            variables: VARIABLES.into_iter().filter_map(variable).collect(),
            home: std::env::home_dir(),
            working_directory: std::env::current_dir().ok(),
        }
    }

    /// Adds or replaces a variable.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets the home folder.
    #[must_use]
    pub fn with_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// Sets the working folder.
    #[must_use]
    pub fn with_working_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(directory.into());
        self
    }

    /// A variable's value without white space around it; an empty one counts as unset, as in the official client.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The home folder.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The working folder.
    pub fn working_directory(&self) -> Option<&Path> {
        self.working_directory.as_deref()
    }

    /// The path that a variable holds, `~` resolved.
    pub(crate) fn path_variable(&self, name: &str) -> Option<PathBuf> {
        let text = self.variable(name)?;
        match (text.strip_prefix('~'), &self.home) {
            (Some(""), Some(home)) => Some(home.clone()),
            (Some(rest), Some(home)) if rest.starts_with(['/', '\\']) => Some(home.join(&rest[1..])),
            _ => Some(PathBuf::from(text)),
        }
    }
}

/// Names the variables that are set, never their values: one of them is the key.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("home", &self.home)
            .field("working_directory", &self.working_directory)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown_and_empty_ones_are_unset() {
        let environment = Environment::default().with_variable(API_KEY, "s3cret").with_variable(ENTITY, " ").with_home("/home/ada");
        let shown = format!("{environment:?}");
        assert!(shown.contains(API_KEY) && !shown.contains("s3cret"), "{shown}");
        assert_eq!(environment.variable(ENTITY), None);
        assert_eq!(environment.variable(API_KEY), Some("s3cret"));
    }

    #[test]
    fn tilde_is_the_home_folder() {
        let path = |text: &str| Environment::default().with_home("/home/ada").with_variable(NETRC, text).path_variable(NETRC);
        assert_eq!(path("~/keys"), Some(PathBuf::from("/home/ada/keys")));
        assert_eq!(path("/keys"), Some(PathBuf::from("/keys")));
        assert_eq!(path("~other/keys"), Some(PathBuf::from("~other/keys")));
    }
}
