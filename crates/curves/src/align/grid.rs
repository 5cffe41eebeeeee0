//! Axes of even places.

use crate::Error;
use crate::arithmetic::float;
use crate::error::ErrorKind;

/// So many places at even distances, ascending, with both ends among them exactly. One place is `first`; no places are an empty axis.
///
/// Whole numbers at whole distances come out whole: place `i` is `first + i * (last - first) / (places - 1)`, multiplied before it is
/// divided.
///
/// # Errors
/// [`ErrorKind::Range`] when an end, or their distance, is not finite; when `last` is before `first`; when there is no memory for so many.
///
/// ```
/// use runlake_curves::align::even_grid;
/// assert_eq!(even_grid(0.0, 100.0, 5)?, [0.0, 25.0, 50.0, 75.0, 100.0]);
/// assert_eq!(even_grid(3.0, 7.0, 1)?, [3.0]);
/// assert!(even_grid(0.0, f64::NAN, 5).is_err());
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn even_grid(first: f64, last: f64, places: usize) -> Result<Vec<f64>, Error> {
    let no_grid = || Error::from(ErrorKind::Range { first, last, count: places });
    if !(last - first).is_finite() || last < first {
        return Err(no_grid());
    }
    let mut grid = Vec::new();
    grid.try_reserve_exact(places).map_err(|_full| no_grid())?;
    grid.extend((0..places).map(|at| even_place(first, last, at, places - 1)));
    Ok(grid)
}

/// The place after `steps` of `of` even steps from `first` to `last`.
#[inline]
pub(super) fn even_place(first: f64, last: f64, steps: usize, of: usize) -> f64 {
    if steps == 0 {
        return first;
    }
    if steps >= of {
        return last;
    }
    let (way, steps, of) = (last - first, float(steps), float(of));
    let product = way * steps;
    let place = first + if product.is_finite() { product / of } else { way / of * steps };
    place.min(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_no_grid_says_so() {
        let told = |first, last, places| even_grid(first, last, places).map_err(|error| error.to_string()).unwrap_err();
        insta::assert_snapshot!(told(0.0, f64::NAN, 3), @"3 even places cannot be laid from 0.0 to NaN");
        insta::assert_snapshot!(told(1.0, 0.0, 3), @"3 even places cannot be laid from 1.0 to 0.0");
        insta::assert_snapshot!(told(-f64::MAX, f64::MAX, 3), @"3 even places cannot be laid from -1.7976931348623157e308 to 1.7976931348623157e308");
        insta::assert_snapshot!(told(0.0, 1.0, usize::MAX), @"18446744073709551615 even places cannot be laid from 0.0 to 1.0");
    }

    #[test]
    fn few_places() {
        assert!(even_grid(1.0, 2.0, 0).unwrap().is_empty());
        assert_eq!(even_grid(1.0, 1.0, 3).unwrap(), [1.0, 1.0, 1.0]);
        assert_eq!(even_grid(0.0, 1e308, 3).unwrap(), [0.0, 5e307, 1e308]);
        assert_eq!(even_grid(0.0, 1.0, 11).unwrap()[3].to_string(), "0.3");
    }

    proptest! {
        #[test]
        fn ascending_even_and_exact_at_the_ends(first in -1e6..1e6_f64, way in 0.0..1e6_f64, places in 2_usize..500) {
            let last = first + way;
            let grid = even_grid(first, last, places).unwrap();
            prop_assert_eq!((grid.len(), grid[0], grid[places - 1]), (places, first, last));
            prop_assert!(grid.is_sorted());
            for (at, place) in grid.iter().enumerate() {
                let expected = first + way * (at as f64 / (places - 1) as f64);
                prop_assert!((place - expected).abs() <= 1e-9, "{} {}", place, expected);
            }
        }
    }
}
