//! Pages: the decoder that reads escaped text beside rows parsed one by one.

use std::sync::Arc;

use proptest::prelude::*;
use runlake_ingest::{KindPlan, PageDecoder, RowColumns, Stream, decode_page};
use runlake_types::{Json, Number, Object, RunPath};

use crate::columns::shown;
use crate::history::{any_plan, any_rows};

fn run() -> RunPath {
    RunPath::new("e", "p", "r")
}

/// The plain way: what is in the window, ascending, the first row of each step.
fn plain(lines: &[String], window: std::ops::Range<i64>, plan: &KindPlan) -> Option<(RowColumns, u64)> {
    let mut rows: Vec<(i64, Object)> = Vec::new();
    let mut rows_without_step = 0;
    for line in lines {
        let row = Json::parse_object(line).ok()?;
        match row.get("_step").and_then(Json::as_number).and_then(Number::as_i64) {
            Some(step) if window.contains(&step) => rows.push((step, row)),
            Some(_) => {}
            None => rows_without_step += 1,
        }
    }
    rows.sort_by_key(|(step, _)| *step);
    rows.dedup_by_key(|(step, _)| *step);
    Some((RowColumns::of_rows(Stream::History, rows.into_iter().map(|(_, row)| row).collect(), plan).0, rows_without_step))
}

/// A JSON string of `text` in which every `rarity`th character is written in another way than the shortest.
fn escaped(text: &str, rarity: usize) -> String {
    let mut out = String::from("\"");
    for (index, character) in text.chars().enumerate() {
        let is_odd = rarity > 0 && index % rarity == rarity - 1;
        match character {
            _ if is_odd && u32::from(character) < 0x80 => out += &format!("\\u{:04x}", u32::from(character)),
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

fn list(lines: &[String], comma: &str, rarity: usize) -> String {
    format!("[{}]", lines.iter().map(|line| escaped(line, rarity)).collect::<Vec<_>>().join(comma))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn pages_are_what_their_rows_are(
        pages in prop::collection::vec(any_rows(), 1..3),
        plan in any_plan(),
        comma in prop::sample::select(&[",", ", ", " ,\n  "][..]),
        rarity in prop_oneof![3 => Just(0_usize), 1 => 1_usize..60],
        min_step in 0_i64..8,
    ) {
        let window = min_step..30;
        let mut decoder = PageDecoder::new(run(), Arc::clone(&plan));
        for lines in pages {
            let decoded = decoder.decode(list(&lines, comma, rarity).as_bytes(), window.clone());
            match plain(&lines, window.clone(), &plan) {
                Some((rows, rows_without_step)) => {
                    let decoded = decoded.unwrap();
                    prop_assert_eq!(shown(&decoded.rows), shown(&rows));
                    prop_assert_eq!((decoded.received_rows, decoded.rows_without_step), (lines.len() as u64, rows_without_step));
                }
                None => prop_assert!(decoded.is_err()),
            }
        }
    }

    #[test]
    fn cut_and_spoilt_pages_never_panic(lines in any_rows(), cut in any::<prop::sample::Index>(), byte in any::<u8>(), is_cut in any::<bool>()) {
        let mut bytes = list(&lines, ",", 0).into_bytes();
        let at = cut.index(bytes.len());
        if is_cut { bytes.truncate(at) } else { bytes[at] = byte }
        let plan = Arc::new(KindPlan::default());
        let decoded = decode_page(&run(), &bytes, 0..40, &plan);
        let outer = std::str::from_utf8(&bytes).ok().and_then(|text| Json::parse(text).ok());
        let lines = match outer {
            Some(Json::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        match lines.and_then(|lines| plain(&lines, 0..40, &plan)) {
            Some((rows, _)) => prop_assert_eq!(shown(&decoded.unwrap().rows), shown(&rows)),
            None => prop_assert!(decoded.is_err()),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}\\\\\",:\\-0-9.eNIa-c_step ]{0,64}") {
        let plan = Arc::new(KindPlan::default());
        drop(decode_page(&run(), &bytes, 0..40, &plan));
        drop(decode_page(&run(), text.as_bytes(), 0..40, &plan));
        drop(decode_page(&run(), format!("[\"{text}").as_bytes(), 0..40, &plan));
    }
}

#[test]
fn a_page_may_be_empty_or_absent() {
    for text in ["[]", " [ ] ", "null"] {
        let page = decode_page(&run(), text.as_bytes(), 0..10, &Arc::default()).unwrap();
        assert_eq!((page.rows.len(), page.received_rows), (0, 0));
    }
    for text in ["", "[", "{}", "[1]", "[null]", "[\"{}\"] x", "[\"{}\",]", "[\"[]\"]", "[\"{\\\"_step\\\":01}\"]"] {
        assert!(decode_page(&run(), text.as_bytes(), 0..10, &Arc::default()).is_err(), "{text}");
    }
}

#[test]
fn a_row_as_wide_as_ten_thousand_keys_is_read_in_no_time() {
    let members: Vec<String> = (0..10_000).map(|key| format!("\"metric/{key}\":{key}.5")).collect();
    let lines: Vec<String> = (0..50).map(|step| format!("{{\"_step\":{step},{}}}", members.join(","))).collect();
    let started = std::time::Instant::now();
    let page = decode_page(&run(), list(&lines, ",", 0).as_bytes(), 0..50, &Arc::default()).unwrap();
    assert_eq!((page.rows.len(), page.rows.metrics.len()), (50, 10_000));
    assert!(started.elapsed().as_secs() < 10);
}
