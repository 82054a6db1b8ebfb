//! Notes on tickets.

use std::sync::Arc;

use super::World;
use super::cell::Cell;
use super::table::{CompactRecords, Getter};
use super::text::WORK_NOTES;
use super::tickets::TicketRecord;
use crate::rng::Rng;
use crate::schema::schema;

/// A note, small.
pub(crate) struct NoteRecord {
    id: u32,
    ticket: u32,
    created: i64,
    resource: u32,
    contact: u32,
    kind: u8,
    text: u8,
}

pub(crate) fn fill(w: &mut World, tickets: &[TicketRecord]) {
    let mut notes = Vec::with_capacity(tickets.len());
    for ticket in tickets {
        let mut rng = Rng::new(w.config.seed ^ 0x0071_07e5, u64::from(ticket.id));
        let count =
            if ticket.unattended { 0 } else { *rng.weighted(&[(0, 0.4), (1, 0.35), (2, 0.2), (4, 0.05)]) };
        for _ in 0..count {
            let span = ticket.activity - ticket.created;
            let by_contact = ticket.contact != 0 && rng.chance(0.25);
            notes.push(NoteRecord {
                id: 0,
                ticket: ticket.id,
                created: ticket.created + super::cell::whole(span as f64 * rng.unit()),
                resource: if by_contact || ticket.assigned == 0 { 0 } else { ticket.assigned },
                contact: if by_contact { ticket.contact } else { 0 },
                kind: if by_contact { 16 } else { *rng.pick(&[1, 2, 3, 3, 13]) },
                text: u8::try_from(rng.below(WORK_NOTES.len() as u64)).unwrap_or(0),
            });
        }
    }
    notes.sort_by_key(|note| (note.created, note.ticket));
    for (note, id) in notes.iter_mut().zip(900_001_u32..) {
        note.id = id;
    }
    let definition = &schema().entities()[schema().position("TicketNotes").unwrap_or(0)];
    w.table_mut("TicketNotes").set_base(Box::new(CompactRecords::new(
        definition,
        Arc::new(notes),
        Arc::new(()),
        |note| i64::from(note.id),
        getter,
        |_, ()| Vec::new(),
    )));
}

fn id(value: u32) -> Cell {
    if value == 0 { Cell::Null } else { Cell::Int(i64::from(value)) }
}

fn getter(field: &str) -> Option<Getter<NoteRecord, ()>> {
    Some(match field {
        "id" => |n, ()| id(n.id),
        "createDateTime" | "lastActivityDate" => |n, ()| Cell::Time(n.created),
        "createdByContactID" => |n, ()| id(n.contact),
        "creatorResourceID" => |n, ()| id(n.resource),
        "description" => |n, ()| Cell::Text(WORK_NOTES[usize::from(n.text)].into()),
        "noteType" => |n, ()| Cell::Int(i64::from(n.kind)),
        "publish" => |n, ()| Cell::Int(if n.kind == 13 { 2 } else { 1 }),
        "ticketID" => |n, ()| id(n.ticket),
        "title" => |n, ()| Cell::Text(if n.contact == 0 { "Technician note" } else { "Client reply" }.into()),
        _ => return None,
    })
}
