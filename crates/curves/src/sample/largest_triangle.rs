//! Points that keep the look of a line: largest triangle three buckets.

use std::ops::Range;

use super::part_start;
use crate::arithmetic::float;

/// So many indices of points that keep the look of the line through all: both ends, and of each even part of the rows between them the
/// point that spans the largest triangle with the one kept before it and the mean of the next part. The first of equal ones.
///
/// This is the algorithm of Sveinn Steinarsson's "Downsampling Time Series for Visual Representation" (2013). It knows no NaN, so: a point
/// whose `x` or `y` is not finite is kept only when its part has no other, and then the first of them. Means leave such points out; a
/// triangle that lacks a corner has no area, and the first finite point is kept. The longer of two slices of unlike length is cut. Two
/// samples are the ends, one is the first.
///
/// ```
/// use runlake_curves::sample::largest_triangle;
/// let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
/// assert_eq!(largest_triangle(&x, &[0.0, 0.0, 9.0, 0.0, 1.0, 0.0], 4), [0, 2, 3, 5]);
/// assert_eq!(largest_triangle(&x, &[0.0, 0.0, f64::NAN, f64::NAN, f64::NAN, 0.0], 4), [0, 1, 3, 5]);
/// ```
pub fn largest_triangle(x: &[f64], y: &[f64], samples: usize) -> Vec<usize> {
    let rows = x.len().min(y.len());
    if samples >= rows || samples < 3 {
        return super::even(rows, samples);
    }
    let (between, parts) = (rows - 2, samples - 2);
    let part = |part: usize| 1 + part_start(between, part, parts)..1 + part_start(between, part + 1, parts);
    let mut kept = Vec::with_capacity(samples);
    kept.push(0);
    let mut before = 0;
    for at in 0..parts {
        let next = if at + 1 < parts { part(at + 1) } else { rows - 1..rows };
        before = largest(x, y, (x[before], y[before]), part(at), mean_point(x, y, next));
        kept.push(before);
    }
    kept.push(rows - 1);
    kept
}

/// The point of a part, which has at least one, with the largest triangle.
fn largest(x: &[f64], y: &[f64], before: (f64, f64), part: Range<usize>, next: Option<(f64, f64)>) -> usize {
    let has_corners = before.0.is_finite() && before.1.is_finite();
    let corners = next.filter(|_| has_corners).map(|next| (before, next));
    let mut largest: Option<(f64, usize)> = None;
    for at in part.clone() {
        if !(x[at].is_finite() && y[at].is_finite()) {
            continue;
        }
        // Twice the area, which orders as the area does.
        let area = corners.map_or(0.0, |((x_before, y_before), (x_next, y_next))| {
            ((x_before - x_next) * (y[at] - y_before) - (x_before - x[at]) * (y_next - y_before)).abs()
        });
        if largest.is_none_or(|(largest, _)| area > largest) {
            largest = Some((if area.is_nan() { 0.0 } else { area }, at));
        }
    }
    largest.map_or(part.start, |(_, at)| at)
}

/// The mean of the finite points of a part. None of none.
fn mean_point(x: &[f64], y: &[f64], part: Range<usize>) -> Option<(f64, f64)> {
    let (mut count, mut sum_x, mut sum_y) = (0, 0.0, 0.0);
    for (x, y) in x[part.clone()].iter().zip(&y[part]) {
        if x.is_finite() && y.is_finite() {
            count += 1;
            sum_x += x;
            sum_y += y;
        }
    }
    (count > 0).then(|| (sum_x / float(count), sum_y / float(count)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::values;

    proptest! {
        #[test]
        fn ends_and_one_of_each_part(y in prop::collection::vec(values(), 0..120), samples in 3_usize..40) {
            let x: Vec<f64> = (0..y.len()).map(float).collect();
            let kept = largest_triangle(&x, &y, samples);
            prop_assert_eq!(kept.len(), y.len().min(samples));
            prop_assert!(kept.is_sorted_by(|a, b| a < b));
            if samples >= y.len() {
                return Ok(());
            }
            prop_assert_eq!((kept[0], kept[samples - 1]), (0, y.len() - 1));
            let every = (y.len() - 2) as f64 / (samples - 2) as f64;
            for at in 0..samples - 2 {
                let part = 1 + (at as f64 * every + 1e-9) as usize..1 + ((at + 1) as f64 * every + 1e-9) as usize;
                prop_assert!(part.contains(&kept[at + 1]), "{:?} {:?}", part, kept);
                if !y[kept[at + 1]].is_finite() {
                    prop_assert!(part.clone().all(|row| !y[row].is_finite()) && kept[at + 1] == part.start);
                }
            }
        }
    }
}
