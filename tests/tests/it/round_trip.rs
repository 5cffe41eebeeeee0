//! Import, serve, export: the second lake is the first one, whatever the backend exports, and the second export has nothing to do.

use std::path::Path;

use runlake_tests::backend::Backend;
use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, block_on, columns, open, sample_lake, table_versions};
use runlake_tests::same_lake::{assert_same, verify};

fn export(backend: &Backend, project: &str, lake: &Path) -> String {
    backend.call(["export", project, "--lake"]).arg(lake).succeed().stderr
}

/// Exports the sample project from a backend with these options, and compares; then exports again.
fn check(options: &[&str]) {
    let source = sample_lake();
    let backend = Backend::start_with(&source, options);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("lake");
    let words = export(&backend, PROJECT, &copy);
    assert!(words.contains("27 runs written, 0 unchanged, 0 removed, 0 failed"), "{words}");
    assert_same(&source, &copy, PROJECT);
    verify(&copy);

    let before = table_versions(&copy);
    let words = export(&backend, PROJECT, &copy);
    assert!(words.contains("0 runs written, 27 unchanged, 0 removed, 0 failed"), "{words}");
    assert_eq!(table_versions(&copy), before, "an unchanged project costs a listing and no new file");
    assert_same(&source, &copy, PROJECT);
}

#[test]
fn from_a_backend_that_exports_runs_that_ended() {
    check(&[]);
}

#[test]
fn from_a_backend_without_exports() {
    check(&["--exports", "never"]);
}

#[test]
fn from_a_backend_that_exports_everything() {
    check(&["--exports", "always"]);
}

#[test]
fn columns_have_the_same_names_and_kinds() {
    let source = sample_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    export(&backend, PROJECT, folder.path());
    block_on(async {
        // The other projects of the sample lake have runs of this one, hence no other columns.
        assert_eq!(columns(&open(folder.path()).await).await, columns(&open(&source).await).await);
    });
}

#[test]
fn a_run_that_goes_on_is_read_again_only_when_it_did() {
    let source = sample_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    for outcome in ["1 runs written, 0 unchanged, 0 removed, 0 failed", "0 runs written, 1 unchanged, 0 removed, 0 failed"] {
        let words = export(&backend, "runlake/live", folder.path());
        assert!(words.contains(outcome), "{words}");
        assert_same(&source, folder.path(), "runlake/live");
        verify(folder.path());
    }
}

#[test]
fn projects_whose_names_need_care_share_a_lake() {
    let source = sample_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    for project in ["my team/größe 1", "local/digits", "runlake/live"] {
        export(&backend, project, folder.path());
    }
    for project in ["my team/größe 1", "local/digits", "runlake/live"] {
        assert_same(&source, folder.path(), project);
    }
    verify(folder.path());
    verify(&source);
}

#[test]
fn a_filter_exports_some_runs_and_keeps_the_others() {
    let source = sample_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    let export = |filter: &str| backend.call(["export", PROJECT, "--filters", filter, "--lake"]).arg(folder.path()).succeed().stderr;
    let words = export(r#"{"group": "lr-grid"}"#);
    assert!(words.contains("9 runs written, 0 unchanged, 0 removed, 0 failed"), "{words}");
    let words = export(r#"{"tags": "steps"}"#);
    assert!(words.contains("3 runs written, 0 unchanged, 0 removed, 0 failed"), "{words}");
    let words = export("{}");
    assert!(words.contains("15 runs written, 12 unchanged, 0 removed, 0 failed"), "{words}");
    assert_same(&source, folder.path(), PROJECT);
    verify(folder.path());
}

#[test]
fn runs_that_the_service_no_longer_has_leave_the_lake_unless_kept() {
    let (source, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let import = |run_id: &str, lake: &Path| {
        Runlake::new(["import"]).arg(runlake_tests::lake::sample_log(run_id)).arg("--lake").arg(lake).succeed();
    };
    import("gaps", source.path());
    for run_id in ["gaps", "sparse", "names"] {
        import(run_id, folder.path());
    }
    let backend = Backend::start(source.path());
    let words = backend.call(["export", PROJECT, "--keep-deleted", "--lake"]).arg(folder.path()).succeed().stderr;
    assert!(words.contains("0 removed, 0 failed"), "{words}");
    verify(folder.path());
    let words = export(&backend, PROJECT, folder.path());
    assert!(words.contains("2 removed, 0 failed"), "{words}");
    assert_same(source.path(), folder.path(), PROJECT);
    verify(folder.path());
}
