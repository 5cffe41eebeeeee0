//! Filters: never a panic, and what is printed is read back as the same filter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runlake_fuzz::write_seeds;
use runlake_types::Filter;

fn seeds() -> Vec<Vec<u8>> {
    let filters = [
        "{}",
        r#"{"state":"finished"}"#,
        r#"{"$or":[{"tags":{"$in":["a","b"]}},{"config.lr.value":{"$gte":0.1,"$lt":1}}]}"#,
        r#"{"$and":[{"display_name":{"$regex":"^lr-[0-9]+$"}},{"$nor":[{"summary_metrics.acc":{"$exists":false}}]}]}"#,
        r#"{"createdAt":{"$gt":"2026-11-24T09:30:00"},"username":{"$ne":null},"keys_info.keys.loss":{"$nin":[1,true]}}"#,
    ];
    filters.iter().map(|filter| filter.as_bytes().to_vec()).collect()
}

fuzz_target!(init: write_seeds(seeds), |text: &str| {
    if let Ok(filter) = Filter::parse(text) {
        let printed = filter.to_string();
        let again = Filter::parse(&printed).expect("what was printed can be read");
        assert_eq!(again.to_string(), printed);
    }
});
