//! Artifacts, end to end: logged, found, used, downloaded and deleted by the command, with a backend that is killed in between.

use std::path::Path;

use insta::assert_snapshot;
use runlake_tests::backend::Backend;
use runlake_tests::lake::sample_lake;
use serde_json::{Value, json};

const RUN: &str = "runlake/digits/records";
const ARTIFACT: &str = "runlake/digits/weights";

fn log(backend: &Backend, folder: &Path, more: &[&str]) -> Value {
    let call = backend.call(["run", "log-artifact", RUN, "--name", "weights", "--type", "model", "--format", "json"]).arg(folder);
    let call = more.iter().fold(call, runlake_tests::command::Runlake::arg);
    serde_json::from_str(&call.succeed().text()).unwrap()
}

fn lines(backend: &Backend, arguments: &[&str]) -> Vec<Value> {
    let text = backend.call(arguments.iter().chain(&["--format", "ndjson"])).succeed().text();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many contents the backend keeps.
fn blobs(state: &Path) -> usize {
    let shelves = fs_err::read_dir(state.join("blobs")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    shelves.map(|shelf| fs_err::read_dir(shelf).unwrap().count()).sum()
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), fs_err::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn versions_are_logged_once_and_survive_a_kill() {
    let (state, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::create_dir(local.path().join("sub")).unwrap();
    fs_err::write(local.path().join("a.txt"), "hello").unwrap();
    fs_err::write(local.path().join("sub/b.bin"), vec![7; 100_000]).unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    let first = log(&backend, local.path(), &["--alias", "best", "--tag", "small", "--reference", "raw=s3://bucket/raw"]);
    assert_eq!((&first["version"], &first["aliases"], &first["tags"]), (&json!("v0"), &json!(["best", "latest"]), &json!(["small"])));
    assert_eq!((&first["size_bytes"], &first["file_count"]), (&json!(100_005), &json!(3)));
    let kept = blobs(state.path());
    // The same contents make no new version, and nothing is uploaded again.
    let again = log(&backend, local.path(), &["--alias", "again", "--reference", "raw=s3://bucket/raw"]);
    assert_eq!((&again["version"], blobs(state.path())), (&json!("v0"), kept));
    drop(backend);

    let backend = Backend::start_on(&sample_lake(), state.path());
    fs_err::write(local.path().join("a.txt"), "hello again").unwrap();
    let second = log(&backend, local.path(), &[]);
    assert_eq!((&second["version"], &second["aliases"]), (&json!("v1"), &json!(["latest"])));
    // One new file and one manifest: the other file was there.
    assert_eq!(blobs(state.path()), kept + 2);
    drop(backend);

    let backend = Backend::start_on(&sample_lake(), state.path());
    let versions: Vec<Value> = lines(&backend, &["artifact", "versions", ARTIFACT]).into_iter().map(|line| line["path"].clone()).collect();
    assert_eq!(versions, ["runlake/digits/weights:v1", "runlake/digits/weights:v0"]);
    let target = local.path().join("down");
    let download = backend.call(["run", "use-artifact", "runlake/digits/media", "runlake/digits/weights:best", "--download"]).arg(&target);
    assert_snapshot!(download.succeed().stderr.replace(target.to_str().unwrap(), "[TARGET]"), @r"
    runlake/digits/weights:v0: 2 files in [TARGET], 0 of them were there
    raw refers to s3://bucket/raw, which is not downloaded
    ");
    assert_eq!(contents(&target), [("a.txt".to_owned(), b"hello".to_vec()), ("sub/b.bin".to_owned(), vec![7; 100_000])]);
    // Another version into the same folder replaces what differs, and only that.
    let download = backend.call(["artifact", "download", ARTIFACT, "--root"]).arg(&target).succeed();
    assert!(download.stderr.contains("2 files in") && download.stderr.contains("1 of them were there"), "{}", download.stderr);
    assert_eq!(contents(&target)[0].1, b"hello again");
    let of = |run: &str, more: &[&str]| {
        let arguments: Vec<&str> = ["run", "artifacts", run].into_iter().chain(more.iter().copied()).collect();
        lines(&backend, &arguments).into_iter().map(|line| line["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("runlake/digits/media", &["--used"]), ["runlake/digits/weights:v0"]);
    assert_eq!(of(RUN, &[]), ["runlake/digits/weights:v0", "runlake/digits/weights:v1"]);

    let outcome = backend.call(["artifact", "delete", "runlake/digits/weights:v0", "--yes"]).run();
    assert!(outcome.stderr.contains("the artifact has aliases (again, best)"), "{}", outcome.stderr);
    backend.call(["artifact", "delete", "runlake/digits/weights:v0", "--with-aliases", "--yes"]).succeed();
    drop(backend);
    let backend = Backend::start_on(&sample_lake(), state.path());
    assert_snapshot!(backend.call(["artifact", "show", "runlake/digits/weights:best"]).run().report(&[]), @r"
    exit code 4
    --- stderr
    error: find the artifact failed
      caused by: there is no artifact runlake/digits/weights:best
    hint: check the spelling: an artifact is ENTITY/PROJECT/NAME:ALIAS, where ALIAS is `latest`, a version such as `v3`, or an alias
    ");
    // What the other version has too is there still.
    backend.call(["artifact", "download", ARTIFACT, "--root"]).arg(local.path().join("rest")).succeed();
    assert_eq!(contents(&local.path().join("rest")).len(), 2);
}

#[test]
fn damaged_contents_are_refused_and_nothing_is_left() {
    let (state, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::write(local.path().join("a.txt"), "what was uploaded").unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    log(&backend, local.path(), &[]);
    let shelves = fs_err::read_dir(state.path().join("blobs")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    for blob in shelves.flat_map(|shelf| fs_err::read_dir(shelf).unwrap()).map(|entry| entry.unwrap().path()) {
        if fs_err::read(&blob).unwrap() == b"what was uploaded" {
            fs_err::write(blob, "what was UPLOADED").unwrap();
        }
    }
    let target = local.path().join("down");
    let outcome = backend.call(["artifact", "download", ARTIFACT, "--root"]).arg(&target).run();
    assert_eq!(outcome.code, Some(7));
    assert!(outcome.stderr.contains("the file `a.txt` of runlake/digits/weights:v0 is not what it should be"), "{}", outcome.stderr);
    assert_eq!(contents(&target), []);
}

#[test]
fn what_cannot_be_logged_is_refused() {
    let (state, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::write(local.path().join("a.txt"), "x").unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    let file = local.path().join("a.txt");
    let refuse = |arguments: &[&str], words: &str| {
        let call = backend.call(["run", "log-artifact", RUN]);
        let outcome = arguments.iter().fold(call, runlake_tests::command::Runlake::arg).run();
        assert!(outcome.stderr.contains(words) && outcome.code != Some(0), "{arguments:?}: {}", outcome.stderr);
    };
    let path = file.to_str().unwrap();
    refuse(&[path, "--name", "a/b", "--type", "model"], "the name of an artifact cannot hold `/` or `:`");
    refuse(&[path, "--name", "a", "--type", "wandb-history"], "is kept for the service's own artifacts");
    refuse(&[path, "--name", "a", "--type", "model", "--alias", "v3"], "`v3` cannot be an alias");
    refuse(&[path, "--name", "a", "--type", "model", "--tag", "a/b"], "`a/b` cannot be a tag");
    refuse(&[path, "--name", "a", "--type", "model", "--metadata", "[1]"], "the metadata is not a JSON object");
    refuse(&["/nowhere", "--name", "a", "--type", "model"], "could not read a file of the artifact");
    refuse(&["--name", "a", "--type", "model", "--reference", "../x=s3://bucket/x"], "is not a path inside an artifact");
    refuse(&["--existing", "runlake/digits/none:v0"], "there is no artifact runlake/digits/none:v0");
    assert_eq!(lines(&backend, &["run", "artifacts", RUN]), Vec::<Value>::new());
    let backend = Backend::start_with(&sample_lake(), &["--read-only"]);
    let outcome = backend.call(["run", "log-artifact", RUN, path, "--name", "a", "--type", "model"]).run();
    assert_eq!(outcome.code, Some(3));
    assert!(outcome.stderr.contains("permission denied: this server was started read-only"), "{}", outcome.stderr);
}
