//! What the API says about itself: zones, versions, limits, entities and their fields.
//!
//! Read tolerantly: unknown members are ignored, names match whatever their case, numbers may be texts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{Error, Row, value};

/// A zone, as discovery tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The vendor's name for the zone, such as `America East`.
    pub name: String,
    /// The zone's number, when its addresses carry one.
    pub number: Option<u16>,
    /// The root of the API, ending in a slash.
    pub api_url: Url,
    /// The root of the web interface, for links to records. `None` when missing or not an address of Autotask.
    pub web_url: Option<Url>,
    /// A number that identifies the customer's database.
    pub tenant: Option<i64>,
}

/// The version of the API. The parts are texts without a promised form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Version {
    /// The major version.
    pub major: String,
    /// The minor version.
    pub minor: String,
    /// The build.
    pub build: String,
    /// The kind of customer the tenant is to the vendor.
    pub customer_type: String,
}

/// The tenant's request limit, shared by every integration it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Requests allowed per timeframe.
    pub limit: u64,
    /// Length of the rolling timeframe in minutes.
    pub timeframe_minutes: u64,
    /// Requests of all integrations in the current timeframe.
    pub used: u64,
}

/// One module of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// The module's key, a number in today's API.
    pub key: String,
    /// Whether the tenant has it.
    pub active: bool,
}

/// What the API user may do with an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Everything.
    All,
    /// Some rows.
    Restricted,
    /// Nothing.
    None,
    /// A level whose meaning is not documented, such as a number.
    Other(String),
}

/// What can be done with an entity, by its nature and by this user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the API's answer")]
pub struct EntityInfo {
    /// The entity's name, singular.
    pub name: String,
    /// Rows can be created.
    pub can_create: bool,
    /// Rows can be deleted.
    pub can_delete: bool,
    /// Rows can be queried.
    pub can_query: bool,
    /// Rows can be changed.
    pub can_update: bool,
    /// The user's right to create, when told.
    pub user_access_for_create: Option<Access>,
    /// The user's right to delete, when told.
    pub user_access_for_delete: Option<Access>,
    /// The user's right to query, when told.
    pub user_access_for_query: Option<Access>,
    /// The user's right to change, when told.
    pub user_access_for_update: Option<Access>,
    /// The entity can have user-defined fields.
    pub has_user_defined_fields: bool,
    /// Webhooks exist for the entity.
    pub supports_webhook_callouts: bool,
}

/// One field of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the API's answer")]
pub struct Field {
    /// The name used in rows and filters.
    pub name: String,
    /// Lower case: `string`, `integer`, `long`, `short`, `decimal`, `double`, `float`, `boolean`, `datetime`.
    pub data_type: String,
    /// The longest text; `None` for other types.
    pub length: Option<u32>,
    /// Needed when a row is created.
    pub is_required: bool,
    /// Cannot be written.
    pub is_read_only: bool,
    /// Can be filtered on.
    pub is_queryable: bool,
    /// Holds the id of another entity's row.
    pub is_reference: bool,
    /// The other entity, singular.
    pub reference_entity_type: Option<String>,
    /// Holds a value of a list.
    pub is_pick_list: bool,
    /// The list, inactive values included: old rows still use them.
    pub picklist_values: Vec<PicklistValue>,
    /// The field whose value decides which values of this list apply.
    pub picklist_parent_value_field: Option<String>,
    /// A change of the field can trigger a webhook.
    pub is_supported_webhook_field: bool,
}

/// One user-defined field of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the API's answer")]
pub struct UserDefinedField {
    /// The name used in rows and filters.
    pub name: String,
    /// What people see.
    pub label: Option<String>,
    /// Lower case, like [`Field::data_type`].
    pub data_type: String,
    /// The longest text; `None` for other types.
    pub length: Option<u32>,
    /// The administrator's explanation.
    pub description: Option<String>,
    /// Needed when a row is created.
    pub is_required: bool,
    /// Cannot be written.
    pub is_read_only: bool,
    /// Can be filtered on.
    pub is_queryable: bool,
    /// Holds the id of another entity's row.
    pub is_reference: bool,
    /// The other entity, singular.
    pub reference_entity_type: Option<String>,
    /// Holds a value of a list.
    pub is_pick_list: bool,
    /// The list, inactive values included.
    pub picklist_values: Vec<PicklistValue>,
    /// The field whose value decides which values of this list apply.
    pub picklist_parent_value_field: Option<String>,
    /// The value of a new row.
    pub default_value: Option<String>,
    /// A change of the field can trigger a webhook.
    pub is_supported_webhook_field: bool,
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PicklistValue {
    /// A text here, a number in rows: see [`number`](Self::number).
    pub value: String,
    /// What people see; made by the tenant.
    pub label: String,
    /// The value of a new row.
    pub is_default: bool,
    /// The position in the list.
    pub sort_order: i64,
    /// The value of the parent field this one belongs to.
    pub parent_value: Option<String>,
    /// Still offered. Old rows may hold inactive values.
    pub is_active: bool,
    /// Made by the vendor.
    pub is_system: bool,
}

impl PicklistValue {
    /// The value as rows carry it.
    pub fn number(&self) -> Option<i64> {
        self.value.trim().parse().ok()
    }
}

/// A tolerant view of one JSON object.
struct Members<'a>(&'a Row);

impl<'a> Members<'a> {
    fn of(value: &'a Value, what: &str) -> Result<Self, Error> {
        value.as_object().map(Self).ok_or_else(|| Error::decode(format!("{what} is not an object")))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        value::field(self.0, name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| value::text(value).ok().flatten())
    }

    fn required(&self, name: &str, what: &str) -> Result<String, Error> {
        self.text(name).ok_or_else(|| Error::decode(format!("{what} has no {name}")))
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(|value| value::boolean(value).ok().flatten()).unwrap_or(false)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|value| value::integer(value).ok().flatten())
    }

    fn count(&self, name: &str, what: &str) -> Result<u64, Error> {
        self.integer(name)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| Error::decode(format!("{what} has no usable {name}")))
    }

    fn length(&self) -> Option<u32> {
        self.integer("length").and_then(|length| u32::try_from(length).ok()).filter(|&length| length > 0)
    }

    fn access(&self, name: &str) -> Option<Access> {
        self.text(name).map(|level| match level.to_ascii_lowercase().as_str() {
            "all" => Access::All,
            "restricted" => Access::Restricted,
            "none" => Access::None,
            _ => Access::Other(level),
        })
    }

    fn data_type(&self) -> Option<String> {
        self.text("dataType").or_else(|| self.text("type")).map(|name| name.to_ascii_lowercase())
    }

    fn picklist(&self) -> Vec<PicklistValue> {
        let values = self.get("picklistValues").and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(|entry| picklist_value(&Members(entry.as_object()?)))
            .collect()
    }
}

fn picklist_value(members: &Members<'_>) -> Option<PicklistValue> {
    Some(PicklistValue {
        value: members.text("value")?,
        label: members.text("label").unwrap_or_default(),
        is_default: members.flag("isDefaultValue"),
        sort_order: members.integer("sortOrder").unwrap_or(0),
        parent_value: members.text("parentValue"),
        is_active: members.flag("isActive"),
        is_system: members.flag("isSystem"),
    })
}

/// The zone discovery's answer, before its addresses are checked.
pub(crate) struct ZoneAnswer {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) web_url: Option<String>,
    pub(crate) tenant: Option<i64>,
}

pub(crate) fn zone(answer: &Value) -> Result<ZoneAnswer, Error> {
    let members = Members::of(answer, "the zone")?;
    Ok(ZoneAnswer {
        name: members.text("zoneName").unwrap_or_default(),
        url: members.required("url", "the zone")?,
        web_url: members.text("webUrl"),
        tenant: members.integer("ci"),
    })
}

pub(crate) fn version(answer: &Value) -> Result<Version, Error> {
    let members = Members::of(answer, "the version")?;
    Ok(Version {
        major: members.required("majorVersion", "the version")?,
        minor: members.text("minorVersion").unwrap_or_default(),
        build: members.text("build").unwrap_or_default(),
        customer_type: members.text("customerType").unwrap_or_default(),
    })
}

pub(crate) fn thresholds(answer: &Value) -> Result<Thresholds, Error> {
    let what = "the threshold information";
    let members = Members::of(answer, what)?;
    Ok(Thresholds {
        limit: members.count("externalRequestThreshold", what)?,
        timeframe_minutes: members.count("requestThresholdTimeframe", what)?,
        used: members.count("currentTimeframeRequestCount", what)?,
    })
}

pub(crate) fn modules(answer: &Value) -> Result<Vec<Module>, Error> {
    let entries = array(answer, "modules")?;
    entries
        .iter()
        .map(|entry| {
            let members = Members::of(entry, "a module")?;
            let key = members.required("key", "a module")?;
            // A list of names would mean that the listed ones are active.
            let active =
                members.get("value").is_none_or(|value| value::boolean(value).ok().flatten().unwrap_or(true));
            Ok(Module { key, active })
        })
        .collect()
}

pub(crate) fn entity_info(answer: &Value) -> Result<EntityInfo, Error> {
    let what = "the entity information";
    let info =
        Members::of(answer, what)?.get("info").ok_or_else(|| Error::decode(format!("{what} has no info")))?;
    let members = Members::of(info, what)?;
    Ok(EntityInfo {
        name: members.required("name", what)?,
        can_create: members.flag("canCreate"),
        can_delete: members.flag("canDelete"),
        can_query: members.flag("canQuery"),
        can_update: members.flag("canUpdate"),
        user_access_for_create: members.access("userAccessForCreate"),
        user_access_for_delete: members.access("userAccessForDelete"),
        user_access_for_query: members.access("userAccessForQuery"),
        user_access_for_update: members.access("userAccessForUpdate"),
        has_user_defined_fields: members.flag("hasUserDefinedFields"),
        supports_webhook_callouts: members.flag("supportsWebhookCallouts"),
    })
}

pub(crate) fn fields(answer: &Value) -> Result<Vec<Field>, Error> {
    array(answer, "fields")?
        .iter()
        .map(|entry| {
            let members = Members::of(entry, "a field")?;
            Ok(Field {
                name: members.required("name", "a field")?,
                data_type: members.data_type().ok_or_else(|| Error::decode("a field has no dataType"))?,
                length: members.length(),
                is_required: members.flag("isRequired"),
                is_read_only: members.flag("isReadOnly"),
                is_queryable: members.flag("isQueryable"),
                is_reference: members.flag("isReference"),
                reference_entity_type: members.text("referenceEntityType"),
                is_pick_list: members.flag("isPickList"),
                picklist_values: members.picklist(),
                picklist_parent_value_field: members.text("picklistParentValueField"),
                is_supported_webhook_field: members.flag("isSupportedWebhookField"),
            })
        })
        .collect()
}

pub(crate) fn user_defined_fields(answer: &Value) -> Result<Vec<UserDefinedField>, Error> {
    array(answer, "fields")?
        .iter()
        .map(|entry| {
            let members = Members::of(entry, "a user-defined field")?;
            Ok(UserDefinedField {
                name: members.required("name", "a user-defined field")?,
                label: members.text("label"),
                data_type: members
                    .data_type()
                    .ok_or_else(|| Error::decode("a user-defined field has no type"))?,
                length: members.length(),
                description: members.text("description"),
                is_required: members.flag("isRequired"),
                is_read_only: members.flag("isReadOnly"),
                is_queryable: members.flag("isQueryable"),
                is_reference: members.flag("isReference"),
                reference_entity_type: members.text("referenceEntityType"),
                is_pick_list: members.flag("isPickList"),
                picklist_values: members.picklist(),
                picklist_parent_value_field: members.text("picklistParentValueField"),
                default_value: members.text("defaultValue"),
                is_supported_webhook_field: members.flag("isSupportedWebhookField"),
            })
        })
        .collect()
}

pub(crate) fn query_count(answer: &Value) -> Result<u64, Error> {
    Members::of(answer, "the count")?.count("queryCount", "the count")
}

fn array<'a>(answer: &'a Value, name: &str) -> Result<&'a [Value], Error> {
    let entries =
        answer.as_object().and_then(|members| value::field(members, name)).and_then(Value::as_array);
    entries.map(Vec::as_slice).ok_or_else(|| Error::decode(format!("{name} is missing or not a list")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_with_picklists() {
        let answer = json!({ "fields": [{
            "name": "subIssueType", "dataType": "Integer", "length": 0, "isRequired": false, "isReadOnly": false,
            "isQueryable": true, "isReference": false, "referenceEntityType": "", "isPickList": true,
            "picklistParentValueField": "IssueType", "isSupportedWebhookField": true, "somethingNew": {},
            "picklistValues": [
                { "value": "12", "label": "Printer", "isDefaultValue": false, "sortOrder": 3, "parentValue": "4", "isActive": false, "isSystem": false },
                { "value": 13, "label": "Scanner", "sortOrder": "4", "parentValue": "", "isActive": "true" },
            ],
        }, { "name": "title", "dataType": "string", "length": "255", "picklistValues": null }] });
        let fields = fields(&answer).unwrap();
        let sub = &fields[0];
        assert_eq!((sub.data_type.as_str(), sub.length, sub.is_pick_list), ("integer", None, true));
        assert_eq!(sub.reference_entity_type, None);
        assert_eq!(sub.picklist_parent_value_field.as_deref(), Some("IssueType"));
        assert_eq!(sub.picklist_values[0].number(), Some(12));
        assert!(!sub.picklist_values[0].is_active);
        assert_eq!(sub.picklist_values[1].number(), Some(13));
        assert_eq!((sub.picklist_values[1].sort_order, sub.picklist_values[1].is_active), (4, true));
        assert_eq!(fields[1].length, Some(255));
        assert!(fields[1].picklist_values.is_empty());
    }

    #[test]
    fn access_levels_are_texts_or_numbers() {
        let info = entity_info(&json!({ "info": {
            "name": "Ticket", "canQuery": true, "userAccessForQuery": "All", "userAccessForCreate": 2,
            "userAccessForUpdate": "None", "hasUserDefinedFields": true,
        } }))
        .unwrap();
        assert_eq!(info.user_access_for_query, Some(Access::All));
        assert_eq!(info.user_access_for_create, Some(Access::Other("2".to_owned())));
        assert_eq!(info.user_access_for_update, Some(Access::None));
        assert_eq!(info.user_access_for_delete, None);
        assert!(info.can_query && info.has_user_defined_fields && !info.can_delete);
    }

    #[test]
    fn limits_and_versions() {
        let answer = json!({ "externalRequestThreshold": 10000, "requestThresholdTimeframe": "60", "currentTimeframeRequestCount": 124.0 });
        assert_eq!(
            thresholds(&answer).unwrap(),
            Thresholds { limit: 10_000, timeframe_minutes: 60, used: 124 }
        );
        assert!(thresholds(&json!({})).is_err());
        let version = version(&json!({ "MajorVersion": "2026", "minorVersion": 2, "build": "1" })).unwrap();
        assert_eq!(
            (version.major.as_str(), version.minor.as_str(), version.customer_type.as_str()),
            ("2026", "2", "")
        );
    }

    #[test]
    fn modules_are_keys_with_flags() {
        let modules =
            modules(&json!({ "modules": [{ "key": 1, "value": true }, { "key": 2, "value": false }] }))
                .unwrap();
        assert_eq!(modules[0], Module { key: "1".to_owned(), active: true });
        assert!(!modules[1].active);
    }

    #[test]
    fn wrong_shapes_are_errors() {
        assert!(fields(&json!({ "items": [] })).is_err());
        assert!(fields(&json!({ "fields": [1] })).is_err());
        assert!(query_count(&json!({ "queryCount": -1 })).is_err());
        assert!(zone(&json!([])).is_err());
    }
}
