//! Python with the official SDK and other readers of lakes, and the scripts in `tests/python`.
//!
//! The packages stand in `tests/python/requirements.txt`. They are installed once, in the target folder, which takes a minute and a
//! package index; afterwards no network is needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest as _, Sha256};

use crate::backend::{Backend, KEY};
use crate::command::clean_command;
use crate::shared::{shared_folder, workspace_folder};

/// The folder of scripts.
pub(crate) fn scripts() -> PathBuf {
    workspace_folder().join("tests/python")
}

/// The interpreter of the virtual environment that the scripts run in.
pub fn python() -> PathBuf {
    interpreter(&environment("python", "requirements.txt"))
}

/// A program that comes with the packages of another file of requirements, in a virtual environment of its own.
pub fn program(requirements: &str, name: &str) -> PathBuf {
    environment(requirements.trim_end_matches(".txt"), requirements).join("bin").join(name)
}

/// The virtual environment with the packages of a file of requirements.
fn environment(name: &str, requirements: &str) -> PathBuf {
    let requirements = scripts().join(requirements);
    let text = fs_err::read(&requirements).expect("the requirements lie beside the scripts");
    let digest = format!("{:x}", Sha256::digest(text));
    let digest = &digest[..12];
    shared_folder(&format!("{name}-{digest}"), digest, |folder| {
        run_or_explain(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let mut pip = Command::new(interpreter(folder));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
        run_or_explain(&mut pip);
    })
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}

fn run_or_explain(command: &mut Command) {
    let advice = "these tests drive the official SDK: they need `python3` (3.11) with venv and pip, and a package index for the first time";
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}; {advice}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed; {advice}\n{words}");
}

/// Runs a script of `tests/python` and expects that all its checks pass. With a backend, the SDK in it reads from there.
pub fn pass_checks(script: &str, arguments: &[&str], backend: Option<&Backend>) {
    let output = call(script, arguments, backend);
    let table = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    let log = backend.map(Backend::log).unwrap_or_default();
    let passed = output.status.success() && table.trim_end().ends_with("checks passed");
    assert!(passed, "{script} {arguments:?} ended with {}\n{table}\nstderr:\n{words}\nthe backend's log:\n{log}", output.status);
}

/// What a script of `tests/python` prints while the SDK in it talks to `backend`. It must end well.
pub fn printed(script: &str, arguments: &[&str], backend: &Backend) -> String {
    let output = call(script, arguments, Some(backend));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{script} {arguments:?} ended with {}\nstderr:\n{words}\nthe backend's log:\n{}",
        output.status,
        backend.log()
    );
    String::from_utf8(output.stdout).expect("scripts print UTF-8")
}

/// Runs a script of `tests/python` in a clean environment.
fn call(script: &str, arguments: &[&str], backend: Option<&Backend>) -> Output {
    let home = tempfile::tempdir().expect("the temporary folder is writable");
    let mut command = clean_command(&python(), home.path());
    command.arg(scripts().join(script)).args(arguments);
    // The checkout stays clean, and the SDK says and sends nothing of its own accord.
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("WANDB_SILENT", "true")
        .env("WANDB_ERROR_REPORTING", "false");
    for (name, folder) in [("WANDB_CACHE_DIR", "cache"), ("WANDB_CONFIG_DIR", "config"), ("WANDB_DATA_DIR", "data"), ("TMPDIR", "tmp")] {
        let folder = home.path().join(folder);
        fs_err::create_dir(&folder).expect("the temporary folder is writable");
        command.env(name, folder);
    }
    if let Some(backend) = backend {
        command.env("WANDB_BASE_URL", backend.base_url()).env("WANDB_API_KEY", KEY);
    }
    command.output().expect("the interpreter starts")
}
