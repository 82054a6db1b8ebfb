//! The entities of the API and their fields, from the embedded field table.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// The data type of a field, as `entityInformation/fields` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    String,
    /// A 32-bit integer; ids of references and picklist values travel as this.
    Integer,
    /// A 64-bit integer.
    Long,
    /// A floating-point number.
    Double,
    /// A decimal number; a JSON number on the wire.
    Decimal,
    /// A single-precision number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// An instant in UTC, or a date as an unconverted midnight.
    DateTime,
    /// Anything; only one field of the API has this type.
    Object,
}

impl Kind {
    /// The name used by the metadata endpoints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Double => "double",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::DateTime => "datetime",
            Self::Object => "object",
        }
    }

    /// Whether values are JSON numbers.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Long | Self::Double | Self::Decimal | Self::Float)
    }
}

/// One field of an entity.
#[expect(clippy::struct_excessive_bools, reason = "the flags of the metadata call")]
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The field's name in the spelling of the API.
    pub name: String,
    /// Its data type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The longest text it takes; 0 when not a string.
    #[serde(default)]
    pub length: u32,
    /// Whether a create call needs it.
    #[serde(default)]
    pub required: bool,
    /// Whether only the service writes it.
    #[serde(default)]
    pub read_only: bool,
    /// Whether a filter may name it.
    #[serde(default = "yes")]
    pub queryable: bool,
    /// The entity it refers to, in the singular.
    #[serde(default)]
    pub reference: Option<String>,
    /// Whether its values come from a list.
    #[serde(default)]
    pub picklist: bool,
    /// The field whose value narrows the list.
    #[serde(default)]
    pub picklist_parent: Option<String>,
}

const fn yes() -> bool {
    true
}

/// One entity: a REST collection.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// The collection's name, for example `Tickets`.
    pub name: String,
    /// The older singular name that references and errors use.
    #[serde(default)]
    pub legacy_name: Option<String>,
    /// Whether the collection can be queried at its root.
    pub query: bool,
    /// Whether rows carry user-defined fields.
    pub user_defined_fields: bool,
    /// Paths under which the entity is a child, for example `Tickets/{parentId}/Notes`.
    pub children: Vec<String>,
    /// The fields, in wire order.
    pub fields: Vec<Field>,
    #[serde(skip)]
    columns: HashMap<String, u16>,
}

impl Entity {
    /// The position of a field by name, whatever its case.
    pub fn column(&self, name: &str) -> Option<u16> {
        if let Some(&column) = self.columns.get(name) {
            return Some(column);
        }
        self.columns.get(&name.to_ascii_lowercase()).copied()
    }

    /// The singular name that the service uses in its error texts.
    pub fn singular(&self) -> &str {
        self.legacy_name.as_deref().unwrap_or(&self.name)
    }
}

/// A nested collection: `parent/{id}/segment` shows rows of `entity` whose `column` is the parent's id.
#[derive(Debug, Clone)]
pub struct Child {
    /// The child entity.
    pub entity: &'static Entity,
    /// The column of the child that holds the parent's id.
    pub column: u16,
}

/// All entities, and how to find them.
#[derive(Debug)]
pub struct Schema {
    entities: Vec<Entity>,
    by_name: HashMap<String, usize>,
}

impl Schema {
    /// Every entity, in the order of the field table.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// An entity by the name of its collection, whatever its case.
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.by_name.get(&name.to_ascii_lowercase()).map(|&at| &self.entities[at])
    }

    /// The position of an entity in [`Schema::entities`].
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The nested collection at `parent/{id}/segment`.
    pub fn child(&'static self, parent: &str, segment: &str) -> Option<Child> {
        let wanted = format!("{parent}/{{parentid}}/{segment}").to_ascii_lowercase();
        let entity = self
            .entities
            .iter()
            .find(|e| e.children.iter().any(|path| path.to_ascii_lowercase() == wanted))?;
        let key = match parent.to_ascii_lowercase().as_str() {
            "companies" => "companyID".to_owned(),
            "opportunities" => "opportunityID".to_owned(),
            "expenses" => "expenseReportID".to_owned(),
            webhooks if webhooks.ends_with("webhooks") => "webhookID".to_owned(),
            plural => format!("{}id", plural.strip_suffix('s').unwrap_or(plural)),
        };
        entity.column(&key).map(|column| Child { entity, column })
    }
}

/// The schema of the simulated API version.
///
/// # Panics
/// Never in a correct build: the field table is embedded and a test reads it.
pub fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut entities: Vec<Entity> = serde_json::from_str(include_str!("../schema/entities.json"))
            .expect("the embedded field table is valid JSON of the expected shape");
        let mut by_name = HashMap::new();
        for (at, entity) in entities.iter_mut().enumerate() {
            by_name.insert(entity.name.to_ascii_lowercase(), at);
            let mut columns = HashMap::new();
            for (column, field) in entity.fields.iter().enumerate() {
                let column = u16::try_from(column).expect("no entity has 65,536 fields");
                columns.insert(field.name.clone(), column);
                columns.insert(field.name.to_ascii_lowercase(), column);
            }
            entity.columns = columns;
        }
        Schema { entities, by_name }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case() {
        let tickets = schema().entity("tICKETS").unwrap();
        assert_eq!(tickets.name, "Tickets");
        assert_eq!(tickets.column("STATUS"), tickets.column("status"));
        assert!(schema().entity("Ticket").is_none());
    }

    #[test]
    fn nested_collections_know_their_key() {
        let notes = schema().child("tickets", "notes").unwrap();
        assert_eq!(notes.entity.name, "TicketNotes");
        assert_eq!(notes.entity.fields[usize::from(notes.column)].name, "ticketID");
        for entity in schema().entities() {
            for path in &entity.children {
                let (parent, rest) = path.split_once("/{parentId}/").unwrap();
                if parent != "ServiceLevelAgreements" {
                    assert!(schema().child(parent, rest).is_some(), "{path}");
                }
            }
        }
    }
}
