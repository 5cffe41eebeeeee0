//! The jobs of the official SDK and of other engines: the scripts in `python`, in a virtual environment with the packages that the tests pin.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::backend::Backend;
use crate::outcome::Outcome;
use crate::server::KEY;

/// An interpreter that has the SDK.
#[derive(Clone, Debug)]
pub struct Python(PathBuf);

impl Python {
    /// The interpreter that is given, or that of an environment in `folder`, which is made when it is not there: that takes a minute and a
    /// package index.
    ///
    /// # Errors
    /// When there is no Python, or the packages cannot be installed.
    pub fn prepare(given: Option<PathBuf>, folder: &Path) -> anyhow::Result<Self> {
        if let Some(given) = given {
            return Ok(Self(given));
        }
        let requirements = crate_folder().join("../tests/python/requirements.txt");
        let mut hasher = DefaultHasher::new();
        fs_err::read_to_string(&requirements)?.hash(&mut hasher);
        let environment = folder.join(format!("python-{:016x}", hasher.finish()));
        let (interpreter, mark) = (environment.join("bin/python"), environment.join("filled"));
        if !mark.exists() {
            succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
            let mut pip = Command::new(&interpreter);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
            succeed(&mut pip)?;
            fs_err::write(mark, "")?;
        }
        Ok(Self(interpreter))
    }

    /// Does a job of a script in `python`, against a backend when there is one, with an empty home and cache.
    ///
    /// # Errors
    /// When the job fails.
    pub fn run(&self, script: &str, job: &[&str], backend: Option<&Backend>) -> anyhow::Result<Outcome> {
        let home = tempfile::tempdir()?;
        let mut command = Command::new(&self.0);
        command.arg(crate_folder().join("python").join(script)).args(job).current_dir(home.path());
        command.env("HOME", home.path()).env("WANDB_SILENT", "true").env("WANDB_ERROR_REPORTING", "false");
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("WANDB_CONSOLE", "off");
        for name in ["WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"] {
            let folder = home.path().join(name);
            fs_err::create_dir(&folder)?;
            command.env(name, folder);
        }
        if let Some(backend) = backend {
            command.env("WANDB_BASE_URL", backend.base_url()).env("WANDB_API_KEY", KEY);
        }
        Outcome::of_command(&mut command)
    }
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("start {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
