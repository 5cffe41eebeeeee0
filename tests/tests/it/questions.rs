//! What the questions across runs answer is what others compute of the same rows: `questions.py` reads the lake's Parquet and asks pandas,
//! `NumPy` and `SciPy`.

use runlake_tests::binary::runlake;
use runlake_tests::lake::{PROJECT, sample_lake};
use runlake_tests::odd_lake::{ODD, OTHER, odd_lake};
use runlake_tests::python::pass_checks;

#[test]
fn questions_over_the_sample_runs() {
    let lake = sample_lake();
    pass_checks("questions.py", &[runlake().to_str().unwrap(), lake.to_str().unwrap(), PROJECT, "runlake/live"], None);
}

#[test]
fn questions_over_odd_runs() {
    let lake = odd_lake();
    pass_checks("questions.py", &[runlake().to_str().unwrap(), lake.to_str().unwrap(), ODD, OTHER], None);
}
