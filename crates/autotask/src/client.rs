//! Reading one tenant.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::{
    AsSent, EntityInfo, Error, Field, Filter, Module, Page, Query, ReadRow, Row, Thresholds,
    UserDefinedField, Version,
    connector::{foreign, join},
    credentials::Identity,
    limits::{Account, Place, lock},
    metadata,
    page::{read_page, read_rows},
    transport::{Call, Observer, Transport, read_json, read_json_or_null},
    value,
};

/// A read client for one tenant. Clones share counters and connections. Limits are shared more widely: by all clients
/// of a [`Connector`](crate::Connector) and its clones that have the same integration code and the same origin, since
/// Autotask counts them together.
///
/// At most [`Options::concurrency_per_entity`](crate::Options::concurrency_per_entity) requests run at once per
/// entity, and [`set_pace`](Self::set_pace) spaces the starts of all of them. Each attempt of a request waits for both
/// anew: while one waits to be repeated, others have its place. Waiting is not counted towards
/// [`Options::request_timeout`](crate::Options::request_timeout).
///
/// Collection names are those of the API (`Tickets`); their case does not matter.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<Transport>,
    root: Url,
    identity: Identity,
    account: Arc<Account>,
    /// Attempts by entity, in lower case.
    requests_by_entity: Mutex<HashMap<String, u64>>,
    requests: AtomicU64,
    server_date: Mutex<Option<DateTime<Utc>>>,
}

/// Keeps the attempts for an entity within the limits, and counts them.
struct Watch<'a> {
    inner: &'a Inner,
    entity: &'a str,
}

impl Observer for Watch<'_> {
    type Place = Place;

    async fn attempt(&self) -> Place {
        let place = self.inner.account.start(self.entity).await;
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        *lock(&self.inner.requests_by_entity).entry(self.entity.to_ascii_lowercase()).or_default() += 1;
        place
    }

    fn server_date(&self, date: DateTime<Utc>) {
        *lock(&self.inner.server_date) = Some(date);
    }

    fn crowded(&self) {
        self.inner.account.crowded(self.entity);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("api_url", &self.inner.root.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(
        transport: Arc<Transport>,
        root: Url,
        identity: Identity,
        account: Arc<Account>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                transport,
                root,
                identity,
                account,
                requests_by_entity: Mutex::default(),
                requests: AtomicU64::new(0),
                server_date: Mutex::default(),
            }),
        }
    }

    /// The root of the tenant's API.
    pub fn api_url(&self) -> &Url {
        &self.inner.root
    }

    /// The API's version. Needs valid credentials and no permission, so it is the best test of a connection.
    pub async fn version(&self) -> Result<Version, Error> {
        metadata::version(&self.get_path("Version", "Version", "version").await?)
    }

    /// The tenant's request limit and its use. The call itself counts towards it.
    pub async fn thresholds(&self) -> Result<Thresholds, Error> {
        metadata::thresholds(
            &self.get_path("ThresholdInformation", "ThresholdInformation", "thresholds").await?,
        )
    }

    /// The tenant's modules.
    pub async fn modules(&self) -> Result<Vec<Module>, Error> {
        metadata::modules(&self.get_path("Modules", "Modules", "modules").await?)
    }

    /// What can be done with an entity, by its nature and by this user.
    pub async fn info(&self, entity: &str) -> Result<EntityInfo, Error> {
        let path = format!("{}/entityInformation", collection(entity)?);
        metadata::entity_info(&self.get_path(entity, &path, "info").await?)
    }

    /// The fields of an entity, with their picklists. Large and slow to change: keep it for hours.
    pub async fn fields(&self, entity: &str) -> Result<Vec<Field>, Error> {
        let path = format!("{}/entityInformation/fields", collection(entity)?);
        metadata::fields(&self.get_path(entity, &path, "fields").await?)
    }

    /// The user-defined fields of an entity; none when it cannot have any (which some entities tell with a 404).
    pub async fn user_defined_fields(&self, entity: &str) -> Result<Vec<UserDefinedField>, Error> {
        let path = format!("{}/entityInformation/userDefinedFields", collection(entity)?);
        match self.get_path(entity, &path, "user-defined fields").await {
            Ok(answer) => metadata::user_defined_fields(&answer),
            Err(Error::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The number of rows that match and that the user may see.
    pub async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, Error> {
        filter.validate()?;
        let url = self.url(&format!("{}/query/count", collection(entity)?))?;
        let body = filter.count_body();
        metadata::query_count(&self.call(entity, "count", Method::POST, url, Some(&body), read_json).await?)
    }

    /// One page: the matching rows with the lowest ids above `after`, or from id 0 on.
    ///
    /// The server's answer is checked: rows out of order or from before `after` are [`Error::OutOfOrder`], more rows
    /// than asked for are [`Error::PageTooLarge`].
    pub async fn page(&self, entity: &str, query: &Query, after: Option<i64>) -> Result<Page, Error> {
        self.page_of(entity, query, after, &AsSent).await
    }

    /// One page like [`page`](Self::page), its rows in the form that `reader` gives them.
    pub async fn page_of<R: ReadRow>(
        &self,
        entity: &str,
        query: &Query,
        after: Option<i64>,
        reader: &R,
    ) -> Result<Page<R::Row>, Error> {
        query.validate()?;
        let url = self.url(&format!("{}/query", collection(entity)?))?;
        let body = query.body(after);
        let read = |answer: Vec<u8>| read_page(entity, answer, reader, query.page_size, after);
        self.call(entity, "page", Method::POST, url, Some(&body), read).await
    }

    /// All pages above `after`. Ends after the page that is complete, or after the first error; go on later with the
    /// last page's [`last_id`](Page::last_id).
    ///
    /// Pages are not a snapshot. A row that starts to match after the walk passed its id is missed, so start the next
    /// incremental walk at the beginning of this one, with some overlap.
    pub fn walk(
        &self,
        entity: &str,
        query: Query,
        after: Option<i64>,
    ) -> impl Stream<Item = Result<Page, Error>> + Send + Unpin + 'static + use<> {
        let client = self.clone();
        let entity = entity.to_owned();
        Box::pin(stream::try_unfold(Some(after), move |position| {
            let client = client.clone();
            let entity = entity.clone();
            let query = query.clone();
            async move {
                let Some(after) = position else { return Ok(None) };
                let page = client.page(&entity, &query, after).await?;
                let next = (!page.complete).then_some(page.last_id);
                Ok(Some((page, next)))
            }
        }))
    }

    /// The page behind [`Page::next_page_url`], for the page that was asked for with the same `query` and `after`.
    ///
    /// The link is followed with the verb and the body of the first page, as the server demands, and only within
    /// this tenant's API: any other address is [`Error::Origin`]. The server keeps 50 pages of a query at most, so
    /// [`walk`](Self::walk) is the better way.
    pub async fn next_page_by_url(
        &self,
        entity: &str,
        query: &Query,
        after: Option<i64>,
        next_page_url: &str,
    ) -> Result<Page, Error> {
        query.validate()?;
        let from = self.url(&format!("{}/query", collection(entity)?))?;
        let url = self.next_url(entity, &from, next_page_url)?;
        let body = query.body(after);
        let read = |answer: Vec<u8>| read_page(entity, answer, &AsSent, query.page_size, after);
        self.call(entity, "next page", Method::POST, url, Some(&body), read).await
    }

    /// One row with all of its fields, or `None` when there is none. (A missing row is told in three ways: 404, an
    /// `item` of null, or nothing at all.)
    pub async fn get(&self, entity: &str, id: i64) -> Result<Option<Row>, Error> {
        let url = self.url(&format!("{}/{id}", collection(entity)?))?;
        let answer = match self.call(entity, "get", Method::GET, url, None, read_json_or_null).await {
            Ok(Value::Null) | Err(Error::NotFound) => return Ok(None),
            Ok(Value::Object(answer)) => answer,
            Ok(_) => return Err(Error::decode("the record is not an object")),
            Err(error) => return Err(error),
        };
        // Attachments come as a list of one.
        let item = match (value::field(&answer, "item"), value::field(&answer, "items")) {
            (Some(item), _) => item,
            (None, Some(Value::Array(items))) => items.first().unwrap_or(&Value::Null),
            (None, _) => return Err(Error::decode("the answer has no item")),
        };
        match item {
            Value::Null => Ok(None),
            Value::Object(row) => Ok(Some(row.clone())),
            _ => Err(Error::decode("the record is not an object")),
        }
    }

    /// All rows of a nested collection, such as the `Notes` of one of the `Tickets`. One request per parent at
    /// least: for many parents query the child's own collection with a list of parent ids.
    pub async fn children(&self, parent: &str, parent_id: i64, child: &str) -> Result<Vec<Row>, Error> {
        let mut url = self.url(&format!("{}/{parent_id}/{}", collection(parent)?, collection(child)?))?;
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        loop {
            if !seen.insert(url.clone()) {
                return Err(Error::decode("the pages of a nested collection run in a circle"));
            }
            let read = |answer: Vec<u8>| read_rows(&answer);
            let (mut page, next) =
                self.call(parent, "children", Method::GET, url.clone(), None, read).await?;
            let is_empty = page.is_empty();
            rows.append(&mut page);
            match next {
                // These pages follow a GET, so their links are GETs too.
                Some(next) if !is_empty => url = self.next_url(parent, &url, &next)?,
                _ => return Ok(rows),
            }
        }
    }

    /// Sets the pace: the least time between the starts of two requests, over all entities and all clients with this
    /// integration code at this origin. `None`, the default, is no limit; more than an hour counts as an hour.
    ///
    /// Meant to be set from [`thresholds`](Self::thresholds), to stay within a share of the hourly allowance: 7 200
    /// milliseconds make 500 requests an hour. It holds at once, also for requests that wait already, and until it is
    /// set again or the last of these clients is gone. Repetitions, and the calls for thresholds, version and modules,
    /// keep to it; zone discovery, which carries no credentials, does not.
    pub fn set_pace(&self, interval: Option<Duration>) {
        self.inner.account.set_pace(interval);
    }

    /// HTTP attempts so far, repetitions included.
    pub fn requests(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// HTTP attempts so far for one entity, all of its endpoints and repetitions included. Nested collections count
    /// for their parent.
    pub fn requests_for(&self, entity: &str) -> u64 {
        lock(&self.inner.requests_by_entity).get(&entity.to_ascii_lowercase()).copied().unwrap_or_default()
    }

    /// The server's clock at its latest answer.
    pub fn last_server_date(&self) -> Option<DateTime<Utc>> {
        *lock(&self.inner.server_date)
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url, Error> {
        join(&self.inner.root, &format!("V1.0/{path}"))
    }

    /// Resolves a link from an answer. It is remote input: it must stay on this origin and below the API's root.
    fn next_url(&self, entity: &str, from: &Url, link: &str) -> Result<Url, Error> {
        let root = &self.inner.root;
        let names_collection = link
            .split_once('/')
            .is_some_and(|(first, _)| !first.is_empty() && first.eq_ignore_ascii_case(entity));
        let resolved = if names_collection { self.url(link) } else { join(from, link) };
        let url = resolved.map_err(|_| Error::decode("the link to the next page is not an address"))?;
        let has_user_info = !url.username().is_empty() || url.password().is_some();
        let below_root =
            url.path().get(..root.path().len()).is_some_and(|start| start.eq_ignore_ascii_case(root.path()));
        if url.origin() != root.origin() || has_user_info || !below_root {
            return Err(foreign(&url));
        }
        Ok(url)
    }

    async fn get_path(&self, entity: &str, path: &str, operation: &'static str) -> Result<Value, Error> {
        self.call(entity, operation, Method::GET, self.url(path)?, None, read_json).await
    }

    pub(crate) async fn call<T: Send>(
        &self,
        entity: &str,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<&Value>,
        read: impl Fn(Vec<u8>) -> Result<T, Error> + Send + Sync,
    ) -> Result<T, Error> {
        let inner = &*self.inner;
        let call = Call { method, url, body, identity: Some(&inner.identity), entity, operation };
        inner.transport.send(&call, read, &Watch { inner, entity }).await
    }
}

/// A collection name is one plain path segment; anything else could change the address.
pub(crate) fn collection(name: &str) -> Result<&str, Error> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(name)
    } else {
        Err(Error::InvalidQuery("a collection's name is made of letters and digits".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_change_the_address() {
        for name in ["", "Tickets/1", "..", "Tickets?x", "Tïckets"] {
            assert!(collection(name).is_err(), "{name}");
        }
        assert!(collection("Tickets").is_ok());
    }
}
