//! Three-way merge of what somebody changed with a newer default: gauges and dashboards improve with releases without
//! touching what people changed.

use serde_json::{Map, Value};

/// Members by which the entries of a list are known again: layers and values, tiles, groups, conditions.
const KEYS: [&str; 4] = ["id", "gauge", "by", "column"];

/// What `edited` becomes now that the `base` it was made from has become `shipped`.
///
/// What was not edited follows the default; what was edited stays, even where the default changed, too. Objects are
/// merged member by member, lists entry by entry where each of their entries can be known again.
pub fn three_way(base: &Value, shipped: &Value, edited: &Value) -> Value {
    if edited == base {
        return shipped.clone();
    }
    if shipped == base || shipped == edited {
        return edited.clone();
    }
    match (base, shipped, edited) {
        (Value::Object(base), Value::Object(shipped), Value::Object(edited)) => {
            Value::Object(objects(base, shipped, edited))
        }
        (Value::Array(base), Value::Array(shipped), Value::Array(edited)) => {
            lists(base, shipped, edited).map_or_else(|| Value::Array(edited.clone()), Value::Array)
        }
        _ => edited.clone(),
    }
}

fn objects(
    base: &Map<String, Value>,
    shipped: &Map<String, Value>,
    edited: &Map<String, Value>,
) -> Map<String, Value> {
    let names = shipped.keys().chain(edited.keys().filter(|name| !shipped.contains_key(*name)));
    names
        .filter_map(|name| Some((name.clone(), member(base.get(name), shipped.get(name), edited.get(name))?)))
        .collect()
}

/// A member or entry, each side of which may lack it.
fn member(base: Option<&Value>, shipped: Option<&Value>, edited: Option<&Value>) -> Option<Value> {
    match (base, shipped, edited) {
        (Some(base), Some(shipped), Some(edited)) => Some(three_way(base, shipped, edited)),
        // Removed here, or there without having been touched here.
        (Some(_), _, None) => None,
        (Some(base), None, Some(edited)) => (base != edited).then(|| edited.clone()),
        (None, _, Some(edited)) => Some(edited.clone()),
        (None, shipped, None) => shipped.cloned(),
    }
}

/// Lists merged entry by entry; `None` where entries cannot be told apart.
fn lists(base: &[Value], shipped: &[Value], edited: &[Value]) -> Option<Vec<Value>> {
    let (base, shipped, edited) = (keyed(base)?, keyed(shipped)?, keyed(edited)?);
    let common = |list: &[(String, Value)], other: &[(String, Value)]| -> Vec<String> {
        list.iter().map(|(key, _)| key.clone()).filter(|key| find(other, key).is_some()).collect()
    };
    let is_reordered = common(&base, &edited) != common(&edited, &base);
    let (leading, following) = if is_reordered { (&edited, &shipped) } else { (&shipped, &edited) };
    let mut order: Vec<&str> = leading.iter().map(|(key, _)| key.as_str()).collect();
    for (place, (key, _)) in following.iter().enumerate() {
        if order.contains(&key.as_str()) {
            continue;
        }
        // Behind the entry that it follows in its own list.
        let before =
            following[..place].iter().rev().find_map(|(key, _)| order.iter().position(|known| known == key));
        order.insert(before.map_or(0, |place| place + 1), key);
    }
    Some(
        order
            .into_iter()
            .filter_map(|key| member(find(&base, key), find(&shipped, key), find(&edited, key)))
            .collect(),
    )
}

/// Entries with what they are known by; `None` where they cannot be told apart.
fn keyed(list: &[Value]) -> Option<Vec<(String, Value)>> {
    let mut found: Vec<(String, Value)> = Vec::with_capacity(list.len());
    for entry in list {
        let key = match entry {
            Value::String(text) => text.clone(),
            Value::Object(members) => KEYS.iter().find_map(|key| members.get(*key)?.as_str())?.to_owned(),
            _ => return None,
        };
        if find(&found, &key).is_some() {
            return None;
        }
        found.push((key, entry.clone()));
    }
    Some(found)
}

fn find<'a>(list: &'a [(String, Value)], key: &str) -> Option<&'a Value> {
    list.iter().find(|(known, _)| known == key).map(|(_, entry)| entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_was_edited_stays_and_the_rest_follows() {
        let base = json!({ "title": "Open", "about": "All.", "target": { "value": 0, "good": "lower" } });
        let shipped = json!({ "title": "Open tickets", "about": "All that are open.", "target": { "value": 5, "good": "lower" } });
        let edited = json!({ "title": "Still open", "about": "All.", "target": { "value": 0, "good": "lower", "warn_within": 2 } });
        assert_eq!(
            three_way(&base, &shipped, &edited),
            json!({ "title": "Still open", "about": "All that are open.",
                "target": { "value": 5, "good": "lower", "warn_within": 2 } })
        );
    }

    #[test]
    fn new_tiles_come_in_beside_what_was_moved_and_removed_ones_stay_away() {
        let tile = |gauge: &str, width: u8| json!({ "gauge": gauge, "width": width });
        let base = json!([tile("a", 2), tile("b", 2), tile("c", 2), tile("d", 2)]);
        let shipped = json!([tile("a", 3), tile("b", 2), tile("new", 4), tile("c", 2)]);
        // b was removed, c made wider and moved to the front.
        let edited = json!([tile("c", 6), tile("a", 2), tile("d", 2), tile("mine", 1)]);
        assert_eq!(
            three_way(&base, &shipped, &edited),
            json!([tile("c", 6), tile("a", 3), tile("new", 4), tile("mine", 1)])
        );
    }

    #[test]
    fn entries_that_cannot_be_told_apart_are_taken_whole() {
        let (base, shipped, edited) = (json!([0, 1]), json!([0, 2]), json!([0, 3]));
        assert_eq!(three_way(&base, &shipped, &edited), edited);
        let twice = json!([{ "column": "age", "op": "over" }, { "column": "age", "op": "under" }]);
        assert_eq!(three_way(&json!([]), &json!([{ "column": "age" }]), &twice), twice);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), (0..3_u8).prop_map(Value::from), "[ab]{1}".prop_map(Value::from),];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[abi]d?", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn who_changes_nothing_gets_the_default_and_an_old_default_changes_nothing(a in value(), b in value()) {
            prop_assert_eq!(three_way(&a, &b, &a), b.clone());
            prop_assert_eq!(three_way(&a, &a, &b), b.clone());
            prop_assert_eq!(three_way(&a, &b, &b), b);
        }

        #[test]
        fn merging_once_more_changes_nothing(base in value(), shipped in value(), edited in value()) {
            let merged = three_way(&base, &shipped, &edited);
            prop_assert_eq!(three_way(&shipped, &shipped, &merged), merged);
        }
    }
}
