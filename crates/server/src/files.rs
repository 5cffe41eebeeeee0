//! A run's files: which of them a listing names, and what a listing says of each.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use runlake_types::RunPath;

use crate::cursor::{Cursor, listing_digest};
use crate::signing::encode_segment;
use crate::{Error, ErrorKind, SourceFile};

/// A page of a run's files.
#[derive(Debug)]
pub(crate) struct FilePage {
    pub(crate) files: Vec<(SourceFile, String)>,
    pub(crate) has_next: bool,
}

/// The first `first` files behind the cursor `after`, by name, that are among `names` (unless there are none) and match `pattern`.
pub(crate) fn page(
    mut files: Vec<SourceFile>,
    run: &RunPath,
    names: &[String],
    pattern: Option<&str>,
    first: usize,
    after: Option<&str>,
) -> Result<FilePage, Error> {
    let digest = listing_digest(&["files", &run.to_string(), &names.join("\n"), pattern.unwrap_or("%")]);
    let after = after.map(|after| Cursor::parse(after, &digest)).transpose()?;
    files.retain(|file| names.is_empty() || names.contains(&file.name));
    files.retain(|file| pattern.is_none_or(|pattern| is_like(&file.name, pattern)));
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let start = after.map_or(0, |after| files.partition_point(|file| file.name <= after.key));
    let has_next = files.len() - start > first;
    let with_cursor = |(index, file): (usize, SourceFile)| {
        let cursor = Cursor::new(&digest, &file.name, index).to_text();
        (file, cursor)
    };
    Ok(FilePage { files: files.into_iter().enumerate().skip(start).take(first).map(with_cursor).collect(), has_next })
}

/// The longest name of a file, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Refuses names that could not be told from a path out of a folder, by this backend or by whoever downloads the file.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let fault = if name.is_empty() {
        "is empty"
    } else if name.len() > MAX_NAME_BYTES {
        "is too long"
    } else if name.starts_with(['/', '\\']) || name.get(1..).is_some_and(|rest| rest.starts_with(":\\") || rest.starts_with(":/")) {
        "is absolute"
    } else if name.chars().any(char::is_control) {
        "has control characters"
    } else if name.split(['/', '\\']).any(|part| matches!(part, "" | "." | "..")) {
        "has an empty part, `.` or `..`"
    } else {
        return Ok(());
    };
    let name: String = name.chars().take(100).collect();
    Err(ErrorKind::Invalid { message: format!("the name of the file `{}` {fault}", name.escape_debug()) }.into())
}

/// The storage id of a file of a run.
pub(crate) fn storage_id(run: &RunPath, name: &str) -> String {
    BASE64_STANDARD.encode(format!("File:{run}/{name}"))
}

/// The run and the name in a storage id of a file.
pub(crate) fn parse_storage_id(id: &str) -> Option<(RunPath, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(id).ok()?).ok()?;
    let mut parts = text.strip_prefix("File:")?.splitn(4, '/');
    let run = RunPath::new(parts.next()?, parts.next()?, parts.next()?);
    Some((run, parts.next()?.to_owned()))
}

/// SQL's LIKE: `%` is any text, `_` any character, and a backslash takes the next character as it is.
fn is_like(text: &str, pattern: &str) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum Part {
        AnyText,
        AnyCharacter,
        Literal(char),
    }
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => Part::AnyText,
            '_' => Part::AnyCharacter,
            '\\' => Part::Literal(characters.next().unwrap_or('\\')),
            other => Part::Literal(other),
        });
    }
    // reachable[n]: the text so far matches the first n parts.
    let mut reachable = vec![false; parts.len() + 1];
    let pass_over = |reachable: &mut Vec<bool>| {
        for (index, part) in parts.iter().enumerate() {
            reachable[index + 1] |= reachable[index] && *part == Part::AnyText;
        }
    };
    reachable[0] = true;
    pass_over(&mut reachable);
    for character in text.chars() {
        let mut next = vec![false; reachable.len()];
        for (index, part) in parts.iter().enumerate().filter(|(index, _)| reachable[*index]) {
            match part {
                Part::AnyText => next[index] = true,
                Part::AnyCharacter => next[index + 1] = true,
                Part::Literal(literal) => next[index + 1] |= *literal == character,
            }
        }
        pass_over(&mut next);
        reachable = next;
    }
    reachable[parts.len()]
}

/// The path under which a file is served, percent-encoded.
pub(crate) fn url_path(run: &RunPath, name: &str) -> String {
    let RunPath { entity, project, run_id } = run;
    let segments = [entity.as_str(), project, run_id].into_iter().chain(name.split('/')).map(encode_segment);
    format!("/files/{}", segments.collect::<Vec<_>>().join("/"))
}

/// What a file holds, by its name.
pub(crate) fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "json" => "application/json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "yaml" | "yml" => "application/yaml",
        "txt" | "log" | "py" | "patch" | "diff" | "md" => "text/plain; charset=utf-8",
        "csv" => "text/csv",
        "html" => "text/html; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "gz" => "application/gzip",
        "zip" => "application/zip",
        "parquet" => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    }
}

/// MD5 digests of files, computed when asked for and remembered while size and time of the file stay.
#[derive(Debug, Default)]
pub(crate) struct Digests(Mutex<HashMap<(PathBuf, u64, i64), String>>);

/// Larger files have no digest: reading one takes longer than a client waits for a listing.
const MAX_DIGEST_BYTES: u64 = 64 << 20;

/// How many digests are remembered.
const MAX_DIGESTS: usize = 10_000;

impl Digests {
    /// The base64 of the MD5 digest, as the service writes it; `None` for a large file. Blocks.
    pub(crate) fn md5(&self, file: &SourceFile) -> Result<Option<String>, Error> {
        if file.md5.is_some() {
            return Ok(file.md5.clone());
        }
        if file.size_bytes > MAX_DIGEST_BYTES {
            return Ok(None);
        }
        let key = (file.path.clone(), file.size_bytes, file.modified_at.micros());
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(known.clone()));
        }
        let digest = md5_of(&file.path).map_err(Error::io("read a file of a run"))?;
        let mut digests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if digests.len() >= MAX_DIGESTS {
            digests.clear();
        }
        digests.insert(key, digest.clone());
        Ok(Some(digest))
    }
}

fn md5_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(BASE64_STANDARD.encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use runlake_types::Timestamp;

    use super::*;

    fn file(name: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), size_bytes: 5, modified_at: Timestamp::from_micros(0), path: PathBuf::new(), md5: None }
    }

    #[test]
    fn like_is_sqls() {
        for (text, pattern, expected) in [
            ("config.yaml", "%.yaml", true),
            ("config.yaml", "%", true),
            ("config.yaml", "config", false),
            ("config.yaml", "c_nfig.yaml", true),
            ("a_b", r"a\_b", true),
            ("axb", r"a\_b", false),
            ("media/images/x.png", "media/%.png", true),
            ("aab", "%ab", true),
            ("", "%%", true),
            ("", "_", false),
            ("ü", "_", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["a.txt", "media/a b.png", "ünï/code", "..a", "a:b"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\\..\\b", "\\a", "C:\\a", "c:/a", "a\0", "a\nb", &"n".repeat(5000)]
        {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        let run = RunPath::new("e", "p", "r");
        assert_eq!(parse_storage_id(&storage_id(&run, "a/b/c")), Some((run, "a/b/c".to_owned())));
        assert_eq!(parse_storage_id("File"), None);
    }

    #[test]
    fn pages_of_files() {
        let run = RunPath::new("e", "p", "r");
        let files = || ["c.json", "a.json", "d.txt", "b.json"].map(file).to_vec();
        let names = |page: &FilePage| page.files.iter().map(|(file, _)| file.name.clone()).collect::<Vec<_>>();
        let first = page(files(), &run, &[], Some("%.json"), 2, None).unwrap();
        assert_eq!((names(&first), first.has_next), (vec!["a.json".to_owned(), "b.json".to_owned()], true));
        let second = page(files(), &run, &[], Some("%.json"), 2, Some(&first.files[1].1)).unwrap();
        assert_eq!((names(&second), second.has_next), (vec!["c.json".to_owned()], false));
        assert!(page(files(), &run, &[], None, 2, Some(&first.files[1].1)).is_err());
        assert_eq!(names(&page(files(), &run, &["d.txt".to_owned()], None, 9, None).unwrap()), ["d.txt"]);
        assert_eq!(url_path(&run, "media/a b.png"), "/files/e/p/r/media/a%20b.png");
    }

    #[test]
    fn digests_are_base64_of_md5() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "hello").unwrap();
        let file = SourceFile { path: path.clone(), ..file("x") };
        let digests = Digests::default();
        assert_eq!(digests.md5(&file).unwrap().as_deref(), Some("XUFAKrxLKna5cZ2REBfFkg=="));
        std::fs::remove_file(path).unwrap();
        assert!(digests.md5(&file).unwrap().is_some(), "remembered");
        assert_eq!(digests.md5(&SourceFile { size_bytes: 1 << 30, ..file }).unwrap(), None);
    }
}
