//! The crates know of each other only what DESIGN says, in one direction.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use runlake_tests::shared::workspace_folder;

/// They know no other crate of the tree: arithmetic on curves, and pictures of them.
const APART: [&str; 2] = ["runlake-curves", "runlake-plot"];
/// The crates in the order of their knowledge: each may use those before it.
const ORDER: [&str; 5] = ["runlake-types", "runlake-fetch", "runlake-ingest", "runlake-lake", "runlake-query"];
/// They use all of [`ORDER`] and not each other.
const FACES: [&str; 2] = ["runlake-server", "runlake"];
/// They stand at the end and use whatever they need.
const ENDS: [&str; 4] = ["runlake-cli", "runlake-benches", "runlake-tests", "xtask"];

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new().manifest_path(workspace_folder().join("Cargo.toml")).no_deps().exec().unwrap();
    metadata.packages
}

/// What each workspace member depends on to be built and run, tests aside.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let of = |package: &Package| {
        let kept = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        (package.name.to_string(), kept.map(|dependency| dependency.name.clone()).collect())
    };
    packages().iter().map(of).collect()
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ORDER
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, ORDER[..index].iter().copied().collect()))
        .chain(FACES.map(|name| (name, ORDER.into_iter().chain(APART).collect())))
        .chain(APART.map(|name| (name, BTreeSet::new())))
        .collect();
    let allowed = |name: &str| match name {
        // Statistics are those of curves.
        "runlake-query" => allowed.get(name).map(|others| others.iter().copied().chain(["runlake-curves"]).collect()),
        _ => allowed.get(name).cloned(),
    };
    let mut wrong = Vec::new();
    for (name, uses) in dependencies() {
        let Some(allowed): Option<BTreeSet<&str>> = allowed(&name) else {
            assert!(ENDS.contains(&name.as_str()), "`{name}` is new: say in this test what it may know");
            continue;
        };
        let ours = uses.iter().filter(|used| used.starts_with("runlake"));
        wrong.extend(ours.filter(|used| !allowed.contains(used.as_str())).map(|used| format!("{name} uses {used}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn heavy_or_telling_crates_are_named_in_one_place() {
    let users = |of: &str| -> BTreeSet<String> {
        let is_used =
            |uses: &BTreeSet<String>| uses.iter().any(|used| used == of || used.strip_prefix(of).is_some_and(|rest| rest.starts_with('-')));
        dependencies().into_iter().filter(|(_, uses)| is_used(uses)).map(|(name, _)| name).collect()
    };
    for (dependency, may_use) in [
        ("polars", &["runlake-query"][..]),
        ("sqlparser", &["runlake-query"]),
        ("reqwest", &["runlake-fetch"]),
        ("deltalake", &["runlake-lake"]),
        ("axum", &["runlake-server", "runlake-benches"]),
        ("async-graphql", &["runlake-server"]),
        ("prost", &["runlake-ingest"]),
        ("clap", &["runlake-cli", "runlake-benches", "xtask"]),
        ("indicatif", &["runlake-cli"]),
        ("resvg", &["runlake-plot"]),
        ("skrifa", &["runlake-plot"]),
        ("ratatui", &["runlake-plot"]),
        ("rustyline", &["runlake-cli"]),
        ("anyhow", &["runlake-cli", "runlake-benches", "runlake-tests", "xtask"]),
    ] {
        let others: Vec<String> = users(dependency).into_iter().filter(|user| !may_use.contains(&user.as_str())).collect();
        assert!(others.is_empty(), "`{dependency}` is for {may_use:?} alone, and {others:?} use it");
    }
}

#[test]
fn types_has_neither_io_nor_async() {
    let uses = &dependencies()["runlake-types"];
    for foreign in ["tokio", "futures", "fs-err", "tempfile", "object_store", "arrow", "parquet"] {
        assert!(!uses.contains(foreign), "runlake-types uses {foreign}");
    }
}

#[test]
fn columns_have_one_version_in_the_tree() {
    let lock = fs_err::read_to_string(workspace_folder().join("Cargo.lock")).unwrap();
    for name in ["arrow", "arrow-array", "arrow-schema", "parquet", "object_store", "polars"] {
        let versions = lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
        assert_eq!(versions, 1, "{versions} versions of {name} are in the tree");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs_err::read_to_string(workspace_folder().join("Cargo.toml")).unwrap();
    let section = manifest.split("[workspace.dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let is_foreign = |line: &&str| !line.is_empty() && !line.starts_with('#') && !line.contains("path = \"");
    let bare: Vec<&str> = section.lines().filter(is_foreign).filter(|line| !line.contains(" # ")).collect();
    assert!(bare.is_empty(), "these need a comment that says why: {bare:#?}");
}

#[test]
fn members_take_versions_from_the_workspace() {
    for package in packages() {
        let manifest = fs_err::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} does not take the workspace's lints", package.name);
        let sections = manifest.split("\n[").filter(|section| section.split(']').next().is_some_and(|name| name.ends_with("dependencies")));
        for line in sections.flat_map(|section| section.lines().skip(1)).filter(|line| line.contains('=') && !line.starts_with('#')) {
            assert!(line.contains("workspace = true"), "{}: `{line}` names a version of its own", package.name);
        }
    }
}
