//! Reads paged lists. The total that the server reports may be wrong, so page and item limits apply.

use std::collections::HashSet;

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::{Client, Error, LIST_TIMEOUT, rate_limit::Kind, retry};
use crate::secret::Secret;

/// Page limit (R39). A list whose item limit needs more pages may read more.
const MAX_PAGES: usize = 10;

/// Kisi's largest `offset`, and so the largest number of items in a list.
pub(super) const MAX: usize = 20_000;

/// Which list to read, and how much of it.
pub(super) struct Query<'a> {
    pub(super) path: &'a str,
    pub(super) filter: &'a [(&'a str, &'a str)],
    /// Items per page.
    pub(super) page: usize,
    /// Largest number of items in total.
    pub(super) max: usize,
}

pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) dropped: usize,
    pub(super) truncated: bool,
}

impl Client {
    /// Reads a list page by page until it ends, repeats itself or reaches a limit.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        login: &Secret<String>,
        Query { path, filter, page: size, max }: Query<'_>,
        id: impl Fn(&T) -> u64,
    ) -> Result<List<T>, Error> {
        let mut list = List { items: Vec::new(), dropped: 0, truncated: false };
        let mut seen = HashSet::new();
        let mut offset = 0;
        // Without a total, only a page that is shorter than the first one is known to be the last: a server may send
        // fewer items than it was asked for.
        let mut first = None;
        for _ in 0..MAX_PAGES.max(max.div_ceil(size)) {
            let query = [("limit", size), ("offset", offset)];
            let (page, total): (Vec<serde_json::Value>, _) = retry::read(async || {
                let request = self.request(Method::GET, &[path], login)?.query(filter).query(&query);
                self.rate_limit.wait(Kind::Read).await;
                self.ask(operation, request.timeout(LIST_TIMEOUT)).await
            })
            .await?;
            let received = page.len();
            let before = list.items.len();
            for item in page {
                match serde_json::from_value::<T>(item) {
                    Ok(item) if seen.insert(id(&item)) => list.items.push(item),
                    Ok(_) => {}
                    Err(_) => list.dropped += 1,
                }
            }
            offset += received;
            let is_last = total.map_or(received < *first.get_or_insert(received), |total| total <= offset);
            if 0 < received && list.items.is_empty() {
                // An array of other things is not Kisi's list.
                return Err(Error::NotKisi { status: 200 });
            }
            if received == 0 || is_last {
                list.truncated = total.is_some_and(|total| offset < total);
                return Ok(list);
            }
            if max <= list.items.len() || list.items.len() == before {
                break;
            }
        }
        // The server has more items than were read, or claims to.
        list.items.truncate(max);
        list.truncated = true;
        Ok(list)
    }
}
