//! Fewer points that look like all of them. What is kept is told by index, ascending and once each, so that other columns can follow.
//!
//! | to keep | use |
//! |---|---|
//! | points at even distances, of whatever value | [`even`] |
//! | the look of a line, and each point as it was logged | [`largest_triangle`] |
//! | every spike and every divergence | [`min_max`] |
//!
//! Where at least as many are asked for as there are, all are kept.

mod even;
mod largest_triangle;
mod min_max;

pub use even::even;
pub use largest_triangle::largest_triangle;
pub use min_max::min_max;

/// Where part `part` of `parts` begins when so many rows are parted evenly: `part * rows / parts`, rounded down.
fn part_start(rows: usize, part: usize, parts: usize) -> usize {
    // Wider than the product of two lengths.
    let start = part as u128 * rows as u128 / parts as u128;
    usize::try_from(start).unwrap_or(rows)
}
