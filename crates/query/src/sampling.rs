//! Which rows of a run are kept, by a rule that is named.

use std::fmt;
use std::str::FromStr;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::Int64Type;
use runlake_curves::sample::{even, largest_triangle, min_max};
use runlake_ingest::schema::STEP;

use crate::run_curves::every_number;
use crate::run_rows::FIXED;
use crate::{Error, ErrorKind};

/// The rule by which rows of a run are chosen. Rows that have none of the keys are never chosen.
///
/// ```
/// use runlake_query::Sampling;
/// assert_eq!("lttb:200".parse::<Sampling>()?, Sampling::LargestTriangle(200));
/// assert!("even:0".parse::<Sampling>().is_err());
/// # Ok::<(), runlake_query::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// So many rows at even distances, the first and the last among them.
    Even(usize),
    /// So many points of each metric that keep the shape of its curve, the first and the last among them (largest triangle, three buckets).
    LargestTriangle(usize),
    /// The least and the greatest value of each metric in so many stretches of rows, and the first NaN, infinity and negative infinity of each
    /// stretch: no spike is lost, and no divergence.
    MinMax(usize),
}

impl FromStr for Sampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::from(ErrorKind::Argument { what: "sampling", value: text.to_owned(), reason: reason.to_owned() });
        let (rule, count) = text.split_once(':').ok_or_else(|| wrong("it is written even:500, lttb:500 or minmax:250"))?;
        let count: usize = count.parse().map_err(|_unread| wrong("what stands after the colon is not a number of samples"))?;
        if count == 0 {
            return Err(wrong("nothing would be left"));
        }
        match rule {
            "even" => Ok(Self::Even(count)),
            "lttb" => Ok(Self::LargestTriangle(count)),
            "minmax" => Ok(Self::MinMax(count)),
            _ => Err(wrong("it is one of even, lttb and minmax")),
        }
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Even(count) => write!(formatter, "even:{count}"),
            Self::LargestTriangle(count) => write!(formatter, "lttb:{count}"),
            Self::MinMax(count) => write!(formatter, "minmax:{count}"),
        }
    }
}

/// The rows that a rule keeps of a run. `numbers` says which keys hold numbers.
pub(crate) fn chosen_rows(rows: &RecordBatch, numbers: &[bool], sampling: Sampling) -> UInt64Array {
    let chosen = match sampling {
        Sampling::Even(samples) => even(rows.num_rows(), samples),
        // Without numbers there is no shape to keep.
        Sampling::LargestTriangle(samples) | Sampling::MinMax(samples) if !numbers.contains(&true) => even(rows.num_rows(), samples),
        Sampling::LargestTriangle(_) | Sampling::MinMax(_) => {
            let steps = rows.column_by_name(STEP).and_then(|steps| steps.as_primitive_opt::<Int64Type>());
            #[expect(clippy::cast_precision_loss, reason = "steps beyond 2^53 are as good as equal to a triangle")]
            let steps: Vec<f64> = steps.into_iter().flat_map(arrow::array::PrimitiveArray::values).map(|step| *step as f64).collect();
            let mut of_any: Vec<usize> = Vec::new();
            let metrics = rows.columns()[FIXED.len()..].iter().zip(numbers);
            for column in metrics.filter(|(_, is_number)| **is_number).map(|(column, _)| column) {
                of_any.extend(chosen_points(&steps, column, sampling));
            }
            of_any.sort_unstable();
            of_any.dedup();
            of_any
        }
    };
    chosen.into_iter().map(|row| row as u64).collect::<Vec<_>>().into()
}

/// The rows of the chosen points of one metric.
fn chosen_points(steps: &[f64], column: &ArrayRef, sampling: Sampling) -> Vec<usize> {
    let rows: Vec<usize> = (0..column.len()).filter(|row| column.is_valid(*row)).collect();
    let Some(values) = every_number(column) else { return Vec::new() };
    let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (steps[*row], values[*row])).unzip();
    let points = match sampling {
        Sampling::LargestTriangle(samples) => largest_triangle(&x, &y, samples),
        Sampling::MinMax(buckets) => min_max(&y, buckets),
        Sampling::Even(_) => return rows,
    };
    points.into_iter().map(|point| rows[point]).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, StringArray};

    use super::*;

    fn rows() -> RecordBatch {
        let loss = [Some(5.0), Some(5.0), None, Some(90.0), Some(5.0), Some(f64::NAN), Some(5.0), Some(4.0)];
        RecordBatch::try_from_iter_with_nullable([
            (STEP, Arc::new(Int64Array::from_iter_values(0..8)) as ArrayRef, false),
            ("_timestamp", Arc::new(Float64Array::from(vec![0.0; 8])), true),
            ("_runtime", Arc::new(Float64Array::from(vec![0.0; 8])), true),
            ("loss", Arc::new(loss.into_iter().collect::<Float64Array>()), true),
            ("note", Arc::new(StringArray::from(vec!["a"; 8])), true),
        ])
        .unwrap()
    }

    #[test]
    fn spikes_and_nan_are_kept_and_text_is_no_shape() {
        let chosen = |sampling| chosen_rows(&rows(), &[true, false], sampling).values().to_vec();
        assert_eq!(chosen(Sampling::Even(3)), [0, 3, 7]);
        let kept = chosen(Sampling::MinMax(1));
        assert!(kept.contains(&3) && kept.contains(&5) && kept.contains(&7), "{kept:?}");
        assert!(!kept.contains(&2), "a row without the metric");
        assert_eq!(chosen_rows(&rows(), &[false, false], Sampling::MinMax(2)).values().to_vec(), [0, 7]);
    }

    #[test]
    fn slips_of_the_pen_are_told() {
        let told = |text: &str| text.parse::<Sampling>().unwrap_err().to_string();
        assert_eq!(told("500"), "sampling cannot be 500: it is written even:500, lttb:500 or minmax:250");
        assert_eq!(told("random:5"), "sampling cannot be random:5: it is one of even, lttb and minmax");
        assert_eq!(told("lttb:-3"), "sampling cannot be lttb:-3: what stands after the colon is not a number of samples");
    }
}
