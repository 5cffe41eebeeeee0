//! Answers in files of every format: other engines read the same values, and what is not whole is not there.

use runlake_tests::binary::runlake;
use runlake_tests::lake::sample_lake;
use runlake_tests::python::pass_checks;

#[test]
fn every_reader_finds_the_same_values() {
    pass_checks("answers.py", &[runlake().to_str().unwrap(), sample_lake().to_str().unwrap()], None);
}
