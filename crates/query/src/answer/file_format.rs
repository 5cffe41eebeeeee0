//! The formats that answers are written in.

use std::path::Path;

/// A format of files and streams.
///
/// What each keeps of a value:
///
/// | | Parquet, Arrow | CSV | JSON, NDJSON |
/// |---|---|---|---|
/// | null | null | nothing | `null` |
/// | empty string | empty string | `""` | `""` |
/// | NaN, infinities | themselves | `NaN`, `Infinity`, `-Infinity` | the same as strings |
/// | floats | all bits | the shortest text that reads back the same | as CSV |
/// | integers | all digits | all digits | all digits |
/// | times | as they are | ISO 8601, UTC as `Z` | as CSV, strings |
/// | lists, structs | as they are | JSON text | lists and objects |
/// | binary | as it is | hexadecimal | hexadecimal, strings |
///
/// In CSV with one column, null is `""` too: readers skip empty lines. Columns keep their order; of no rows there is still the header,
/// the schema, or an empty list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// Parquet with zstd, statistics, and the [`Origin`](super::Origin) as key-value metadata.
    Parquet,
    /// An Arrow IPC file, which can be read at random. The origin is metadata of the schema.
    ArrowFile,
    /// An Arrow IPC stream. The origin is metadata of the schema.
    ArrowStream,
    /// Comma-separated values with a header, in UTF-8, lines ended by `\n`.
    Csv,
    /// One JSON list of objects, a line each.
    Json,
    /// One JSON object a line.
    Ndjson,
}

impl FileFormat {
    /// The format that the name of a file tells by its extension, in any case: `parquet`, `arrow`, `ipc` or `feather`, `arrows`, `csv`,
    /// `json`, `ndjson` or `jsonl`.
    ///
    /// ```
    /// use runlake_query::FileFormat;
    /// assert_eq!(FileFormat::of_name("runs.CSV".as_ref()), Some(FileFormat::Csv));
    /// assert_eq!(FileFormat::of_name("runs.txt".as_ref()), None);
    /// ```
    pub fn of_name(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" => Self::Parquet,
            "arrow" | "ipc" | "feather" => Self::ArrowFile,
            "arrows" => Self::ArrowStream,
            "csv" => Self::Csv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            _ => return None,
        })
    }
}
