//! Disks that are full or may not be written, and several writers of one lake.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use runlake_lake::{Lake, Location};
use runlake_tests::absorbed::ALL_LIVE;
use runlake_tests::backend::Backend;
use runlake_tests::chance::Chance;
use runlake_tests::command::Runlake;
use runlake_tests::fault::{Fault, Requests, Rule, When};
use runlake_tests::fault_proxy::FaultProxy;
use runlake_tests::lake::{PROJECT, block_on, sample_lake, sample_log, small_lake, table_versions};
use runlake_tests::same_lake::{assert_same, assert_same_as_far, verify};
use runlake_tests::service::{Service, TEAM};

/// `call` in a process that `program` starts with `arguments` before it.
fn started_by(program: &str, arguments: &[&str], call: Runlake) -> Output {
    let (command, _home) = call.into_parts();
    let mut starter = Command::new(program);
    starter.args(arguments).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            starter.env(name, value);
        }
    }
    starter.stdin(Stdio::null()).output().unwrap()
}

/// Makes the call in a process that may write files of `kilobytes` at most, and is told so by an error as on a full disk.
///
/// A file system that is really full needs the right to mount one, which few test machines give. The limit of the process fails the same
/// calls with EFBIG in the place of ENOSPC, as long as the signal that comes with it is ignored.
fn with_little_room(kilobytes: u32, call: Runlake) -> Output {
    // POSIX counts the limit in blocks of 512 bytes.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kilobytes * 2);
    started_by("sh", &["-c", &script], call)
}

/// Fails unless a call failed for want of room, and said what to do.
fn assert_no_room(output: &Output, kilobytes: u32) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "with {kilobytes} kB: {words}");
    assert!(words.contains("error: ") && words.contains("File too large"), "with {kilobytes} kB: {words}");
    assert!(words.contains("hint: check that the disk has room"), "with {kilobytes} kB: {words}");
}

#[test]
fn a_full_disk_is_said_and_the_same_command_goes_on() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    for kilobytes in [0, 1, 4, 8, 16] {
        let lake = folder.path().join(format!("lake-{kilobytes}"));
        assert_no_room(&with_little_room(kilobytes, backend.call(["export", PROJECT, "--lake"]).arg(&lake)), kilobytes);
        if lake.join("runlake.json").exists() {
            assert_same_as_far(&source, &lake, PROJECT);
            verify(&lake);
        }
        backend.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
        assert_same(&source, &lake, PROJECT);
        verify(&lake);
    }
}

#[test]
fn a_disk_that_fills_while_a_lake_is_brought_up_to_date_leaves_it_as_it_was() {
    let service = Service::start();
    let mut chance = Chance::new(6);
    let mut losses = |rows: i64| (0..rows).map(|row| (row, chance.draw())).collect::<Vec<_>>();
    service.put("long", &losses(2_000), 10, "long");
    let lake = tempfile::tempdir().unwrap();
    service.export(lake.path());
    let before = table_versions(lake.path());
    service.put("long", &losses(30_000), 11, "long");
    for kilobytes in [2, 16, 64, 200] {
        assert_no_room(&with_little_room(kilobytes, service.backend.call(["export", TEAM, "--lake"]).arg(lake.path())), kilobytes);
        assert_eq!(table_versions(lake.path()), before);
        verify(lake.path());
    }
    service.export(lake.path());
}

/// Takes the right to write from, or gives it to, all folders below `folder`.
fn set_writable(folder: &Path, is_writable: bool) {
    fs_err::set_permissions(folder, std::fs::Permissions::from_mode(if is_writable { 0o755 } else { 0o555 })).unwrap();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_writable(&path, is_writable);
        }
    }
}

/// Makes the call without the right of an administrator to write where nobody may.
fn unprivileged(call: Runlake) -> Output {
    let is_administrator = tempfile::tempdir().unwrap().path().metadata().unwrap().uid() == 0;
    if is_administrator { started_by("setpriv", &["--bounding-set=-all", "--inh-caps=-all"], call) } else { started_by("env", &[], call) }
}

#[test]
fn a_lake_that_may_only_be_read() {
    let service = Service::start();
    let lake = tempfile::tempdir().unwrap();
    service.export(lake.path());
    set_writable(lake.path(), false);
    let export = || unprivileged(service.backend.call(["export", TEAM, "--lake"]).arg(lake.path()));
    let unchanged = export();
    assert!(unchanged.status.success(), "there is nothing to write: {}", String::from_utf8_lossy(&unchanged.stderr));
    assert!(unprivileged(Runlake::new(["verify", "--lake"]).arg(lake.path())).status.success());
    service.put("still", &[(0, 1.0), (1, 2.0)], 2, "still");
    let output = export();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("ermission denied") && words.contains("hint: "), "{words}");
    set_writable(lake.path(), true);
    service.export(lake.path());
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

#[test]
fn a_lake_that_several_make_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let make = |_| Lake::open_or_create(Location::folder(folder.path()).unwrap());
        let made = block_on(futures::future::join_all((0..6).map(make)));
        let made: Result<Vec<Lake>, _> = made.into_iter().collect();
        made.unwrap();
        verify(folder.path());
    }
}

#[test]
fn another_writer_that_commits_first_is_built_upon() {
    let source = small_lake();
    let backend = Backend::start_with(&source, ALL_LIVE);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    // Two commits to each table: of another project, and of a run that the export is about to write itself.
    let import = {
        let lake = lake.clone();
        move || {
            let call = Runlake::new(["import", "--lake"]).arg(&lake).arg(sample_log("gaps"));
            call.succeed();
            let call = Runlake::new(["import", "--project", "other", "--lake"]).arg(&lake).arg(sample_log("sparse"));
            call.succeed();
        }
    };
    let rules = vec![Rule::new(Requests::HistoryPages, When::Nth(2), Fault::Happening(Arc::new(import)))];
    let proxy = FaultProxy::start(&backend, rules);
    proxy.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
    assert_eq!(proxy.injected().len(), 1);
    assert_same(&source, &lake, PROJECT);
    verify(&lake);
    let info = Runlake::new(["info", "--format", "json", "--lake"]).arg(&lake).succeed().text();
    assert!(info.contains("\"other\""), "{info}");
}

/// Runs an export of each of `projects` at once.
fn export_at_once(source: &Path, projects: &[&str]) {
    let backend = Backend::start(source);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let start = |project: &&str| {
        let (mut command, home) = backend.call(["export", *project, "--lake"]).arg(&lake).into_parts();
        (command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(), home)
    };
    let exports: Vec<_> = projects.iter().map(start).collect();
    for (export, _home) in exports {
        let output = export.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for project in projects {
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
