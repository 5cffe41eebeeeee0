//! Where a name that a server gave lies below a folder of ours: never outside of it, whatever the name.

use std::path::{Path, PathBuf};

use crate::error::ErrorKind;

/// The longest part of a name that the usual file systems take, in bytes.
const LONGEST_PART: usize = 255;
/// The longest path that Linux takes, in bytes (`PATH_MAX`).
const LONGEST_NAME: usize = 4096;
/// Names that Windows keeps for devices, with any extension
/// (<https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>).
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// The path of `name` below `root`. Folders that exist on the way must be folders, not links to some.
pub(crate) fn path_below(root: &Path, name: &str) -> Result<PathBuf, ErrorKind> {
    let refused = |reason| ErrorKind::UnsafeName { name: name.to_owned(), reason };
    let parts = safe_parts(name, cfg!(windows)).map_err(refused)?;
    let mut path = root.to_owned();
    for (index, part) in parts.iter().enumerate() {
        path.push(part);
        let is_folder = index + 1 < parts.len();
        match path.symlink_metadata() {
            Ok(found) if is_folder && found.is_symlink() => return Err(refused("a folder on its way is a link")),
            Ok(found) if is_folder && !found.is_dir() => return Err(refused("a folder on its way is a file")),
            Ok(found) if !is_folder && found.is_dir() => return Err(refused("there is a folder of this name")),
            _ => {}
        }
    }
    Ok(path)
}

/// The parts of a name between its slashes, or why it is refused. Empty parts and `.` mean nothing, as in the official client.
fn safe_parts(name: &str, on_windows: bool) -> Result<Vec<&str>, &'static str> {
    if name.contains('\0') {
        return Err("it holds a NUL character");
    }
    if name.len() > LONGEST_NAME {
        return Err("it is too long");
    }
    // A backslash is a letter like others on Unix, but what it does elsewhere must not depend on who reads the list.
    if name.starts_with(['/', '\\']) || has_drive(name) {
        return Err("it is absolute");
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err("it leads out of its folder");
    }
    if name.ends_with('/') {
        return Err("it is the name of a folder");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() {
        return Err("it is empty");
    }
    if parts.iter().any(|part| part.len() > LONGEST_PART) {
        return Err("a part of it is longer than 255 bytes");
    }
    if on_windows && parts.iter().any(|part| is_reserved(part)) {
        return Err("Windows has no such file names");
    }
    Ok(parts)
}

fn has_drive(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && characters.next() == Some(':')
        && matches!(characters.next(), Some('/' | '\\'))
}

fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = ["COM", "LPT"].iter().any(|port| stem.strip_prefix(port).is_some_and(|number| number.len() == 1 && number != "0"));
    DEVICES.contains(&stem.as_str()) || is_port || part.ends_with(['.', ' ']) || part.contains(['<', '>', ':', '"', '|', '?', '*', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for (name, reason) in [
            ("../x", "it leads out of its folder"),
            ("a/../../x", "it leads out of its folder"),
            ("a/..", "it leads out of its folder"),
            ("a\\..\\x", "it leads out of its folder"),
            ("/etc/passwd", "it is absolute"),
            ("\\\\host\\share\\x", "it is absolute"),
            ("C:\\x", "it is absolute"),
            ("c:/x", "it is absolute"),
            ("", "it is empty"),
            ("./.", "it is empty"),
            ("media/", "it is the name of a folder"),
            ("a\0b", "it holds a NUL character"),
        ] {
            assert_eq!(safe_parts(name, false), Err(reason), "{name:?}");
        }
        assert_eq!(safe_parts(&"x".repeat(256), false), Err("a part of it is longer than 255 bytes"));
        assert_eq!(safe_parts(&"x/".repeat(3000), false), Err("it is too long"));
        assert_eq!(safe_parts("a//./b...c/..d", false), Ok(vec!["a", "b...c", "..d"]));
    }

    #[test]
    fn windows_has_names_of_its_own() {
        for name in ["nul", "a/CON.txt", "com1", "x.", "x ", "a:b", "lpt9.log", "a?b"] {
            assert!(safe_parts(name, true).is_err() && safe_parts(name, false).is_ok(), "{name}");
        }
        assert!(safe_parts("console/com10/auxiliary.txt", true).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn links_on_the_way_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs_err::create_dir_all(root.join("sub")).unwrap();
        std::os::unix::fs::symlink(folder.path(), root.join("out")).unwrap();
        fs_err::write(root.join("file"), "x").unwrap();
        let reason = |name: &str| match path_below(&root, name) {
            Err(ErrorKind::UnsafeName { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason("out/x"), "a folder on its way is a link");
        assert_eq!(reason("file/x"), "a folder on its way is a file");
        assert_eq!(reason("sub"), "there is a folder of this name");
        // A link in the place of the file itself is replaced, not followed.
        assert_eq!(path_below(&root, "out").unwrap(), root.join("out"));
        assert_eq!(path_below(&root, "new/deep/x").unwrap(), root.join("new/deep/x"));
    }
}
