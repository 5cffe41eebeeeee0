//! What the fuzz targets share: seeds from the sample data, and rows in the form in which they are compared.
//!
//! | target | parses |
//! |---|---|
//! | `json` | `runlake_types::Json` |
//! | `filter` | `runlake_types::Filter` |
//! | `history_page` | a page of history, into columns and back |
//! | `parquet_export` | a Parquet export, into columns and into rows |
//! | `part_columns` | columns of a lake's part files that are decoded without the Parquet library |
//! | `offline_log` | a `.wandb` file, in both of its readers |

use std::path::{Path, PathBuf};

use runlake_ingest::RowColumns;
use runlake_ingest::offline::{Row, decode_log_bytes};
use runlake_types::{Json, Object};

/// The variable that names the folder into which seeds are written before the first input is tried.
pub const SEEDS: &str = "RUNLAKE_FUZZ_SEEDS";

/// No seed is larger, so that mutations stay fast.
const MOST_SEED_BYTES: usize = 100_000;

/// Writes `seeds` into the folder that [`SEEDS`] names, when it names one: libFuzzer reads it right after.
///
/// # Panics
/// When the folder cannot be written.
pub fn write_seeds(seeds: impl FnOnce() -> Vec<Vec<u8>>) {
    let Some(folder) = std::env::var_os(SEEDS).map(PathBuf::from) else { return };
    fs_err::create_dir_all(&folder).expect("the folder of seeds is writable");
    for (number, seed) in seeds().into_iter().filter(|seed| seed.len() <= MOST_SEED_BYTES).enumerate() {
        fs_err::write(folder.join(format!("seed-{number:03}")), seed).expect("the folder of seeds is writable");
    }
}

/// Passes over panics that become errors: the Parquet library panics on some damaged files. Any other still ends the process. To be called in
/// the `init` of a target, after which libFuzzer has set its own hook.
pub fn pass_over_caught_panics() {
    let end_process = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !runlake_ingest::panic_is_caught() {
            end_process(panic);
        }
    }));
}

/// The sample logs.
///
/// # Panics
/// When the sample data is not there: fuzzing without seeds finds little and looks the same.
pub fn sample_logs() -> Vec<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let found = |name: &str| runlake_ingest::offline::find_logs(&data.join(name)).expect("the sample data is there");
    let logs: Vec<PathBuf> = found("digits/wandb").into_iter().chain(found("no-entity")).collect();
    assert!(!logs.is_empty(), "there is no log in {}", data.display());
    logs.iter().map(|log| fs_err::read(log).expect("the sample data can be read")).collect()
}

/// The history rows of each sample log, at most `most` of each.
pub fn sample_histories(most: usize) -> Vec<Vec<Object>> {
    let history = |row| if let Row::History(row) = row { Some(row) } else { None };
    let logs = sample_logs().into_iter().filter_map(|log| decode_log_bytes(&log).ok());
    logs.map(|(_, rows)| rows.into_iter().filter_map(history).take(most).collect()).collect()
}

/// The rows of columns as text.
///
/// # Panics
/// When they cannot be made.
pub fn rows_of(columns: &RowColumns) -> Vec<String> {
    let rows = columns.to_rows().expect("columns have rows");
    rows.into_iter().map(|row| Json::Object(row).to_canonical_text()).collect()
}

/// A row as text, without nulls and empty dicts, which a lake keeps as absent keys.
pub fn comparable(row: Object) -> String {
    Json::Object(without_nothing(row)).to_canonical_text()
}

fn without_nothing(object: Object) -> Object {
    let members = object.into_iter().map(|(key, value)| match value {
        // A dict with a type is a value of its own, kept as it is.
        Json::Object(members) if !members.contains_key("_type") => (key, Json::Object(without_nothing(members))),
        other => (key, other),
    });
    members.filter(|(_, value)| *value != Json::Null && *value != Json::Object(Object::new())).collect()
}
