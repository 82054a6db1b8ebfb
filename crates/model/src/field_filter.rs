//! Conditions on the fields of an entity: how Autotask itself is asked for the rows that a dataset has.
//!
//! A dataset says them of its rows, and columns of themselves (`catalogue/datasets/*.toml`). What is put together here
//! from several records has none.

use crate::gauge::{Condition, Op, Scalar};
use serde::{Deserialize, Serialize};

/// A condition on fields of one entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldFilter {
    /// At least one holds.
    Any {
        /// These.
        any: Vec<FieldFilter>,
    },
    /// All hold.
    Every {
        /// These.
        every: Vec<FieldFilter>,
    },
    /// The field has a value whose label is like this.
    Like {
        /// The field, of a picklist.
        field: String,
        /// A regular expression as Postgres has them, in any case.
        like: String,
    },
    /// The field has no value, or one whose label is not like this.
    Unlike {
        /// The field, of a picklist.
        field: String,
        /// A regular expression as Postgres has them, in any case.
        unlike: String,
    },
    /// A comparison; its column is the name of the field.
    Compared(Condition),
}

impl FieldFilter {
    /// A comparison of a field.
    pub fn compared(field: &str, op: Op, value: Scalar) -> Self {
        FieldFilter::Compared(Condition { column: field.to_owned(), op, value })
    }

    /// That a field has no value.
    pub fn empty(field: &str) -> Self {
        FieldFilter::compared(field, Op::Empty, Scalar::Nothing)
    }

    /// What holds for a row exactly where this does not; `None` where Autotask has no such comparison.
    pub fn negated(&self) -> Option<Self> {
        let each =
            |filters: &[FieldFilter]| filters.iter().map(FieldFilter::negated).collect::<Option<Vec<_>>>();
        Some(match self {
            FieldFilter::Any { any } => FieldFilter::Every { every: each(any)? },
            FieldFilter::Every { every } => FieldFilter::Any { any: each(every)? },
            FieldFilter::Like { field, like } => {
                FieldFilter::Unlike { field: field.clone(), unlike: like.clone() }
            }
            FieldFilter::Unlike { field, unlike } => {
                FieldFilter::Like { field: field.clone(), like: unlike.clone() }
            }
            FieldFilter::Compared(condition) => {
                let with = |op: Op| FieldFilter::Compared(Condition { op, ..condition.clone() });
                // A comparison of size does not hold for a row without a value.
                let or_empty =
                    |op: Op| FieldFilter::Any { any: vec![with(op), FieldFilter::empty(&condition.column)] };
                match condition.op {
                    Op::Is => with(Op::IsNot),
                    Op::IsNot => with(Op::Is),
                    Op::In => with(Op::NotIn),
                    Op::NotIn => with(Op::In),
                    Op::Empty => with(Op::Filled),
                    Op::Filled => with(Op::Empty),
                    Op::Over => or_empty(Op::AtMost),
                    Op::AtMost => or_empty(Op::Over),
                    Op::Under => or_empty(Op::AtLeast),
                    Op::AtLeast => or_empty(Op::Under),
                    Op::Contains => return None,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> FieldFilter {
        #[derive(Deserialize)]
        struct File {
            filter: FieldFilter,
        }
        toml::from_str::<File>(&format!("filter = {text}")).unwrap().filter
    }

    #[test]
    fn files_say_them_as_people_would() {
        let status = |op| FieldFilter::compared("status", op, Scalar::Number(5.0));
        for (text, wanted, negated) in [
            (r#"{ column = "status", value = 5 }"#, status(Op::Is), Some(status(Op::IsNot))),
            (
                r#"{ column = "status", op = "over", value = 5 }"#,
                status(Op::Over),
                Some(FieldFilter::Any { any: vec![status(Op::AtMost), FieldFilter::empty("status")] }),
            ),
            (
                r#"{ any = [{ field = "stage", like = "won" }, { column = "status", op = "empty" }] }"#,
                FieldFilter::Any {
                    any: vec![
                        FieldFilter::Like { field: "stage".to_owned(), like: "won".to_owned() },
                        FieldFilter::empty("status"),
                    ],
                },
                Some(FieldFilter::Every {
                    every: vec![
                        FieldFilter::Unlike { field: "stage".to_owned(), unlike: "won".to_owned() },
                        FieldFilter::compared("status", Op::Filled, Scalar::Nothing),
                    ],
                }),
            ),
            (
                r#"{ every = [{ column = "title", op = "contains", value = "a" }] }"#,
                FieldFilter::Every {
                    every: vec![FieldFilter::compared("title", Op::Contains, Scalar::Text("a".to_owned()))],
                },
                None,
            ),
        ] {
            let filter = read(text);
            assert_eq!((&filter, filter.negated()), (&wanted, negated), "{text}");
        }
    }
}
