//! The values of one key as they were logged, to the digit, in little room.

use std::borrow::Cow;

use runlake_types::{Json, Kind, KindCounts, Number};

use crate::row_numbers::RowNumbers;

/// Values with the numbers of their rows, which ascend.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoggedValues {
    rows: RowNumbers,
    values: Values,
    /// The rows in which null was logged.
    nulls: RowNumbers,
}

/// What is not null.
#[derive(Clone, Debug)]
enum Values {
    /// Numbers that float64 holds exactly, and the positions of those that were written as integers.
    Numbers { floats: Vec<f64>, integers: RowNumbers },
    /// Anything.
    Any(Vec<Json>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Numbers { floats: Vec::new(), integers: RowNumbers::default() }
    }
}

impl LoggedValues {
    /// Puts the value of a row that comes after all before it.
    #[inline]
    pub(crate) fn push(&mut self, row: usize, value: Json) {
        if matches!(value, Json::Null) {
            self.nulls.push(row);
            return;
        }
        self.rows.push(row);
        match (&mut self.values, value) {
            (Values::Numbers { floats, .. }, Json::Number(Number::Float(float))) => floats.push(float),
            (Values::Numbers { floats, integers }, Json::Number(number @ Number::Integer(_))) if number.is_exact_f64() => {
                integers.push(floats.len());
                floats.push(number.as_f64());
            }
            (Values::Any(values), value) => values.push(value),
            (numbers, value) => *numbers = Values::Any(numbers.iter().map(Cow::into_owned).chain([value]).collect()),
        }
    }

    /// How often each kind was logged, where the strings that stand for special floats are numbers.
    pub(crate) fn kinds(&self) -> KindCounts {
        let mut kinds = KindCounts::default();
        match &self.values {
            Values::Numbers { floats, .. } => kinds.add(Kind::Number, floats.len() as u64),
            Values::Any(values) => values.iter().filter_map(kind_of).for_each(|kind| kinds.add(kind, 1)),
        }
        kinds
    }

    /// Whether there is nothing but strings.
    pub(crate) fn is_text(&self) -> bool {
        self.values.iter().all(|value| value.as_str().is_some())
    }

    /// The numbers, with the ranges of rows that hold them one after another; `None` when not every value is one that float64 holds.
    pub(crate) fn floats(&self) -> Option<(&[f64], &RowNumbers)> {
        if let Values::Numbers { floats, .. } = &self.values { Some((floats, &self.rows)) } else { None }
    }

    /// Whether float64 holds every number exactly.
    pub(crate) fn is_exact(&self) -> bool {
        match &self.values {
            Values::Numbers { .. } => true,
            Values::Any(values) => values.iter().filter_map(Json::as_number).all(Number::is_exact_f64),
        }
    }

    /// Whether every value is a number that int64 holds.
    pub(crate) fn is_integral(&self) -> bool {
        self.values.iter().all(|value| value.as_number().and_then(Number::as_i64).is_some())
    }

    /// What is not null, with its row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Cow<'_, Json>)> {
        self.rows.iter().zip(self.values.iter())
    }

    /// The rows in which null was logged.
    pub(crate) fn nulls(&self) -> impl Iterator<Item = usize> {
        self.nulls.iter()
    }
}

impl Values {
    fn iter(&self) -> Box<dyn Iterator<Item = Cow<'_, Json>> + '_> {
        match self {
            Self::Any(values) => Box::new(values.iter().map(Cow::Borrowed)),
            Self::Numbers { floats, integers } => {
                let mut integers = integers.iter().peekable();
                Box::new(floats.iter().enumerate().map(move |(at, float)| {
                    let is_integer = integers.next_if_eq(&at).is_some();
                    let integer = Number::Float(*float).as_i64().filter(|_| is_integer);
                    Cow::Owned(integer.map_or_else(|| Json::from(*float), Json::from))
                }))
            }
        }
    }
}

/// The kind of a value, where the strings that stand for special floats are numbers; `None` for null.
fn kind_of(value: &Json) -> Option<Kind> {
    match value {
        Json::String(text) if Json::special_float(text).is_some() => Some(Kind::Number),
        value => Kind::of(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_as_they_were_written() {
        for text in [
            "[1.0,2.5,-0.0,1e300]",
            "[1,2,3]",
            "[1,1.0,2,9007199254740992,9007199254740992.0]",
            "[0.5,1,9007199254740993,18446744073709551616,-9223372036854775808]",
            r#"[1.5,2,"NaN",true,{"a":[]},"x"]"#,
            r#"["Infinity",1]"#,
        ] {
            let Ok(Json::Array(items)) = Json::parse(text) else { panic!("{text} is a list") };
            let mut values = LoggedValues::default();
            items.into_iter().enumerate().for_each(|(row, value)| values.push(2 * row, value));
            let read: Vec<Json> = values.iter().map(|(_, value)| value.into_owned()).collect();
            assert_eq!(Json::Array(read).to_string(), text);
            assert!(values.iter().map(|(row, _)| row).eq((0..).step_by(2).take(values.rows.iter().count())));
        }
    }

    #[test]
    fn nulls_are_kept_apart() {
        let mut values = LoggedValues::default();
        for (row, value) in [Json::from(1.5), Json::Null, Json::from(f64::NAN), Json::Null].into_iter().enumerate() {
            values.push(row, value);
        }
        let (floats, rows) = values.floats().unwrap();
        assert_eq!(format!("{floats:?}"), "[1.5, NaN]");
        assert_eq!((rows.iter().collect::<Vec<_>>(), values.nulls().collect::<Vec<_>>()), (vec![0, 2], vec![1, 3]));
    }
}
