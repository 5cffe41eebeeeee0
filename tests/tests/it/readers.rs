//! A lake is plain Parquet and Delta: other engines find the same rows, types and values in it.

use runlake_tests::lake::sample_lake;
use runlake_tests::python::pass_checks;

fn check(reader: &str) {
    pass_checks("readers.py", &[sample_lake().to_str().unwrap(), reader], None);
}

#[test]
fn delta_lake_for_python() {
    check("deltalake");
}

#[test]
fn duckdb() {
    check("duckdb");
}

#[test]
fn polars_on_the_files() {
    check("polars");
}

#[test]
fn polars_on_the_delta_log() {
    check("polars-delta");
}

#[test]
fn pyarrow() {
    check("pyarrow");
}
