//! Pages of lists that are short enough to be in memory whole.

use super::{PageInfo, Result, page_size};
use crate::cursor::{Cursor, listing_digest};

/// The most items of one page.
const MAX_PAGE: usize = 10_000;

/// A part of a list: the items with their cursors, and how it goes on.
pub(super) struct Paged<T> {
    pub(super) items: Vec<(T, String)>,
    pub(super) page_info: PageInfo,
    /// How many items the whole list has.
    pub(super) total: usize,
}

/// The first `first` of `items` behind the cursor `after`. `listing` says which list it is, and `key` tells its items apart: a page is
/// right even when items before it have come or gone.
pub(super) fn paged<T>(
    items: Vec<T>,
    listing: &[&str],
    first: Option<i32>,
    after: Option<&str>,
    key: impl Fn(&T) -> String,
) -> Result<Paged<T>> {
    let digest = listing_digest(listing);
    let start = match after.filter(|after| !after.is_empty()) {
        None => 0,
        Some(after) => {
            let cursor = Cursor::parse(after, &digest)?;
            items.iter().position(|item| key(item) == cursor.key).map_or(cursor.index.min(items.len()), |index| index + 1)
        }
    };
    let (total, size) = (items.len(), page_size(first).min(MAX_PAGE));
    let with_cursor = |(index, item): (usize, T)| {
        let cursor = Cursor::new(&digest, &key(&item), index).to_text();
        (item, cursor)
    };
    let items: Vec<(T, String)> = items.into_iter().enumerate().skip(start).take(size).map(with_cursor).collect();
    let page_info = PageInfo {
        end_cursor: items.last().map(|(_, cursor)| cursor.clone()),
        has_next_page: start + items.len() < total && !items.is_empty(),
    };
    Ok(Paged { items, page_info, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_behind_the_item_that_it_ended_with() {
        let page = |items: &[u32], after: Option<&str>| paged(items.to_vec(), &["list"], Some(2), after, u32::to_string).unwrap();
        let first = page(&[1, 2, 3, 4, 5], None);
        assert_eq!((first.items.iter().map(|(item, _)| *item).collect::<Vec<_>>(), first.total), (vec![1, 2], 5));
        let after = first.page_info.end_cursor.as_deref();
        assert!(first.page_info.has_next_page);
        for (items, expected) in [(&[1, 2, 3, 4][..], vec![3, 4]), (&[0, 1, 2, 3], vec![3]), (&[1, 3, 4], vec![3, 4]), (&[1, 2], vec![])] {
            let second = page(items, after);
            assert_eq!(second.items.iter().map(|(item, _)| *item).collect::<Vec<_>>(), expected);
            assert!(!second.page_info.has_next_page);
        }
        assert!(paged(vec![1], &["other"], None, after, u32::to_string).is_err());
    }
}
