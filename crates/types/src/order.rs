//! In which order runs are listed: `+created_at`, `-config.lr`, and the like.

use std::cmp::Ordering;
use std::fmt;

use crate::{Error, ErrorKind, Field, Json, RunRecord, Timestamp};

/// Upwards or downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// The keys by which runs are sorted, the most significant first. Runs without a value come last whatever the
/// direction, and runs that are equal are sorted by id, so that the order is total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order(Vec<(Direction, Field)>);

impl Default for Order {
    /// `+created_at`, the default of the official SDK.
    fn default() -> Self {
        Self(vec![(Direction::Ascending, Field::CreatedAt)])
    }
}

impl Order {
    /// Parses keys joined with commas. Each is a field with `+` (the default) or `-` before it; `asc` and `desc` alone mean by creation.
    ///
    /// ```
    /// use runlake_types::Order;
    /// assert_eq!(Order::parse("-summary_metrics.acc, created_at")?.to_string(), "-summary_metrics.acc,+createdAt");
    /// # Ok::<(), runlake_types::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Order`] when a key names no field.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let key = |key: &str| {
            let (direction, name) = match key.trim() {
                "asc" | "ascending" => (Direction::Ascending, "createdAt"),
                "desc" | "descending" => (Direction::Descending, "createdAt"),
                key => match key.strip_prefix('-') {
                    Some(name) => (Direction::Descending, name),
                    None => (Direction::Ascending, key.strip_prefix('+').unwrap_or(key)),
                },
            };
            Field::parse(name).map(|field| (direction, field)).map_err(|reason| ErrorKind::Order { order: text.to_owned(), reason }.into())
        };
        if text.trim().is_empty() { Ok(Self::default()) } else { text.split(',').map(key).collect::<Result<_, _>>().map(Self) }
    }

    /// How two runs stand to each other. Equal only for the same run id.
    pub fn compare(&self, a: &RunRecord, b: &RunRecord) -> Ordering {
        let by_keys = self.0.iter().map(|(direction, field)| match (field.value(a).as_deref(), field.value(b).as_deref()) {
            (None | Some(Json::Null), None | Some(Json::Null)) => Ordering::Equal,
            (None | Some(Json::Null), _) => Ordering::Greater,
            (_, None | Some(Json::Null)) => Ordering::Less,
            (Some(a), Some(b)) => {
                let ordering = if field.is_time() { compare_times(a, b) } else { compare_values(a, b) };
                if *direction == Direction::Ascending { ordering } else { ordering.reverse() }
            }
        });
        by_keys.into_iter().find(|ordering| *ordering != Ordering::Equal).unwrap_or_else(|| a.path.run_id.cmp(&b.path.run_id))
    }
}

/// Instants whose texts may have fractions of different lengths.
fn compare_times(a: &Json, b: &Json) -> Ordering {
    let instant = |value: &Json| value.as_str().and_then(|text| Timestamp::parse(text).ok());
    instant(a).cmp(&instant(b))
}

/// A total order: numbers (NaN last), then strings, then booleans, then the rest by their text.
fn compare_values(a: &Json, b: &Json) -> Ordering {
    let rank = |value: &Json| match value {
        Json::Number(_) => 0,
        Json::String(_) => 1,
        Json::Bool(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64().total_cmp(&b.as_f64()),
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)).then_with(|| a.to_canonical_text().cmp(&b.to_canonical_text())),
    }
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (direction, field)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let sign = if *direction == Direction::Ascending { '+' } else { '-' };
            write!(formatter, "{comma}{sign}{field}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunPath;

    #[test]
    fn runs_without_a_value_come_last_both_ways() {
        let run = |id: &str, acc: Option<f64>| {
            let mut run = RunRecord::new(RunPath::new("e", "p", id), id.to_owned());
            run.summary.extend(acc.map(|acc| ("acc".to_owned(), Json::from(acc))));
            run
        };
        let mut runs = [run("c", None), run("a", Some(0.5)), run("d", Some(0.9)), run("b", Some(0.5))];
        let ids = |runs: &[RunRecord]| runs.iter().map(|run| run.path.run_id.clone()).collect::<String>();
        for (order, expected) in [("+summary_metrics.acc", "abdc"), ("-summary_metrics.acc", "dabc"), ("-name", "dcba"), ("", "abcd")] {
            let order = Order::parse(order).unwrap();
            runs.sort_by(|a, b| order.compare(a, b));
            assert_eq!(ids(&runs), expected, "{order}");
        }
        assert!(Order::parse("-colour").is_err());
    }
}
