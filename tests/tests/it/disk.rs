//! Disks that are full or may not be written, and two exporters of one lake.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use runlake_tests::backend::Backend;
use runlake_tests::lake::{PROJECT, sample_lake, small_lake};
use runlake_tests::same_lake::{assert_same, assert_same_as_far, verify};

/// Exports in a process that may write files of `kilobytes` at most, and is told so by an error as on a full disk.
///
/// A file system that is really full needs the right to mount one, which few test machines give. The limit of the process fails the same
/// calls with EFBIG in the place of ENOSPC, as long as the signal that comes with it is ignored.
fn export_with_little_room(backend: &Backend, lake: &Path, kilobytes: u32) -> Output {
    let (command, _home) = backend.call(["export", PROJECT, "--lake"]).arg(lake).into_parts();
    // POSIX counts the limit in blocks of 512 bytes.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kilobytes * 2);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_full_disk_is_said_and_the_same_command_goes_on() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    for kilobytes in [0, 1, 4, 8, 16] {
        let lake = folder.path().join(format!("lake-{kilobytes}"));
        let output = export_with_little_room(&backend, &lake, kilobytes);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "with {kilobytes} kB: {words}");
        assert!(words.contains("error: ") && words.contains("File too large"), "with {kilobytes} kB: {words}");
        if lake.join("runlake.json").exists() {
            assert_same_as_far(&source, &lake, PROJECT);
        }
        backend.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
        assert_same(&source, &lake, PROJECT);
        verify(&lake);
    }
}

#[test]
fn a_lake_that_cannot_be_made_is_said() {
    let backend = Backend::start(&small_lake());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs_err::write(&file, "not a folder").unwrap();
    // Both fail for every user, root too.
    for lake in [file.join("lake").as_path(), Path::new("/proc/lake")] {
        let outcome = backend.call(["export", PROJECT, "--lake"]).arg(lake).run();
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("caused by: "), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(&lake.display().to_string()), "{}", outcome.stderr);
    }
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_lake_as_it_was() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path();
    backend.call(["export", PROJECT, "--filters", r#"{"name": "gaps"}"#, "--lake"]).arg(lake).succeed();
    let (rows, away) = (lake.join("histories/entity=runlake"), lake.join("away"));
    fs_err::rename(&rows, &away).unwrap();
    fs_err::write(&rows, "a file where a folder should be").unwrap();
    let outcome = backend.call(["export", PROJECT, "--lake"]).arg(lake).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    fs_err::remove_file(&rows).unwrap();
    fs_err::rename(&away, &rows).unwrap();
    assert_same_as_far(&source, lake, PROJECT);
    backend.call(["export", PROJECT, "--lake"]).arg(lake).succeed();
    assert_same(&source, lake, PROJECT);
    verify(lake);
}

/// Runs an export of each of `projects` at once, and completes the lake.
fn export_at_once(source: &Path, projects: &[&str]) {
    let backend = Backend::start(source);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let start = |project: &&str| {
        let (mut command, home) = backend.call(["export", *project, "--lake"]).arg(&lake).into_parts();
        (command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(), home)
    };
    let exports: Vec<_> = projects.iter().map(start).collect();
    let mut complete = Vec::new();
    for ((export, _home), project) in exports.into_iter().zip(projects) {
        let output = export.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        let is_conflict = words.contains("another writer") && words.contains("hint: nothing was lost: run the same command again");
        assert!(output.status.code() == Some(0) || is_conflict, "{:?}: {words}", output.status);
        complete.extend((output.status.code() == Some(0)).then_some(project));
    }
    // Who says that all is done has done it, whatever the others did.
    for project in complete {
        assert_same(source, &lake, project);
    }
    verify(&lake);
    for project in projects {
        backend.call(["export", project, "--lake"]).arg(&lake).succeed();
        assert_same(source, &lake, project);
    }
    verify(&lake);
}

#[test]
fn two_exporters_of_one_project() {
    let source = small_lake();
    for _ in 0..2 {
        export_at_once(&source, &[PROJECT, PROJECT]);
    }
}

#[test]
fn exporters_of_different_projects() {
    let source = sample_lake();
    for _ in 0..3 {
        export_at_once(&source, &["local/digits", "my team/größe 1", "runlake/live"]);
    }
}
