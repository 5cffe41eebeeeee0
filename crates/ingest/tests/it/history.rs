//! Generated histories: the JSON text of rows as any client may write it.

use std::sync::Arc;

use proptest::prelude::*;
use runlake_ingest::KindPlan;
use runlake_types::{KeyPath, KindCounts};

/// The JSON text of keys that come again and again.
const KEYS: [&str; 14] =
    ["a", "b", "loss", "val/acc", "é", "损失", "k\\u0041", "q\\\"x", "", "a.b", "_type", "_timestamp", "_runtime", "back\\\\slash"];

/// Numbers as they may be written, and what must not be taken for one.
const NUMBERS: [&str; 28] = [
    "0",
    "-0",
    "1",
    "1.0",
    "-0.0",
    "0.5",
    "1e5",
    "1E+3",
    "2e-7",
    "1.5e300",
    "1e400",
    "-1e-400",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "123456789012345",
    "1234567890123456",
    "12345678901234567",
    "123456789012345678901234567890",
    "0.1234567890123456789",
    "3.141592653589793",
    "1790000000.123456",
    "0.000000000000000000000000000001",
    "NaN",
    "Infinity",
    "-Infinity",
    "\"NaN\"",
    "\"-Infinity\"",
];

pub(crate) fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => prop::sample::select(&NUMBERS[..]).prop_map(str::to_owned),
        4 => any::<f64>().prop_filter("is written otherwise", |value| value.is_finite()).prop_map(|value| format!("{value:?}")),
        3 => any::<i64>().prop_map(|value| value.to_string()),
        2 => prop::sample::select(&["true", "false", "null", "\"\"", "\"text\"", "\"\\u00e9 \\n\"", "\"é\"", "[]", "{}"][..]).prop_map(str::to_owned),
        1 => "[ -~é]{0,6}".prop_map(|text| runlake_types::Json::from(text).to_string()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((any_key(), inner), 0..3).prop_map(|members| object(&members, ",", ":")),
        ]
    })
}

pub(crate) fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![9 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => "[a-f]{1,12}"]
}

/// An object of these members: the text of keys without quotes, and of values.
pub(crate) fn object(members: &[(String, String)], comma: &str, colon: &str) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
    format!("{{{}}}", members.join(comma))
}

/// One row; most have a step.
pub(crate) fn any_row() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        12 => (0_i64..40).prop_map(|step| Some(step.to_string())),
        1 => prop::sample::select(&["3.0", "1e1", "2.5", "null", "\"4\"", "NaN", "9007199254740993"][..]).prop_map(|step| Some(step.to_owned())),
        1 => Just(None),
    ];
    let members = prop::collection::vec((any_key(), any_value()), 0..6);
    let spaces = prop::sample::select(&[(",", ":"), (", ", ": "), (" ,", " : "), (",\n\t", ":")][..]);
    (step, members, any::<prop::sample::Index>(), prop_oneof![3 => Just((",", ":")), 1 => spaces]).prop_map(
        |(step, mut members, at, (comma, colon))| {
            if let Some(step) = step {
                members.insert(at.index(members.len() + 1), ("_step".to_owned(), step));
            }
            object(&members, comma, colon)
        },
    )
}

/// Rows that look alike, as those of most runs.
pub(crate) fn any_even_rows() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, any_value()), 6), 0..20).prop_map(|rows| {
        let row = |(step, values): (usize, Vec<Option<String>>)| {
            let members = values.into_iter().zip(KEYS).filter_map(|(value, key)| Some((key.to_owned(), value?)));
            object(&[("_step".to_owned(), step.to_string())].into_iter().chain(members).collect::<Vec<_>>(), ",", ":")
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

pub(crate) fn any_rows() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![prop::collection::vec(any_row(), 0..20), any_even_rows()]
}

/// A plan that knows some of the keys.
pub(crate) fn any_plan() -> impl Strategy<Value = Arc<KindPlan>> {
    let paths = [&["a"][..], &["b"], &["loss"], &["val/acc"], &["é"], &["kA"], &["a.b"], &["a", "b"], &["_type"], &["q\"x"]];
    prop::collection::vec((prop::sample::select(paths.to_vec()), 0_u64..3, 0_u64..3, 0_u64..3, 0_u64..3), 0..8).prop_map(|counted| {
        let mut plan = KindPlan::default();
        for (path, number, boolean, string, json) in counted {
            let path = KeyPath::new(path.iter().map(|part| (*part).to_owned()).collect());
            plan.add_counts(&path, &KindCounts { number, boolean, string, json });
        }
        Arc::new(plan)
    })
}
