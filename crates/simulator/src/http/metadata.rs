//! The metadata calls: what an entity is, its fields, its user-defined fields.

use serde_json::{Value, json};

use crate::schema::{Entity, Field};
use crate::switches::Relabel;
use crate::world::picklists::{UDFS, choices};
use crate::world::webhooks;

pub(crate) fn information(entity: &Entity, may_write: bool) -> Value {
    let writing = if may_write { "All" } else { "None" };
    json!({"info": {
        "name": entity.name,
        "canCreate": may_write,
        "canDelete": may_write,
        "canQuery": entity.query,
        "canUpdate": may_write,
        "userAccessForCreate": writing,
        "userAccessForDelete": writing,
        "userAccessForQuery": if entity.query { "All" } else { "None" },
        "userAccessForUpdate": writing,
        "hasUserDefinedFields": entity.user_defined_fields,
        "supportsWebhookCallouts": matches!(
            entity.name.as_str(), "Companies" | "Contacts" | "ConfigurationItems" | "Tickets" | "TicketNotes"
        ),
    }})
}

pub(crate) fn fields(entity: &Entity, seed: u64, relabels: &[Relabel]) -> Value {
    let mut fields: Vec<Value> =
        (0_u16..).zip(&entity.fields).map(|(column, field)| describe(entity, column, field, seed)).collect();
    for relabel in relabels.iter().filter(|relabel| relabel.entity.eq_ignore_ascii_case(&entity.name)) {
        let field = fields.iter_mut().find(|field| {
            field["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(&relabel.field))
        });
        let Some(values) = field.and_then(|field| field["picklistValues"].as_array_mut()) else { continue };
        let mut value = match values.iter().position(|value| value["value"] == relabel.value.as_str()) {
            Some(place) => values.remove(place),
            None => json!({ "isDefaultValue": false, "parentValue": "", "isSystem": false }),
        };
        value["value"] = relabel.value.as_str().into();
        value["label"] = relabel.label.as_str().into();
        value["isActive"] = relabel.active.into();
        value["sortOrder"] = (values.len() + 1).into();
        values.push(value);
    }
    json!({ "fields": fields })
}

fn describe(entity: &Entity, column: u16, field: &Field, seed: u64) -> Value {
    let of_tenant = webhooks::choices(seed, &entity.name, &field.name);
    let values: Value = if !of_tenant.is_empty() {
        of_tenant
            .iter()
            .zip(1..)
            .map(|((value, label), order)| {
                json!({
                    "value": value.to_string(), "label": label, "isDefaultValue": false, "sortOrder": order,
                    "parentValue": "", "isActive": true, "isSystem": true,
                })
            })
            .collect()
    } else if field.picklist {
        choices(&entity.name, &field.name)
            .iter()
            .zip(1..)
            .map(|(choice, order)| {
                json!({
                    "value": choice.value,
                    "label": choice.label,
                    "isDefaultValue": choice.default,
                    "sortOrder": order,
                    "parentValue": choice.parent,
                    "isActive": choice.active,
                    "isSystem": choice.system,
                })
            })
            .collect()
    } else {
        Value::Null
    };
    json!({
        "name": field.name,
        "dataType": field.kind.name(),
        "length": field.length,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isQueryable": field.queryable,
        "isReference": field.reference.is_some(),
        "referenceEntityType": field.reference.as_deref().unwrap_or(""),
        "isPickList": field.picklist,
        "picklistValues": values,
        "picklistParentValueField": field.picklist_parent.as_deref().unwrap_or(""),
        "isSupportedWebhookField": webhooks::is_supported(&entity.name, column),
    })
}

pub(crate) fn user_defined_fields(entity: &Entity) -> Value {
    let fields: Vec<Value> = UDFS
        .iter()
        .filter(|udf| udf.entity == entity.name)
        .map(|udf| {
            let values: Value = if udf.choices.is_empty() {
                Value::Null
            } else {
                udf.choices
                    .iter()
                    .zip(1..)
                    .map(|(choice, order)| {
                        json!({
                            "value": choice, "label": choice, "isDefaultValue": false, "sortOrder": order, "parentValue": "",
                            "isActive": true, "isSystem": false,
                        })
                    })
                    .collect()
            };
            json!({
                "name": udf.name,
                "label": udf.name,
                "type": udf.kind,
                "length": if udf.kind == "string" { 255 } else { 0 },
                "description": "",
                "isRequired": false,
                "isReadOnly": false,
                "isQueryable": true,
                "isReference": false,
                "referenceEntityType": "",
                "isPickList": !udf.choices.is_empty(),
                "picklistValues": values,
                "picklistParentValueField": "",
                "defaultValue": "",
                "isSupportedWebhookField": webhooks::is_supported_udf(udf),
            })
        })
        .collect();
    json!({ "fields": fields })
}
