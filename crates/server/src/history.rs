//! What is answered from a run's rows: pages of lines, samples of keys, the keys of the live part.
//!
//! The shapes are those that the official SDK reads: `history` and `events` are lists of JSON strings, `sampledHistory` and
//! `liveData` plain JSON (<https://github.com/wandb/wandb/blob/main/core/internal/runhistoryreader/livedata.go>).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use runlake_types::{HistoryKeys, Json, Kind, KindCounts, Number, Object, flatten};

use crate::rows::Rows;
use crate::sampling::even_indices;
use crate::splice::Text;
use crate::{Error, ErrorKind};

/// The most rows and bytes of one reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) rows: usize,
    pub(crate) bytes: u64,
}

/// How many samples a spec means that does not say, as in the service.
const DEFAULT_SAMPLES: usize = 500;

/// The lines of `window` as a list of JSON strings; `samples` of them, evenly spaced, when there are more. Blocks.
pub(crate) fn page(rows: &Arc<Rows>, window: Range<usize>, samples: Option<usize>, limits: Limits) -> Result<Text, Error> {
    let most = samples.unwrap_or(limits.rows).min(limits.rows);
    if window.len() <= most {
        check_size(rows.item_bytes(window.clone()), limits)?;
        return Ok(Text::Spooled(Arc::clone(rows), rows.items(window)));
    }
    let indices = || even_indices(window.len(), most).map(|index| window.start + index);
    check_size(indices().map(|row| rows.item_bytes(row..row + 1)).sum(), limits)?;
    Ok(Text::Bytes(rows.pick_items(indices())?.into()))
}

fn check_size(bytes: u64, limits: Limits) -> Result<(), Error> {
    if bytes > limits.bytes { Err(ErrorKind::TooLarge { bytes, limit: limits.bytes }.into()) } else { Ok(()) }
}

/// One spec of `sampledHistory`: which keys, of which steps, and how many rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spec {
    /// Each key once: the SDK sends `_step` twice.
    keys: Vec<String>,
    pub(crate) min_step: Option<i64>,
    /// Exclusive, though it is inclusive on the wire.
    pub(crate) end_step: Option<i64>,
    samples: usize,
}

impl Spec {
    /// Reads `{"keys": [..], "minStep": a, "maxStep": b, "samples": n}`, of which all but `keys` is optional.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::from(ErrorKind::Spec { reason: reason.to_owned() });
        let spec = Json::parse_object(text).map_err(|error| invalid(&error.to_string()))?;
        let Some(Json::Array(listed)) = spec.get("keys") else { return Err(invalid("`keys` is not a list")) };
        let mut keys: Vec<String> = Vec::with_capacity(listed.len());
        for key in listed {
            let key = key.as_str().ok_or_else(|| invalid("a key is not a string"))?;
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
        let integer = |name: &str| match spec.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => match value.as_number().and_then(Number::as_i64) {
                Some(value) => Ok(Some(value)),
                None => Err(invalid(&format!("`{name}` is not an integer"))),
            },
        };
        let samples = integer("samples")?.map_or(DEFAULT_SAMPLES, |samples| usize::try_from(samples).unwrap_or(0));
        let end_step = integer("maxStep")?.map(|max| max.saturating_add(1));
        Ok(Self { keys, min_step: integer("minStep")?, end_step, samples })
    }
}

impl Spec {
    /// How long its keys are together.
    pub(crate) fn key_bytes(&self) -> usize {
        self.keys.iter().map(|key| key.len() + size_of::<String>()).sum()
    }
}

/// The answer to a spec, as the JSON text of a list of objects: those rows of `window` that hold all keys, sampled evenly when there are
/// more than asked for. A dotted key finds a key of that name, or else reaches into dicts. Blocks.
pub(crate) fn sampled(rows: &Rows, window: Range<usize>, spec: &Spec, limits: Limits) -> Result<String, Error> {
    let mut holders = Vec::new();
    rows.visit(window, |row, line| {
        let object = parse_row(line)?;
        if spec.keys.iter().all(|key| value_at(&object, key).is_some()) {
            holders.push(row);
        }
        Ok(())
    })?;
    let chosen = even_indices(holders.len(), spec.samples.min(limits.rows)).map(|index| holders[index]);
    let mut out = String::from("[");
    for line in rows.pick(chosen)? {
        if out.len() > 1 {
            out.push(',');
        }
        write_members(&parse_row(&line)?, &spec.keys, &mut out);
        check_size(out.len() as u64, limits)?;
    }
    out.push(']');
    Ok(out)
}

/// The live part as `liveData` has it, as the JSON text of a list: those of `keys` that each row holds. Blocks.
pub(crate) fn live_data(rows: &Rows, window: Range<usize>, keys: &[String], limits: Limits) -> Result<String, Error> {
    let mut out = String::from("[");
    let separate = |out: &mut String| {
        if out.len() > 1 {
            out.push(',');
        }
    };
    if keys.iter().all(|key| key == "_step") {
        for step in &rows.steps()[window] {
            separate(&mut out);
            write!(out, "{{\"_step\":{step}}}").expect("writing to a String cannot fail");
        }
    } else {
        rows.visit(window, |_, line| {
            separate(&mut out);
            write_members(&parse_row(line)?, keys, &mut out);
            check_size(out.len() as u64, limits)
        })?;
    }
    out.push(']');
    Ok(out)
}

/// What the service would know of these rows: each key's types and the last step; `None` without a row. Blocks.
pub(crate) fn history_keys(rows: &Rows) -> Result<Option<HistoryKeys>, Error> {
    let Some(last_step) = rows.steps().last() else { return Ok(None) };
    let mut counts = BTreeMap::<String, KindCounts>::new();
    rows.visit(0..rows.len(), |_, line| {
        for (path, value) in flatten(parse_row(line)?) {
            let kind = match value {
                Json::Null => continue,
                Json::Number(_) => Kind::Number,
                Json::Bool(_) => Kind::Boolean,
                Json::String(text) => {
                    if Json::special_float(&text).is_some() {
                        Kind::Number
                    } else {
                        Kind::String
                    }
                }
                Json::Array(_) | Json::Object(_) => Kind::Json,
            };
            counts.entry(path.dotted()).or_default().add(kind, 1);
        }
        Ok(())
    })?;
    Ok(Some(HistoryKeys::from_counts(&counts, *last_step)))
}

/// Parses a line that this crate wrote.
pub(crate) fn parse_row(line: &str) -> Result<Object, Error> {
    Json::parse_object(line).map_err(|error| ErrorKind::Source { what: "a row".to_owned(), source: error.into() }.into())
}

fn write_members(row: &Object, keys: &[String], out: &mut String) {
    out.push('{');
    let found = keys.iter().filter_map(|key| Some((key, value_at(row, key)?)));
    for (index, (key, value)) in found.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(out, "{comma}{}:{value}", Json::from(key.as_str())).expect("writing to a String cannot fail");
    }
    out.push('}');
}

/// The value of a dotted key. Any dot may be part of a key; the longest key wins. A null is no value.
fn value_at<'a>(row: &'a Object, key: &str) -> Option<&'a Json> {
    if let Some(value) = row.get(key) {
        return (*value != Json::Null).then_some(value);
    }
    let dots = key.match_indices('.').map(|(at, _)| at).collect::<Vec<_>>();
    dots.into_iter().rev().find_map(|at| value_at(row.get(&key[..at])?.as_object()?, &key[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::spooled;

    const LIMITS: Limits = Limits { rows: 1000, bytes: 1 << 20 };

    fn lines() -> Vec<String> {
        (0..20)
            .map(|step| match step % 2 {
                0 => format!(r#"{{"_step":{step},"a.b":"flat","big":9007199254740993,"nest":{{"x":{{"y":{step}}}}}}}"#),
                _ => format!(r#"{{"_step":{step},"gone":null,"loss":"NaN"}}"#),
            })
            .collect()
    }

    #[test]
    fn specs() {
        let spec = Spec::parse(r#"{"keys":["_step","loss","_step"],"minStep":5,"maxStep":9,"samples":5}"#).unwrap();
        assert_eq!(spec, Spec { keys: vec!["_step".to_owned(), "loss".to_owned()], min_step: Some(5), end_step: Some(10), samples: 5 });
        assert_eq!(Spec::parse(r#"{"keys":[]}"#).unwrap().samples, 500);
        for text in ["", "[]", "{}", r#"{"keys":[1]}"#, r#"{"keys":[],"minStep":"1"}"#] {
            assert!(Spec::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sampled_rows_hold_every_key() {
        let folder = tempfile::tempdir().unwrap();
        let rows = spooled(&lines(), folder.path());
        let answer = |spec: &str| sampled(&rows, 0..20, &Spec::parse(spec).unwrap(), LIMITS).unwrap();
        assert_eq!(answer(r#"{"keys":["loss"],"samples":2}"#), r#"[{"loss":"NaN"},{"loss":"NaN"}]"#);
        assert_eq!(answer(r#"{"keys":["_step","nest.x.y"],"samples":2}"#), r#"[{"_step":0,"nest.x.y":0},{"_step":18,"nest.x.y":18}]"#);
        assert_eq!(answer(r#"{"keys":["a.b","big"],"samples":1}"#), r#"[{"a.b":"flat","big":9007199254740993}]"#);
        assert_eq!(answer(r#"{"keys":["loss","big"]}"#), "[]");
        assert_eq!(answer(r#"{"keys":["gone"]}"#), "[]");
        assert_eq!(answer(r#"{"keys":["nope"]}"#), "[]");
    }

    #[test]
    fn pages_are_sampled_beyond_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let rows = Arc::new(spooled(&lines(), folder.path()));
        let Text::Spooled(_, items) = page(&rows, 3..6, Some(3), LIMITS).unwrap() else { panic!("a whole window is a slice") };
        assert_eq!(items, rows.items(3..6));
        let sampled = |samples, limits| match page(&rows, 0..20, samples, limits).unwrap() {
            Text::Bytes(list) => serde_json::from_slice::<Vec<String>>(&list).unwrap(),
            Text::Spooled(..) => panic!("a sample is picked"),
        };
        assert_eq!(sampled(Some(2), LIMITS), [lines()[0].clone(), lines()[19].clone()]);
        assert_eq!(sampled(None, Limits { rows: 1, ..LIMITS }), [lines()[19].clone()]);
        assert_eq!(sampled(Some(0), LIMITS), [""; 0]);
        assert_eq!(
            page(&rows, 0..20, None, Limits { bytes: 50, ..LIMITS }).unwrap_err().to_string().split(';').next().unwrap(),
            format!("the rows asked for hold {} bytes and one reply may hold 50", rows.item_bytes(0..20))
        );
    }

    #[test]
    fn the_live_part_and_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let rows = spooled(&lines(), folder.path());
        assert_eq!(live_data(&rows, 18..20, &["_step".to_owned()], LIMITS).unwrap(), r#"[{"_step":18},{"_step":19}]"#);
        assert_eq!(
            live_data(&rows, 18..20, &["_step".to_owned(), "a.b".to_owned()], LIMITS).unwrap(),
            r#"[{"_step":18,"a.b":"flat"},{"_step":19}]"#
        );
        let keys = history_keys(&rows).unwrap().unwrap();
        assert_eq!(keys.last_step(), Some(19));
        assert_eq!(keys.keys().map(|(name, _)| name).collect::<Vec<_>>(), ["_step", "a.b", "big", "loss", "nest.x.y"]);
        assert_eq!(history_keys(&spooled(&[], folder.path())).unwrap(), None);
    }
}
