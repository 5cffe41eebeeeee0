//! An export through faults that pass: it ends well, and its lake is that of an undisturbed export.

use crate::backend::Backend;
use crate::fault::{Fault, Requests, Rule, When};
use crate::fault_proxy::{FaultProxy, Limits};
use crate::lake::{FEW_RUNS, PROJECT, small_lake};
use crate::same_lake::{assert_same, verify};
use crate::service::{Service, TEAM};

/// No exports, so that every row comes in pages of history.
pub const ALL_LIVE: &[&str] = &["--exports", "never"];
/// Every row comes in exports.
pub const ALL_EXPORTED: &[&str] = &["--exports", "always"];

/// Rules that spoil the first requests in turn, the retries among them.
pub fn one_after_the_other(on: Requests, faults: impl IntoIterator<Item = Fault>) -> Vec<Rule> {
    (1..).zip(faults).map(|(number, fault)| Rule::new(on, When::Nth(number), fault)).collect()
}

/// Exports [`small_lake`] from a backend with these options through a proxy, and compares. Gives what was injected.
pub fn absorbed(options: &[&str], rules: Vec<Rule>, limits: Limits) -> Vec<String> {
    let source = small_lake();
    let backend = Backend::start_with(&source, options);
    let proxy = FaultProxy::start_with(&backend, rules, limits);
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let outcome = proxy.call(["export", PROJECT, "--lake"]).arg(folder.path()).run();
    let injected = proxy.injected();
    let words = &outcome.stderr;
    assert_eq!(outcome.code, Some(0), "after the faults {injected:#?}:\n{words}");
    assert!(words.contains(&format!("{} runs written, 0 unchanged, 0 removed, 0 failed", FEW_RUNS.len())), "{words}");
    assert_same(&source, folder.path(), PROJECT);
    verify(folder.path());
    injected
}

/// As [`absorbed`], where every rule must have struck.
pub fn all_absorbed(options: &[&str], rules: Vec<Rule>) {
    let wanted = rules.len();
    let injected = absorbed(options, rules, Limits::default());
    assert!(injected.len() >= wanted, "only these of {wanted} faults came: {injected:#?}");
}

/// Exports `service` with more arguments, once undisturbed and once through a proxy, and compares the two lakes. Every rule must strike.
pub fn absorbed_from(service: &Service, arguments: &[&str], rules: Vec<Rule>, limits: Limits) {
    let [undisturbed, disturbed] = [(); 2].map(|()| tempfile::tempdir().expect("the temporary folder is writable"));
    let export = [&["export", TEAM], arguments, &["--lake"]].concat();
    service.backend.call(&export).arg(undisturbed.path()).succeed();
    let wanted = rules.len();
    let proxy = FaultProxy::start_with(&service.backend, rules, limits);
    let outcome = proxy.call(&export).arg(disturbed.path()).run();
    let injected = proxy.injected();
    assert_eq!(outcome.code, Some(0), "after the faults {injected:#?}:\n{}", outcome.stderr);
    assert!(injected.len() >= wanted, "only these of {wanted} faults came: {injected:#?}");
    assert_same(undisturbed.path(), disturbed.path(), TEAM);
    verify(disturbed.path());
}
