//! The axis that has every place of several curves.

use crate::Curve;

/// Every `x` at which any of the curves has a point, ascending and once each, infinite ones too. `-0.0` is `0.0`.
///
/// Curves with the places of the one before them cost a comparison. The others are merged in pairs of unions of as many curves, so that the
/// work is the sum of the curves' lengths times the logarithm of their number at most, and much less where places are shared.
///
/// ```
/// use runlake_curves::{Curve, align};
/// let sparse = Curve::new(vec![0.0, 10.0], vec![1.0, 2.0]);
/// let other = Curve::new(vec![5.0, 5.0, 10.0], vec![1.0, 2.0, 3.0]);
/// assert_eq!(align::union_of_x([&sparse, &other]), [0.0, 5.0, 10.0]);
/// ```
pub fn union_of_x<'c>(curves: impl IntoIterator<Item = &'c Curve>) -> Vec<f64> {
    // Unions of so many doublings, the largest first: a binary counter of curves.
    let mut unions: Vec<(u32, Vec<f64>)> = Vec::new();
    let mut previous: &[f64] = &[];
    for curve in curves {
        if curve.x() == previous {
            continue;
        }
        previous = curve.x();
        // Adding zero makes `-0.0` into `0.0`.
        let mut union: Vec<f64> = curve.x().iter().map(|x| x + 0.0).collect();
        union.dedup();
        let mut doublings = 0;
        while let Some((_, other)) = unions.pop_if(|(others, _)| *others == doublings) {
            union = merged(other, union);
            doublings += 1;
        }
        unions.push((doublings, union));
    }
    unions.into_iter().rev().map(|(_, union)| union).reduce(merged).unwrap_or_default()
}

/// The union of two strictly ascending axes.
fn merged(a: Vec<f64>, b: Vec<f64>) -> Vec<f64> {
    if a == b || b.is_empty() {
        return a;
    }
    if a.last() < b.first() {
        return [a, b].concat();
    }
    let mut union = Vec::with_capacity(a.len().max(b.len()));
    let (mut at_a, mut at_b) = (0, 0);
    while let (Some(next_a), Some(next_b)) = (a.get(at_a), b.get(at_b)) {
        union.push(if next_b < next_a { *next_b } else { *next_a });
        at_a += usize::from(next_a <= next_b);
        at_b += usize::from(next_b <= next_a);
    }
    union.extend_from_slice(&a[at_a..]);
    union.extend_from_slice(&b[at_b..]);
    union
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::curves;

    #[test]
    fn zeros_are_one_place() {
        let curves = [Curve::new(vec![-0.0, 0.0], vec![1.0; 2]), Curve::new(vec![0.0], vec![1.0]), Curve::default()];
        let union = union_of_x(&curves);
        assert_eq!(union, [0.0]);
        assert!(union[0].is_sign_positive());
        assert!(union_of_x([]).is_empty());
    }

    proptest! {
        #[test]
        fn sorted_and_without_repeats(curves in prop::collection::vec(curves(), 0..12)) {
            let mut expected: Vec<f64> = curves.iter().flat_map(|curve| curve.x().iter().copied()).collect();
            expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
            expected.dedup();
            prop_assert_eq!(union_of_x(&curves), expected);
        }
    }
}
