//! Files of runs, end to end: uploaded and downloaded by the command, over a network that breaks off, with a backend that is killed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use insta::assert_snapshot;
use runlake_tests::backend::{Backend, KEY};
use runlake_tests::cutting_proxy::CuttingProxy;
use runlake_tests::lake::sample_lake;
use serde_json::Value;

const RUN: &str = "runlake/digits/records";

/// Many different bytes.
fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| u8::try_from((index * index / 251) % 256).unwrap()).collect()
}

fn names(backend: &Backend, more: &[&str]) -> Vec<String> {
    let call = more.iter().fold(backend.call(["run", "files", RUN, "--format", "ndjson"]), runlake_tests::command::Runlake::arg);
    let text = call.succeed().text();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].as_str().unwrap().to_owned()).collect()
}

/// Everything below a folder, hidden files among it.
fn left(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn files_go_up_and_come_down_the_same_and_survive_a_kill() {
    let (state, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::create_dir(local.path().join("plots")).unwrap();
    fs_err::write(local.path().join("plots/ä b.bin"), noise(3_000_000)).unwrap();
    fs_err::write(local.path().join("empty.txt"), "").unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    let upload = backend.call(["run", "upload", RUN, "plots/ä b.bin", "empty.txt", "--format", "csv"]).current_dir(local.path());
    let table = upload.succeed().text();
    assert_eq!(table.lines().map(|line| line.split(',').next().unwrap()).collect::<Vec<_>>(), ["name", "plots/ä b.bin", "empty.txt"]);
    drop(backend);

    let backend = Backend::start_on(&sample_lake(), state.path());
    assert_eq!(names(&backend, &["--pattern", "plots/%"]), ["plots/ä b.bin"]);
    let target = local.path().join("down");
    backend.call(["run", "download", RUN, "plots/ä b.bin", "empty.txt", "--root"]).arg(&target).succeed();
    assert_eq!(fs_err::read(target.join("plots/ä b.bin")).unwrap(), noise(3_000_000));
    assert_eq!(left(&target), ["empty.txt", "plots"]);

    let again = |more: &str| backend.call(["run", "download", RUN, "empty.txt", "--root"]).arg(&target).arg(more).run();
    fs_err::write(target.join("empty.txt"), "mine").unwrap();
    let refused = backend.call(["run", "download", RUN, "empty.txt", "--root"]).arg(&target).run();
    assert_snapshot!(refused.report(&[(target.to_str().unwrap(), "[TARGET]")]), @r"
    exit code 1
    --- stderr
    error: download a file failed
      caused by: `[TARGET]/empty.txt` exists already
    hint: replace it, keep it, or download into another folder
    ");
    assert_eq!(again("--exist-ok").code, Some(0));
    assert_eq!(fs_err::read_to_string(target.join("empty.txt")).unwrap(), "mine");
    assert_eq!(again("--replace").code, Some(0));
    assert_eq!(fs_err::read_to_string(target.join("empty.txt")).unwrap(), "");
    drop(backend);

    let backend = Backend::start_on(&sample_lake(), state.path());
    let before = names(&backend, &[]);
    assert_snapshot!(backend.call(["run", "delete-files", RUN, "empty.txt"]).run().report(&[]), @r"
    exit code 2
    --- stderr
    error: this destroys what cannot be brought back, and nobody is there to confirm it
    hint: say --yes when you are sure
    ");
    backend.call(["run", "delete-files", RUN, "empty.txt", "notes.txt", "--yes"]).succeed();
    drop(backend);
    let backend = Backend::start_on(&sample_lake(), state.path());
    let gone: Vec<String> = before.into_iter().filter(|name| !names(&backend, &[]).contains(name)).collect();
    assert_eq!(gone, ["empty.txt", "notes.txt"]);
}

#[test]
fn a_download_goes_on_where_the_network_broke_off() {
    let (state, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::write(local.path().join("large.bin"), noise(5_000_000)).unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    backend.call(["run", "upload", RUN, "large.bin"]).current_dir(local.path()).succeed();
    let proxy = CuttingProxy::start(&backend.base_url(), 1_000_000, 3);
    let target = local.path().join("down");
    let call = backend.call(["run", "download", RUN, "large.bin", "--root"]).arg(&target);
    // The addresses in the answers lead through the proxy too: they name the host that the request named.
    call.env("WANDB_BASE_URL", proxy.base_url()).succeed();
    assert_eq!(proxy.cuts_left(), 0);
    assert_eq!(fs_err::read(target.join("large.bin")).unwrap(), noise(5_000_000));
    assert_eq!(left(&target), ["large.bin"]);
}

#[test]
fn an_address_that_is_never_good_is_an_error_and_leaves_nothing() {
    let local = tempfile::tempdir().unwrap();
    let backend = Backend::start_with(&sample_lake(), &["--url-lifetime", "0"]);
    let target = local.path().join("down");
    let outcome = backend.call(["run", "download", RUN, "notes.txt", "--root"]).arg(&target).run();
    // It was asked for again, once.
    assert_eq!(outcome.code, Some(7), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("is no longer valid"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("signature=") && !outcome.stderr.contains(KEY), "{}", outcome.stderr);
    assert_eq!(left(&target), Vec::<String>::new());
}

#[test]
fn damaged_and_hostile_files_are_refused() {
    let (state, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::write(local.path().join("good.txt"), "what was uploaded").unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    backend.call(["run", "upload", RUN, "good.txt"]).current_dir(local.path()).succeed();
    // The disk of the backend forgets a bit.
    let blobs = state.path().join("blobs");
    let shelf = fs_err::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let blob = fs_err::read_dir(shelf).unwrap().next().unwrap().unwrap().path();
    fs_err::write(blob, "what was UPLOADED").unwrap();
    let target = local.path().join("down");
    let outcome = backend.call(["run", "download", RUN, "good.txt", "--root"]).arg(&target).run();
    assert_eq!(outcome.code, Some(7));
    assert!(outcome.stderr.contains("is not what it should be: expected"), "{}", outcome.stderr);
    assert_eq!(left(&target), Vec::<String>::new());

    // Uploads from outside of the root, and of what is no file.
    for (path, words) in
        [("../good.txt", "does not lie below"), ("missing.txt", "could not read a file to upload"), ("down", "is not a file")]
    {
        let outcome = backend.call(["run", "upload", RUN, path]).current_dir(local.path()).run();
        assert!(outcome.stderr.contains(words) && outcome.code != Some(0), "{path}: {}", outcome.stderr);
    }
    let outcome = backend.call(["run", "download", RUN, "no such file", "--root"]).arg(&target).run();
    assert_eq!(outcome.code, Some(4));
    assert!(outcome.stderr.contains("the run runlake/digits/records has no file `no such file`"), "{}", outcome.stderr);
}

#[test]
fn a_name_in_a_lake_that_leads_out_is_not_followed() {
    let lake = tempfile::tempdir().unwrap();
    let import = ["import", "--project", "digits", "--entity", "runlake", "--lake"];
    let import = runlake_tests::command::Runlake::new(import).arg(lake.path());
    import.arg(runlake_tests::lake::sample_log("records")).arg("--files").succeed();
    let files = lake.path().join("files/runlake/digits/records");
    fs_err::write(files.join("..\\out.txt"), "x").unwrap();
    fs_err::write(files.join("C:\\out.txt"), "x").unwrap();
    let backend = Backend::start(lake.path());
    let target = lake.path().join("down");
    for name in ["..\\out.txt", "C:\\out.txt"] {
        let outcome = backend.call(["run", "download", RUN, name, "--root"]).arg(&target).run();
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("is refused"), "{}", outcome.stderr);
    }
    assert!(!target.exists());
    assert_eq!(fs_err::read_dir(lake.path()).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() == "out.txt").count(), 0);
}

#[test]
fn an_upload_that_the_backend_did_not_live_through_leaves_nothing() {
    let state = tempfile::tempdir().unwrap();
    let backend = Backend::start_on(&sample_lake(), state.path());
    let before = names(&backend, &[]);
    let address = backend.base_url().trim_start_matches("http://").to_owned();
    // The key is as good as a signature.
    let key = base64_of(&format!("api:{KEY}"));
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "PUT /files/{RUN}/half.bin HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {key}\r\nContent-Length: 1000000\r\n\r\n"
    )
    .unwrap();
    stream.write_all(&noise(500_000)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    drop(backend);
    let mut answer = Vec::new();
    // Whatever comes, it is no success.
    let _cut = stream.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    let backend = Backend::start_on(&sample_lake(), state.path());
    assert_eq!(names(&backend, &[]), before);
}

/// Base64 without padding problems of its own: the key's length is known.
fn base64_of(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = LETTERS[usize::try_from(bits >> (18 - 6 * index) & 63).unwrap()];
            out.push(if index <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}
