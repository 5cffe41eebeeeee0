//! JSON text: never a panic, what is printed is read back as the same value, and objects are the same when they are read member by member.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runlake_fuzz::{sample_histories, write_seeds};
use runlake_types::{Json, Objects, read_object};

fn seeds() -> Vec<Vec<u8>> {
    let rows = sample_histories(3).into_iter().flatten().map(|row| Json::Object(row).to_string());
    let edges =
        ["NaN", "[-Infinity,1e400,-0.0,9007199254740993,1.0]", r#"{"a.b":{"c":[{}]},"\ud83d\ude00":"\u0000"}"#, "{\"a\":1,\"a\":2}"];
    rows.chain(edges.map(str::to_owned)).map(String::into_bytes).collect()
}

fuzz_target!(init: write_seeds(seeds), |text: &str| {
    let mut objects = Objects::default();
    let read = read_object(text, &mut objects).map(|()| objects.whole.pop().expect("an object was read"));
    assert_eq!(read.ok(), Json::parse_object(text).ok());
    if let Ok(value) = Json::parse(text) {
        let printed = value.to_string();
        let again = Json::parse(&printed).expect("what was printed can be read");
        assert_eq!(again.to_canonical_text(), value.to_canonical_text(), "printed as {printed}");
        let canonical = value.to_canonical_text();
        let again = Json::parse(&canonical).expect("canonical text can be read");
        assert_eq!(again.to_canonical_text(), canonical);
    }
});
