//! Paging by cursor, in one place for every list of the API.

use std::collections::HashSet;

use futures::{Stream, stream};

use crate::error::{Error, ErrorKind};
use crate::wire::Connection;

/// One page, and how to ask for the next.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// The cursor to go on from; `None` on the last page.
    pub(crate) next: Option<String>,
    /// How many items there are in all, where the service says.
    pub(crate) total: Option<u64>,
}

impl<T> Page<T> {
    /// The page of a connection. The cursor is `endCursor`, or else the last edge's.
    pub(crate) fn of_connection(connection: Option<Connection<T>>, total: Option<u64>) -> Result<Self, ErrorKind> {
        let Some(Connection { edges, page_info }) = connection else { return Ok(Self { items: Vec::new(), next: None, total }) };
        let mut last_cursor = None;
        let mut items = Vec::new();
        for edge in edges.into_iter().flatten() {
            last_cursor = edge.cursor.or(last_cursor);
            items.extend(edge.node);
        }
        let more = page_info.as_ref().is_some_and(|info| info.has_next_page == Some(true));
        let cursor = page_info.and_then(|info| info.end_cursor).filter(|cursor| !cursor.is_empty()).or(last_cursor);
        let next = if more { Some(cursor.ok_or(ErrorKind::MissingCursor)?) } else { None };
        Ok(Self { items, next, total })
    }
}

/// All pages, each fetched when it is asked for. A page may be empty without being the last one; an error ends the stream, once; a
/// cursor that comes twice is an error, not a loop.
pub(crate) fn pages<T, F, Fut>(operation: &'static str, fetch: F) -> impl Stream<Item = Result<Page<T>, Error>>
where
    F: Fn(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>, Error>>,
{
    struct State<F> {
        fetch: F,
        cursor: Option<String>,
        seen: HashSet<String>,
    }
    let state = State { fetch, cursor: None, seen: HashSet::new() };
    stream::try_unfold(Some(state), move |state| async move {
        let Some(mut state) = state else { return Ok(None) };
        let page = (state.fetch)(state.cursor.take()).await?;
        let Some(next) = page.next.clone() else { return Ok(Some((page, None))) };
        if !state.seen.insert(next.clone()) {
            return Err(Error::new(operation, 1, std::time::Duration::ZERO, ErrorKind::RepeatedCursor { cursor: next }));
        }
        state.cursor = Some(next);
        Ok(Some((page, Some(state))))
    })
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, TryStreamExt as _};

    use super::*;

    fn page(items: &[u32], next: Option<&str>) -> Page<u32> {
        Page { items: items.to_vec(), next: next.map(str::to_owned), total: None }
    }

    #[tokio::test]
    async fn an_empty_page_does_not_end_it() {
        let fetch = |cursor: Option<String>| async move {
            Ok(match cursor.as_deref() {
                None => page(&[1, 2], Some("a")),
                Some("a") => page(&[], Some("b")),
                _ => page(&[3], None),
            })
        };
        let pages: Vec<Page<u32>> = pages("list", fetch).try_collect().await.unwrap();
        assert_eq!(pages.into_iter().flat_map(|page| page.items).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_error_ends_it_once() {
        let fetch = |cursor: Option<String>| async move {
            match cursor {
                None => Ok(page(&[1], Some("a"))),
                Some(_) => Err(Error::new("list", 1, std::time::Duration::ZERO, ErrorKind::NoData)),
            }
        };
        let results: Vec<bool> = pages("list", fetch).map(|page| page.is_ok()).collect().await;
        assert_eq!(results, [true, false]);
    }

    #[tokio::test]
    async fn a_circle_is_an_error() {
        let fetch = |cursor: Option<String>| async move { Ok(page(&[1], Some(if cursor.as_deref() == Some("a") { "b" } else { "a" }))) };
        let results: Vec<_> = pages("list", fetch).collect().await;
        assert_eq!(results.len(), 3);
        assert!(matches!(results[2].as_ref().unwrap_err().kind(), ErrorKind::RepeatedCursor { cursor } if cursor == "a"));
    }
}
