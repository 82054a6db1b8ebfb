//! What an address chooses of a table.

use crate::address::encode;
use std::fmt::Write as _;
use taskgauge_model::{
    dataset::TableQuery,
    gauge::{Condition, Op, Scalar},
    words::OPS,
};

/// Rows on a page.
pub const PAGE_ROWS: u32 = 50;
/// Most names and values of an address that are read.
const PAIRS_MAX: usize = 2_000;

/// What an address chooses of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// Words that are looked for.
    pub search: String,
    /// Column to sort by, with `-` in front for descending; empty for the table's own order.
    pub sort: String,
    /// The page, from 1; 0 means the first one.
    pub page: u64,
    /// Columns; empty for the table's own.
    pub columns: Vec<String>,
    /// Conditions that rows meet.
    pub wishes: Vec<Wish>,
    /// What else the address says, which stays as it is.
    pub rest: Vec<(String, String)>,
}

/// A condition as somebody typed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The column.
    pub column: String,
    /// The comparison.
    pub op: Op,
    /// What it is compared with.
    pub text: String,
}

impl Wish {
    /// Whether there is nothing to compare with and nothing is needed.
    const fn is_bare(&self) -> bool {
        matches!(self.op, Op::Empty | Op::Filled)
    }
}

impl Choice {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn read(pairs: Vec<(String, String)>) -> Result<Choice, String> {
        if pairs.len() > PAIRS_MAX {
            return Err("This address asks for too much at once.".to_owned());
        }
        let mut choice = Choice::default();
        let (mut columns, mut ops, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in pairs {
            match name.as_str() {
                "q" => choice.search = value,
                "sort" => choice.sort = value,
                "page" if value.is_empty() => {}
                "page" => {
                    let page = value.parse().ok().filter(|page| *page > 0);
                    choice.page =
                        page.ok_or_else(|| format!("“{}” is no number of a page.", short(&value)))?;
                }
                // A form sends one per box; links join them.
                "columns" => {
                    let named = value.split(',').filter(|name| !name.is_empty());
                    choice.columns.extend(named.map(str::to_owned));
                }
                "column" => columns.push(value),
                "op" => ops.push(value),
                "text" => texts.push(value),
                _ => choice.rest.push((name, value)),
            }
        }
        for (place, column) in columns.into_iter().enumerate().filter(|(_, column)| !column.is_empty()) {
            let op = match ops.get(place).map(String::as_str) {
                None | Some("") => Op::Contains,
                Some(name) => OPS
                    .iter()
                    .find(|(_, known, _)| *known == name)
                    .map(|(op, _, _)| *op)
                    .ok_or_else(|| format!("There is no comparison “{}”.", short(name)))?,
            };
            let text = texts.get(place).cloned().unwrap_or_default();
            let wish = Wish { column, op, text };
            if wish.is_bare() || !wish.text.is_empty() {
                choice.wishes.push(wish);
            }
        }
        Ok(choice)
    }

    /// What is asked of the store: a page.
    pub fn query(&self) -> TableQuery {
        let conditions = self.wishes.iter().map(|wish| Condition {
            column: wish.column.clone(),
            op: wish.op,
            value: if wish.is_bare() { Scalar::Nothing } else { Scalar::Text(wish.text.clone()) },
        });
        TableQuery {
            columns: self.columns.clone(),
            sort: self.sort.clone(),
            search: self.search.clone(),
            conditions: conditions.collect(),
            offset: self.page.saturating_sub(1).saturating_mul(u64::from(PAGE_ROWS)),
            limit: PAGE_ROWS,
        }
    }

    /// Why there is no such page of so many rows.
    pub fn beyond(&self, total: u64) -> Option<String> {
        let pages = total.div_ceil(u64::from(PAGE_ROWS)).max(1);
        let s = if pages == 1 { "" } else { "s" };
        (self.page > pages)
            .then(|| format!("There is no page {}: these rows fill {pages} page{s}.", self.page))
    }

    /// Whether rows are left out that the table would have otherwise.
    pub const fn is_narrow(&self) -> bool {
        !self.search.is_empty() || !self.wishes.is_empty()
    }

    /// A value of the rest of the address.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.rest.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The address of the same choice.
    pub fn address(&self) -> String {
        let mut way = self.reset();
        let mut add = |name: &str, value: &str| push(&mut way, name, value);
        let page = if self.page > 1 { self.page.to_string() } else { String::new() };
        let columns = self.columns.join(",");
        for (name, value) in
            [("q", &self.search), ("sort", &self.sort), ("page", &page), ("columns", &columns)]
        {
            if !value.is_empty() {
                add(name, value);
            }
        }
        for wish in &self.wishes {
            add("column", &wish.column);
            add("op", wish.op.words().0);
            add("text", &wish.text);
        }
        way
    }

    /// The address with nothing chosen of the table.
    pub fn reset(&self) -> String {
        let mut way = String::from("?");
        for (name, value) in &self.rest {
            push(&mut way, name, value);
        }
        way
    }

    /// The address of the same rows in another order, from the first page on.
    pub fn sorted(&self, sort: &str) -> String {
        Choice { sort: sort.to_owned(), page: 0, ..self.clone() }.address()
    }

    /// The address of another page.
    pub fn paged(&self, page: u64) -> String {
        Choice { page, ..self.clone() }.address()
    }
}

fn push(way: &mut String, name: &str, value: &str) {
    let separator = if way.ends_with('?') { "" } else { "&" };
    // Writing to a string does not fail.
    let _ = write!(way, "{separator}{}={}", encode(name), encode(value));
}

/// Something from outside, short enough for a message.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Choice, String> {
        Choice::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn addresses_keep_what_was_chosen() {
        let choice =
            read(&[("q", "a&b ü"), ("page", "3"), ("sort", "-title"), ("source", "2"), ("k", "")]).unwrap();
        assert_eq!(choice.paged(4), "?source=2&k=&q=a%26b%20%C3%BC&sort=-title&page=4");
        assert_eq!(choice.sorted("title"), "?source=2&k=&q=a%26b%20%C3%BC&sort=title");
        assert_eq!(choice.reset(), "?source=2&k=");
        assert_eq!((choice.query().offset, choice.get("source")), (100, Some("2")));
    }

    #[test]
    fn conditions_are_read_in_rows() {
        let choice = read(&[
            ("column", "status"),
            ("op", "is_not"),
            ("text", "New"),
            ("column", ""),
            ("op", "contains"),
            ("text", ""),
            ("column", "queue"),
            ("op", "empty"),
            ("text", "ignored"),
            ("column", "title"),
            ("op", "contains"),
            ("text", ""),
        ])
        .unwrap();
        let conditions = choice.query().conditions;
        assert_eq!(conditions.len(), 2, "one without a column and one without words are none");
        assert_eq!((conditions[0].op, &conditions[0].value), (Op::IsNot, &Scalar::Text("New".to_owned())));
        assert_eq!((conditions[1].op, &conditions[1].value), (Op::Empty, &Scalar::Nothing));
        // Without a comparison it is one of words.
        assert_eq!(read(&[("column", "title"), ("text", "x")]).unwrap().wishes[0].op, Op::Contains);
        let again = choice.address();
        assert_eq!(again, "?column=status&op=is_not&text=New&column=queue&op=empty&text=ignored");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_a_sentence() {
        for (pairs, wanted) in [
            (vec![("page", "abc")], "“abc” is no number of a page."),
            (vec![("page", "0")], "“0” is no number of a page."),
            (vec![("page", "99999999999999999999999")], "is no number of a page."),
            (vec![("column", "a"), ("op", "like"), ("text", "b")], "There is no comparison “like”."),
            (vec![("k", "x"); 2_001], "too much at once"),
        ] {
            let why = read(&pairs).expect_err("a refusal");
            assert!(why.contains(wanted), "{why}");
        }
        let far = read(&[("page", "9999999999999999999")]).unwrap();
        assert_eq!(far.query().offset, u64::MAX);
        assert_eq!(
            far.beyond(51).as_deref(),
            Some("There is no page 9999999999999999999: these rows fill 2 pages.")
        );
        assert_eq!((read(&[("page", "2")]).unwrap().beyond(51), Choice::default().beyond(0)), (None, None));
    }
}
