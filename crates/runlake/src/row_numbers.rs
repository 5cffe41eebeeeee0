//! Ascending numbers, such as those of the rows that hold a key: mostly without a gap.

use std::ops::Range;

/// Ascending numbers. They take no room as long as none between them is left out.
#[derive(Clone, Debug)]
pub(crate) enum RowNumbers {
    Stretch(Range<usize>),
    Scattered(Vec<usize>),
}

impl Default for RowNumbers {
    fn default() -> Self {
        Self::Stretch(0..0)
    }
}

impl RowNumbers {
    /// Adds a number that is greater than all before it.
    #[inline]
    pub(crate) fn push(&mut self, number: usize) {
        match self {
            Self::Stretch(stretch) if stretch.end == number => stretch.end += 1,
            Self::Stretch(stretch) if Range::is_empty(stretch) => *stretch = number..number + 1,
            Self::Stretch(stretch) => *self = Self::Scattered(stretch.clone().chain([number]).collect()),
            Self::Scattered(numbers) => numbers.push(number),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.stretches().flatten()
    }

    /// The numbers as ranges that are not empty and do not touch.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        let (whole, scattered) = match self {
            Self::Stretch(stretch) => (Some(stretch.clone()), [].as_slice()),
            Self::Scattered(numbers) => (None, numbers.as_slice()),
        };
        let of_scattered = scattered.chunk_by(|one, next| one + 1 == *next).map(|stretch| stretch[0]..stretch[0] + stretch.len());
        whole.into_iter().filter(|stretch| !stretch.is_empty()).chain(of_scattered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        let rows = |numbers: &[usize]| {
            let mut rows = RowNumbers::default();
            for number in numbers {
                rows.push(*number);
            }
            rows
        };
        for numbers in [&[][..], &[0], &[5], &[3, 4, 5], &[0, 2], &[4, 5, 8, 9, 20]] {
            assert_eq!(rows(numbers).iter().collect::<Vec<_>>(), numbers);
        }
        assert_eq!(rows(&[4, 5, 8, 9, 20]).stretches().collect::<Vec<_>>(), [4..6, 8..10, 20..21]);
        assert_eq!(RowNumbers::default().stretches().count(), 0);
    }
}
