//! Pages of rows, read from the bytes of the answer without a tree of values in between.

use std::fmt;

use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::{
    Error,
    transport::{present, unreadable},
    value,
};

/// One record as it came: every member kept, nothing interpreted. [`value`] reads the members.
pub type Row = serde_json::Map<String, Value>;

/// One page of an id walk.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<R = Row> {
    /// The rows, in strictly ascending id order.
    pub rows: Vec<R>,
    /// The id of the last row, from which to go on; `None` when there are no rows.
    pub last_id: Option<i64>,
    /// True when this is the end: fewer rows than asked for, and the server announces no further page.
    pub complete: bool,
    /// The asked page size.
    pub requested: usize,
    /// The server's own link to the next page, for [`Client::next_page_by_url`](crate::Client::next_page_by_url). A
    /// walk does not need it.
    pub next_page_url: Option<String>,
    body: Vec<u8>,
}

impl<R> Page<R> {
    /// The rows as they came, in the order of [`rows`](Self::rows). Reads the answer a second time: for the rare page with
    /// a row that a reader refused.
    pub fn rows_as_sent(&self) -> Vec<Row> {
        let answer = Answer::read(&self.body, &AsSent);
        answer.map(|answer| answer.rows.into_iter().map(|(_, row)| row).collect()).unwrap_or_default()
    }
}

/// Turns the members of a row into what the caller keeps, as they are read.
///
/// A [`Row`] holds every member as a value of its own. Where pages are many, reading straight into the caller's own
/// form takes a fraction of the time and of the memory.
pub trait ReadRow: Sync {
    /// What is kept of a row.
    type Row: Send;

    /// Reads a row to its end. Answers its id, if that is a whole number, and what is kept. A value of an unexpected
    /// type is no error here but a matter of the row: an error ends the page.
    ///
    /// # Errors
    /// Those of `members`.
    fn read<'de, A: MapAccess<'de>>(&self, members: A) -> Result<(Option<i64>, Self::Row), A::Error>;
}

/// Keeps rows as they come.
#[derive(Debug, Clone, Copy)]
pub struct AsSent;

impl ReadRow for AsSent {
    type Row = Row;

    fn read<'de, A: MapAccess<'de>>(&self, members: A) -> Result<(Option<i64>, Row), A::Error> {
        let row = Row::deserialize(serde::de::value::MapAccessDeserializer::new(members))?;
        let id = value::field(&row, "id").and_then(|id| value::integer(id).ok().flatten());
        Ok((id, row))
    }
}

/// Reads a row that is here already, as it was sent.
///
/// # Errors
/// [`Error::Decode`] when the reader refuses it.
pub fn read_row<R: ReadRow>(row: Row, reader: &R) -> Result<(Option<i64>, R::Row), Error> {
    RowSeed(reader)
        .deserialize(Value::Object(row))
        .map_err(|error| unreadable(&error, "the row is not readable"))
}

/// Reads a page and checks it against what was asked for.
pub(crate) fn read_page<R: ReadRow>(
    entity: &str,
    body: Vec<u8>,
    reader: &R,
    requested: usize,
    after: Option<i64>,
) -> Result<Page<R::Row>, Error> {
    let answer = Answer::read(&body, reader)?;
    if answer.rows.len() > requested {
        let got = answer.rows.len();
        return Err(Error::PageTooLarge { entity: entity.to_owned(), asked: requested, got });
    }
    let mut rows = Vec::with_capacity(answer.rows.len());
    // Ids start at 0, so the first page must lie above -1.
    let mut previous = after.unwrap_or(-1);
    for (id, row) in answer.rows {
        let id = id.ok_or_else(|| Error::decode("a row has no usable id"))?;
        if id <= previous {
            return Err(Error::OutOfOrder { entity: entity.to_owned(), previous, found: id });
        }
        previous = id;
        rows.push(row);
    }
    // A server that caps pages below the asked size still announces the next one.
    let complete = rows.is_empty() || (rows.len() < requested && answer.next_page_url.is_none());
    Ok(Page {
        last_id: (!rows.is_empty()).then_some(previous),
        complete,
        requested,
        next_page_url: answer.next_page_url,
        rows,
        body,
    })
}

/// The rows of an answer and its link to the next page, unchecked.
pub(crate) fn read_rows(body: &[u8]) -> Result<(Vec<Row>, Option<String>), Error> {
    let answer = Answer::read(body, &AsSent)?;
    Ok((answer.rows.into_iter().map(|(_, row)| row).collect(), answer.next_page_url))
}

struct Answer<R> {
    rows: Vec<(Option<i64>, R)>,
    next_page_url: Option<String>,
}

impl<T> Answer<T> {
    fn read<R: ReadRow<Row = T>>(body: &[u8], reader: &R) -> Result<Self, Error> {
        let mut json = serde_json::Deserializer::from_slice(present(body)?);
        let read = AnswerSeed(reader).deserialize(&mut json).and_then(|answer| json.end().map(|()| answer));
        read.map_err(|error| unreadable(&error, "the page is not an object with a list of rows"))?
            .ok_or_else(|| Error::decode("items is missing or not a list"))
    }
}

/// The members of an answer that count.
enum Member {
    Items,
    PageDetails,
    Other,
}

impl<'de> serde::Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(name: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Member;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Member, E> {
                Ok(if name.eq_ignore_ascii_case("items") {
                    Member::Items
                } else if name.eq_ignore_ascii_case("pageDetails") {
                    Member::PageDetails
                } else {
                    Member::Other
                })
            }
        }
        name.deserialize_str(Name)
    }
}

struct AnswerSeed<'a, R>(&'a R);

impl<'de, R: ReadRow> DeserializeSeed<'de> for AnswerSeed<'_, R> {
    type Value = Option<Answer<R::Row>>;

    fn deserialize<D: Deserializer<'de>>(self, answer: D) -> Result<Self::Value, D::Error> {
        answer.deserialize_map(self)
    }
}

impl<'de, R: ReadRow> Visitor<'de> for AnswerSeed<'_, R> {
    type Value = Option<Answer<R::Row>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        let mut next_page_url = None;
        while let Some(member) = members.next_key()? {
            match member {
                Member::Items => rows = Some(members.next_value_seed(RowsSeed(self.0))?),
                Member::PageDetails => next_page_url = link(&members.next_value()?),
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(rows.map(|rows| Answer { rows, next_page_url }))
    }
}

fn link(details: &Value) -> Option<String> {
    let link = value::field(details.as_object()?, "nextPageUrl")?.as_str()?;
    (!link.trim().is_empty()).then(|| link.to_owned())
}

struct RowsSeed<'a, R>(&'a R);

impl<'de, R: ReadRow> DeserializeSeed<'de> for RowsSeed<'_, R> {
    type Value = Vec<(Option<i64>, R::Row)>;

    fn deserialize<D: Deserializer<'de>>(self, rows: D) -> Result<Self::Value, D::Error> {
        rows.deserialize_seq(self)
    }
}

impl<'de, R: ReadRow> Visitor<'de> for RowsSeed<'_, R> {
    type Value = Vec<(Option<i64>, R::Row)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = items.next_element_seed(RowSeed(self.0))? {
            rows.push(row);
        }
        Ok(rows)
    }
}

struct RowSeed<'a, R>(&'a R);

impl<'de, R: ReadRow> DeserializeSeed<'de> for RowSeed<'_, R> {
    type Value = (Option<i64>, R::Row);

    fn deserialize<D: Deserializer<'de>>(self, row: D) -> Result<Self::Value, D::Error> {
        row.deserialize_map(self)
    }
}

impl<'de, R: ReadRow> Visitor<'de> for RowSeed<'_, R> {
    type Value = (Option<i64>, R::Row);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        self.0.read(members)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Filter, Query};

    fn read(answer: &Value, requested: usize, after: Option<i64>) -> Result<Page, Error> {
        read_page("Tickets", answer.to_string().into_bytes(), &AsSent, requested, after)
    }

    fn page_of(ids: &[i64], requested: usize, after: Option<i64>, next: Option<&str>) -> Result<Page, Error> {
        let items: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        read(&json!({ "items": items, "pageDetails": { "nextPageUrl": next } }), requested, after)
    }

    #[test]
    fn the_end_is_a_short_page_without_a_link() {
        assert!(page_of(&[0, 1], 3, None, None).unwrap().complete);
        assert!(!page_of(&[0, 1, 2], 3, None, None).unwrap().complete);
        assert!(!page_of(&[0, 1], 3, None, Some("x")).unwrap().complete);
        let empty = page_of(&[], 3, Some(9), Some("x")).unwrap();
        assert!(empty.complete);
        assert_eq!(empty.last_id, None);
    }

    #[test]
    fn a_server_that_ignores_the_question_is_caught() {
        let out_of_order =
            |previous, found| Error::OutOfOrder { entity: "Tickets".to_owned(), previous, found };
        assert_eq!(page_of(&[2, 1], 3, None, None), Err(out_of_order(2, 1)));
        assert_eq!(page_of(&[1, 1], 3, None, None), Err(out_of_order(1, 1)));
        assert_eq!(page_of(&[5, 6], 3, Some(5), None), Err(out_of_order(5, 5)));
        assert_eq!(page_of(&[-4], 3, None, None), Err(out_of_order(-1, -4)));
        let error = page_of(&[1, 2, 3, 4], 3, None, None).unwrap_err();
        assert_eq!(error, Error::PageTooLarge { entity: "Tickets".to_owned(), asked: 3, got: 4 });
    }

    #[test]
    fn what_is_no_page_is_told() {
        for answer in [
            json!({ "items": [{ "a": 1 }] }),
            json!({ "items": [7] }),
            json!({ "items": null }),
            json!({ "rows": [] }),
            json!([]),
            json!(null),
        ] {
            assert!(matches!(read(&answer, 3, None), Err(Error::Decode { .. })), "{answer}");
        }
        let page = read(&json!({ "Items": [{ "ID": "7" }], "PageDetails": null }), 3, None).unwrap();
        assert_eq!(page.last_id, Some(7));
    }

    #[test]
    fn an_answer_that_breaks_off_is_told_from_one_that_is_damaged() {
        let read = |text: &str| read_page("Tickets", text.into(), &AsSent, 3, None);
        assert_eq!(read(r#"{"items":[{"id":1},{"id""#), Err(Error::Truncated));
        for damaged in [r#"{"items":[{"id":1}}"#, r#"{"items":[]} {}"#] {
            assert_eq!(read(damaged), Err(Error::decode("the body is not JSON")), "{damaged}");
        }
    }

    /// What happens after a page was read and before the next one is asked for.
    #[derive(Debug, Clone, Copy)]
    enum Between {
        /// The page is kept.
        Nothing,
        /// It is kept, and meanwhile a row with this id appeared.
        Appeared(i64),
        /// It is kept, and meanwhile the row with this id went away.
        Gone(i64),
        /// Whoever read it ended before it was kept: the walk goes on from the last page that was.
        Kill,
    }

    fn between() -> impl Strategy<Value = Between> {
        prop_oneof![
            2 => Just(Between::Nothing),
            1 => (0_i64..400).prop_map(Between::Appeared),
            1 => (0_i64..400).prop_map(Between::Gone),
            1 => Just(Between::Kill),
        ]
    }

    /// Answers a query as the service does, with fewer rows than asked for where it has a limit of its own.
    fn answer(ids: &BTreeSet<i64>, body: &Value, limit: usize) -> Vec<u8> {
        let position = &body["filter"][0]["items"][0];
        let from = position["value"].as_i64().unwrap() + i64::from(position["op"] == "gt");
        let asked = usize::try_from(body["MaxRecords"].as_u64().unwrap()).unwrap();
        let items: Vec<Value> =
            ids.range(from..).take(asked.min(limit)).map(|id| json!({ "id": id })).collect();
        let more = items.last().is_some_and(|last| ids.range(last["id"].as_i64().unwrap() + 1..).count() > 0);
        let details = json!({ "nextPageUrl": more.then_some("link") });
        json!({ "items": items, "pageDetails": details }).to_string().into_bytes()
    }

    proptest! {
        /// Whatever the page sizes and the gaps between ids, and whatever happens between two pages: what was there all the
        /// time is read once, nothing is read twice, and the walk ends.
        #[test]
        fn walks_lose_nothing_and_double_nothing(
            start in prop::collection::btree_set(0_i64..400, 0..120),
            size in 1_usize..=40,
            limit in 1_usize..=60,
            events in prop::collection::vec(between(), 0..60),
        ) {
            let query = Query::new(Filter::exist("id")).page_size(size);
            let (mut ids, mut touched) = (start.clone(), BTreeSet::new());
            let (mut kept, mut after) = (Vec::new(), None);
            let mut events = events.into_iter();
            // Each turn keeps a row, or is one of the events; the last one is empty at worst.
            for turn in 0.. {
                prop_assert!(turn <= start.len() + 2 * 60 + 1, "the walk does not end");
                let body = answer(&ids, &query.body(after), limit);
                let page = read_page("Tickets", body, &AsSent, size, after).unwrap();
                match events.next().unwrap_or(Between::Nothing) {
                    Between::Kill => continue,
                    Between::Appeared(id) => {
                        ids.insert(id);
                        touched.insert(id);
                    }
                    Between::Gone(id) => {
                        ids.remove(&id);
                        touched.insert(id);
                    }
                    Between::Nothing => {}
                }
                kept.extend(page.rows.iter().map(|row| row["id"].as_i64().unwrap()));
                if page.complete {
                    break;
                }
                after = page.last_id;
            }
            prop_assert!(kept.is_sorted_by(|one, next| one < next), "{kept:?}");
            let kept = BTreeSet::from_iter(kept);
            for id in start.difference(&touched) {
                prop_assert!(kept.contains(id), "{id} was lost");
            }
            for id in kept.difference(&touched) {
                prop_assert!(start.contains(id), "{id} was never there");
            }
        }
    }

    #[test]
    fn a_reader_keeps_what_it_wants_and_the_rest_can_be_had_again() {
        struct Titles;
        impl ReadRow for Titles {
            type Row = Option<String>;

            fn read<'de, A: MapAccess<'de>>(
                &self,
                mut members: A,
            ) -> Result<(Option<i64>, Self::Row), A::Error> {
                let (mut id, mut title) = (None, None);
                while let Some(name) = members.next_key::<String>()? {
                    match name.as_str() {
                        "id" => id = members.next_value()?,
                        "title" => title = members.next_value()?,
                        _ => {
                            members.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok((id, title))
            }
        }
        let items =
            json!([{ "id": 1, "title": "Printer" }, { "id": 2, "queueID": { "deep": [1] }, "title": null }]);
        let body = json!({ "items": items }).to_string().into_bytes();
        let page = read_page("Tickets", body, &Titles, 500, None).unwrap();
        assert_eq!(page.rows, [Some("Printer".to_owned()), None]);
        let sent: Value = page.rows_as_sent().into_iter().map(Value::Object).collect();
        assert_eq!(sent, items);
    }
}
