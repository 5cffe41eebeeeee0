//! The points that lie exactly at the places of an axis.

use super::search::{Search, last_logged};
use crate::{Aligned, Curve};

/// The value of the point at each place, and none where there is no point. Of several points at one `x` the last logged.
///
/// ```
/// use runlake_curves::{Curve, align};
/// let curve = Curve::new(vec![0.0, 1.0, 1.0, 3.0], vec![0.9, 0.8, 0.7, 0.1]);
/// let aligned = align::exact(&curve, &[0.0, 1.0, 2.0, 3.0]);
/// assert!(aligned.iter().eq([Some(0.9), Some(0.7), None, Some(0.1)]));
/// ```
pub fn exact(curve: &Curve, grid: &[f64]) -> Aligned {
    let (x, y) = last_logged(curve);
    if *x == *grid {
        return Aligned::all(y.into_owned());
    }
    let mut aligned = Aligned::none(grid.len());
    let mut search = Search::new(&x);
    for (at, place) in grid.iter().enumerate() {
        if let Some(last) = search.up_to(*place).checked_sub(1)
            && x[last] == *place
        {
            aligned.set(at, y[last]);
        }
    }
    aligned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, grids, same};

    proptest! {
        #[test]
        fn the_last_of_the_points_at_the_place(curve in curves(), grid in grids()) {
            let expected = grid.iter().map(|place| curve.points().filter(|(x, _)| x == place).last().map(|(_, y)| y));
            same(&exact(&curve, &grid), expected)?;
        }

        #[test]
        fn at_its_own_places_a_curve_is_itself(curve in curves()) {
            same(&exact(&curve, curve.x()), curve.x().iter().map(|place| curve.points().filter(|(x, _)| x == place).last().map(|(_, y)| y)))?;
        }
    }
}
