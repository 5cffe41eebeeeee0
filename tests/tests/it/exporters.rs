//! Tools of others that export projects through the official SDK run unmodified against the backend, and what they export agrees with the
//! lake. Each is installed into an environment of its own.

use std::path::{Path, PathBuf};

use runlake_tests::backend::{Backend, KEY};
use runlake_tests::command::{Runlake, clean_command};
use runlake_tests::lake::{sample_log, sample_logs};
use runlake_tests::python::{pass_checks, program};

/// A backend whose run `records` has logged an artifact, the lake that it serves, and the folder that a tool writes to.
struct Stage {
    backend: Backend,
    lake: PathBuf,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        // The official SDK reads a history in windows of steps, those between the rows too. The few rows of this run are so far apart that
        // it would ask some ten million times.
        let unreadable = sample_log("sparse");
        let logs =
            fs_err::read_dir(sample_logs()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir() && *path != unreadable);
        let import = Runlake::new(["import", "--files", "--lake"]).arg(&lake);
        logs.fold(import, Runlake::arg).succeed();
        // Live pages have each value as it was logged; an export has columns of mixed types as JSON text, which these tools take for texts.
        let stage = Self { backend: Backend::start_with(&lake, &["--exports", "never"]), lake, folder };
        let file = stage.folder.path().join("a.txt");
        fs_err::write(&file, "hello").unwrap();
        let log = stage.backend.call(["run", "log-artifact", "runlake/digits/records", "--name", "weights", "--type", "model"]);
        log.arg(&file).succeed();
        stage
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("output")
    }

    /// Runs a tool to its end, which must be a good one.
    fn run(&self, tool: &Path, arguments: &[&str]) {
        let home = self.folder.path().join("home");
        for folder in [home.clone(), self.output()] {
            fs_err::create_dir_all(folder).unwrap();
        }
        let mut command = clean_command(tool, &home);
        command.args(arguments).env("WANDB_BASE_URL", self.backend.base_url()).env("WANDB_API_KEY", KEY);
        command.env("WANDB_SILENT", "true").env("WANDB_ERROR_REPORTING", "false").env("PYTHONIOENCODING", "utf-8");
        let output = command.output().unwrap();
        let (words, log) = (String::from_utf8_lossy(&output.stderr), self.backend.log());
        let table = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{} ended with {}\n{table}\n{words}\nthe backend's log:\n{log}", tool.display(), output.status);
    }

    fn check(&self, tool: &str) {
        pass_checks("exporters.py", &[tool, self.output().to_str().unwrap(), self.lake.to_str().unwrap()], None);
    }
}

#[test]
fn pluto_exports_a_project() {
    let stage = Stage::new();
    let (tool, output) = (program("requirements-pluto.txt", "pluto"), stage.output());
    let arguments = ["migrate", "wandb", "export", "--entity", "runlake", "--project", "digits", "--output", output.to_str().unwrap()];
    stage.run(&tool, &arguments);
    stage.check("pluto");
}

#[test]
fn wandb_to_mlflow_migrates_a_project() {
    let stage = Stage::new();
    let tool = program("requirements-mlflow.txt", "wandb-to-mlflow");
    let (database, artifacts) = (stage.output().join("mlflow.db"), stage.output().join("artifacts"));
    let database = format!("sqlite:///{}", database.display());
    let options = ["--files", "true", "--artifacts", "true", "--system-metrics", "true", "--tracking-uri", &database];
    let place = ["migrate", "--entity", "runlake", "--project", "digits", "--artifact-root", artifacts.to_str().unwrap()];
    stage.run(&tool, &[&place[..], &options[..]].concat());
    stage.check("mlflow");
    // The tool holds both sides against each other by itself, too.
    let verify = ["verify", "--experiment", "digits", "--entity", "runlake", "--project", "digits"];
    stage.run(&tool, &[&verify[..], &options[..]].concat());
}
