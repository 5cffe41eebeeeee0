//! The `runlake` binary, built from this checkout in the profile of the test itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::shared::{shared_folder, target_folder, workspace_folder};

/// The binary. It is built when it is not fresh, once per run of nextest, or else once per process.
pub fn runlake() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        // nextest starts a process for each test, and names the run that they belong to (https://nexte.st/docs/configuration/env-vars/).
        let Some(run) = std::env::var_os("NEXTEST_RUN_ID") else { return build() };
        let write = |folder: &Path| fs_err::write(folder.join("path"), build().to_str().expect("the target folder has a name in UTF-8"));
        let folder = shared_folder("binary", &run.to_string_lossy(), |folder| write(folder).expect("the target folder is writable"));
        PathBuf::from(fs_err::read_to_string(folder.join("path")).expect("it was just written"))
    })
}

/// Builds the binary and asks cargo where it is.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What cargo says of this test to itself is not for the build of another package: the build script of `ring` runs again whenever one
    // of these variables changes, and all that stands on it is compiled again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    // The whole workspace, as the test runner builds it: another selection of packages would mean other features of the dependencies, and
    // minutes of compiling them again.
    command.args(["build", "--workspace", "--all-targets", "--message-format", "json-render-diagnostics"]);
    command.args(["--profile", &profile()]).arg("--target-dir").arg(target_folder());
    let output = command.current_dir(workspace_folder()).stderr(Stdio::inherit()).output().expect("cargo starts");
    assert!(output.status.success(), "`cargo build --workspace --all-targets` failed; see its words above");
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = |line: &str| {
        let message = serde_json::from_str::<serde_json::Value>(line).ok()?;
        let is_command =
            message["target"]["name"] == "runlake" && message["target"]["kind"][0] == "bin" && message["profile"]["test"] == false;
        message["executable"].as_str().filter(|_| is_command).map(PathBuf::from)
    };
    messages.lines().filter_map(executable).next_back().expect("cargo names the binary that it built")
}

/// The profile of this test, from the folder that it lies in: `TARGET/debug/deps/it-…`.
fn profile() -> String {
    let test = std::env::current_exe().expect("a process knows its own program");
    let folder = test.parent().and_then(Path::parent).and_then(Path::file_name).map_or("debug".into(), |name| name.to_string_lossy());
    if folder == "debug" { "dev".to_owned() } else { folder.into_owned() }
}
