//! Folders that are expensive to fill, filled once and shared by all test processes: every test runs in a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};

use fs_err as fs;

/// The checkout.
pub fn workspace_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

/// Cargo's target folder, in which this test was built as `TARGET/PROFILE/deps/it-…`.
pub fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its own program");
    test.ancestors().nth(3).unwrap_or_else(|| panic!("{} does not lie in cargo's target folder", test.display())).to_owned()
}

/// The folder `name` in the target folder, which `fill` has filled for this `fingerprint`.
///
/// The first process fills it while the others wait. A folder whose filling was cut off, or that was filled for another fingerprint, is
/// filled anew.
pub fn shared_folder(name: &str, fingerprint: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let root = target_folder().join("runlake-tests");
    let (folder, mark) = (root.join(name), root.join(format!("{name}.filled-for")));
    let is_filled = || fs::read_to_string(&mark).is_ok_and(|filled_for| filled_for == fingerprint);
    if is_filled() {
        return folder;
    }
    fs::create_dir_all(&root).expect("the target folder is writable");
    let lock = File::create(root.join(format!("{name}.lock"))).expect("the target folder is writable");
    lock.lock().expect("the file system has locks");
    if !is_filled() {
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the target folder is writable");
        }
        fs::create_dir_all(&folder).expect("the target folder is writable");
        fill(&folder);
        let staged = root.join(format!("{name}.filling"));
        fs::write(&staged, fingerprint).expect("the target folder is writable");
        fs::rename(&staged, &mark).expect("the target folder is writable");
    }
    folder
}
