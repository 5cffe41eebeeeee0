//! What the official client's settings files and variables say: the server, and the entity and project of short paths.
//!
//! Read as wandb 0.31.0 reads them
//! (<https://github.com/wandb/wandb/blob/main/wandb/sdk/lib/settings_file.py>): variables before `./.wandb/settings` (when that folder
//! exists) or `./wandb/settings`, before `$WANDB_CONFIG_DIR/settings` or `~/.config/wandb/settings`, each key on its own. Members that are
//! not used here may hold anything.

use std::path::{Path, PathBuf};

use crate::environment::{BASE_URL, CONFIG_DIR, ENTITY, Environment, PROJECT};
use crate::error::{Error, ErrorKind};

/// The server and the defaults of short paths, as far as they are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The address of the server.
    pub base_url: Option<String>,
    /// The entity of paths that name none.
    pub entity: Option<String>,
    /// The project of paths that name none.
    pub project: Option<String>,
}

impl Settings {
    /// Reads variables and files. Files that do not exist say nothing.
    ///
    /// # Errors
    /// [`ErrorKind::UnreadableFile`] when a settings file exists and cannot be read.
    pub fn load(environment: &Environment) -> Result<Self, Error> {
        Self::read(environment).map_err(|kind| Error::new("read the settings", 0, std::time::Duration::ZERO, kind))
    }

    pub(crate) fn read(environment: &Environment) -> Result<Self, ErrorKind> {
        let variable = |name| environment.variable(name).map(str::to_owned);
        let mut settings = Self { base_url: variable(BASE_URL), entity: variable(ENTITY), project: variable(PROJECT) };
        for path in [local_file(environment), global_file(environment)].into_iter().flatten() {
            match fs_err::read_to_string(&path) {
                Ok(text) => settings.fill(&text),
                Err(error) if is_absent(&error) => {}
                Err(source) => return Err(ErrorKind::UnreadableFile { what: "settings file", source }),
            }
        }
        Ok(settings)
    }

    /// Takes from an INI text's `[default]` section what is not set yet.
    fn fill(&mut self, text: &str) {
        let mut in_default = false;
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                in_default = section == "default";
                continue;
            }
            let Some((key, value)) = line.split_once(['=', ':']).filter(|_| in_default) else { continue };
            let slot = match key.trim().to_ascii_lowercase().as_str() {
                "base_url" => &mut self.base_url,
                "entity" => &mut self.entity,
                "project" => &mut self.project,
                _ => continue,
            };
            let value = value.trim();
            if slot.is_none() && !value.is_empty() {
                *slot = Some(value.to_owned());
            }
        }
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn local_file(environment: &Environment) -> Option<PathBuf> {
    let directory = environment.working_directory()?;
    let hidden = directory.join(".wandb");
    Some(if hidden.is_dir() { hidden } else { directory.join("wandb") }.join("settings"))
}

fn global_file(environment: &Environment) -> Option<PathBuf> {
    let directory = environment.path_variable(CONFIG_DIR).or_else(|| environment.home().map(|home| home.join(Path::new(".config/wandb"))));
    directory.map(|directory| directory.join("settings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: PathBuf, text: &str) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn variables_before_local_before_global() {
        let (home, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let environment = || Environment::default().with_home(home.path()).with_working_directory(work.path());
        let load = |environment: Environment| Settings::load(&environment).unwrap();
        assert_eq!(load(environment()), Settings::default());

        write(home.path().join(".config/wandb/settings"), "[default]\nbase_url = https://global\nentity = global\nproject = global\n");
        write(
            work.path().join("wandb/settings"),
            "[other]\nentity = wrong\n[default]\n# entity = comment\nentity: local\nmode = offline\n",
        );
        let settings = load(environment());
        assert_eq!(settings.base_url.as_deref(), Some("https://global"));
        assert_eq!(settings.entity.as_deref(), Some("local"));
        assert_eq!(settings.project.as_deref(), Some("global"));

        let settings = load(environment().with_variable(BASE_URL, "http://variable:1").with_variable(PROJECT, ""));
        assert_eq!(settings.base_url.as_deref(), Some("http://variable:1"));
        assert_eq!(settings.project.as_deref(), Some("global"));

        write(work.path().join(".wandb/settings"), "[default]\nentity = hidden\n");
        assert_eq!(load(environment()).entity.as_deref(), Some("hidden"));

        write(home.path().join("elsewhere/settings"), "[default]\nproject = moved\n");
        let settings = load(environment().with_variable(CONFIG_DIR, "~/elsewhere"));
        assert_eq!((settings.base_url, settings.project.as_deref()), (None, Some("moved")));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let work = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(work.path().join("wandb/settings")).unwrap();
        let error = Settings::load(&Environment::default().with_working_directory(work.path())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnreadableFile { .. }), "{error:?}");
    }
}
