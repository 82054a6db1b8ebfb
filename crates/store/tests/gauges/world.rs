//! A made-up service desk, kept both in the database and here, so that answers can be counted a second time.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::ExposeSecret;
use sqlx::PgPool;
use taskgauge_model::ids::DatasourceId;
use taskgauge_store::testing::{TestDatabase, database};

/// Queue, priority and status labels: value, label, place in the picklist.
const PICKLISTS: &[(&str, i64, &str, i32)] = &[
    ("status", 1, "New", 1),
    ("status", 5, "Complete", 9),
    ("status", 7, "Waiting Customer", 3),
    ("status", 8, "In Progress", 2),
    ("priority", 1, "High", 2),
    ("priority", 2, "Medium", 3),
    ("priority", 3, "Low", 4),
    ("priority", 4, "Critical", 1),
    ("queueID", 8, "Level I", 1),
    ("queueID", 9, "Level II", 2),
    ("issueType", 10, "Hardware", 1),
    ("issueType", 11, "Network", 2),
    ("subIssueType", 100, "Printer", 1),
    ("ticketType", 2, "Incident", 2),
];

/// A ticket.
#[derive(Debug, Clone, Default)]
pub struct Ticket {
    pub id: i64,
    pub company: Option<i64>,
    pub status: i64,
    pub priority: Option<i64>,
    pub queue: Option<i64>,
    pub resource: Option<i64>,
    pub kind: Option<i64>,
    pub issue: Option<i64>,
    pub sub_issue: Option<i64>,
    pub created: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
    pub active: DateTime<Utc>,
    pub responded: Option<DateTime<Utc>>,
    pub response_due: Option<DateTime<Utc>>,
    pub resolution_due: Option<DateTime<Utc>>,
    pub sla_met: Option<bool>,
}

impl Ticket {
    pub fn is_open(&self) -> bool {
        self.status != 5
    }

    pub fn is_breached(&self, at: DateTime<Utc>) -> bool {
        self.response_due.is_some_and(|due| self.responded.unwrap_or(at) > due)
            || self.resolution_due.is_some_and(|due| self.completed.unwrap_or(at) > due)
    }
}

/// Work on a ticket.
#[derive(Debug, Clone)]
pub struct Work {
    pub ticket: i64,
    pub date: NaiveDate,
    pub hours: f64,
}

/// A database with a desk in it.
pub struct World {
    pub database: TestDatabase,
    pub pool: PgPool,
    pub datasource: DatasourceId,
    pub zone: Tz,
    pub at: DateTime<Utc>,
    pub tickets: Vec<Ticket>,
    pub work: Vec<Work>,
    /// Endpoints: one entry each, its company.
    pub endpoints: Vec<i64>,
}

/// Numbers that look random and are the same every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn one_in(&mut self, chances: i64) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(i64::try_from(choices.len()).expect("few"))).expect("few")]
    }
}

impl World {
    /// A datasource with labels, companies and members, and no tickets.
    pub async fn empty(zone: Tz, at: &str) -> World {
        let database = database().await;
        let datasource = database.datasource("Example").await;
        let pool = PgPool::connect(database.url.expose_secret()).await.expect("a connection");
        sqlx::query("update taskgauge.datasources set time_zone = $1, synced_at = now()")
            .bind(zone.name())
            .execute(&pool)
            .await
            .expect("set");
        let id = datasource.0;
        for (field, value, label, order) in PICKLISTS {
            sqlx::query("insert into autotask.picklist_values (datasource_id, entity, field, code, label, sort_order) values ($1, 'Tickets', $2, $3::bigint, $4, $5)")
                .bind(id).bind(field).bind(value).bind(label).bind(order).execute(&pool).await.expect("inserted");
        }
        sqlx::query("insert into autotask.picklist_values (datasource_id, entity, field, code, label) values ($1, 'ConfigurationItems', 'configurationItemType', 1, 'Workstation')")
            .bind(id).execute(&pool).await.expect("inserted");
        for company in 0..=20_i64 {
            sqlx::query("insert into autotask.companies (datasource_id, id, company_name, is_active, changed_at) values ($1, $2, $3, true, now())")
                .bind(id).bind(company).bind(format!("Client {company:02}")).execute(&pool).await.expect("inserted");
        }
        for (resource, name) in [(29_i64, "Ann"), (30, "Bob"), (31, "Eve")] {
            sqlx::query("insert into autotask.resources (datasource_id, id, first_name, last_name, is_active, changed_at) values ($1, $2, $3, 'Doe', true, now())")
                .bind(id).bind(resource).bind(name).execute(&pool).await.expect("inserted");
        }
        let at = at.parse().expect("a time");
        World {
            database,
            pool,
            datasource,
            zone,
            at,
            tickets: Vec::new(),
            work: Vec::new(),
            endpoints: Vec::new(),
        }
    }

    /// A desk with some hundred tickets, many of them at the edges of days and months.
    pub async fn busy(zone: Tz, at: &str) -> World {
        let mut world = World::empty(zone, at).await;
        let mut dice = Dice(7);
        let at = world.at;
        for id in 1..=420 {
            let back = match id % 4 {
                0 => TimeDelta::minutes(dice.below(3 * 24 * 60)),
                1 => TimeDelta::minutes(dice.below(40 * 24 * 60)),
                2 => TimeDelta::minutes(dice.below(380 * 24 * 60)),
                // On and around midnight of a local day.
                _ => {
                    let day = at.with_timezone(&zone).date_naive() - TimeDelta::days(dice.below(34));
                    let midnight = taskgauge_model::range::start_of_day(day, &zone);
                    (at - midnight).max(TimeDelta::zero()) + TimeDelta::seconds(dice.pick(&[0, 1, 60]))
                }
            };
            let created = at - back;
            let span = (at - created).num_seconds().max(1);
            let longest = span.min(dice.pick(&[3_600, 40_000, 900_000]));
            let completed = (!dice.one_in(3)).then(|| created + TimeDelta::seconds(dice.below(longest)));
            let responded =
                (!dice.one_in(4)).then(|| created + TimeDelta::seconds(dice.below(span.min(20_000))));
            let idle = TimeDelta::seconds(dice.below(span));
            let latest = completed.max(responded).unwrap_or(created);
            world.tickets.push(Ticket {
                id,
                company: (!dice.one_in(25)).then(|| dice.below(20)),
                status: if completed.is_some() { 5 } else { dice.pick(&[1, 7, 8]) },
                priority: (!dice.one_in(20)).then(|| dice.pick(&[1, 2, 3, 4])),
                queue: (!dice.one_in(10)).then(|| dice.pick(&[8, 9, 10])),
                resource: (!dice.one_in(5)).then(|| dice.pick(&[29, 30, 31])),
                kind: Some(dice.pick(&[1, 2])),
                issue: dice.pick(&[None, Some(10), Some(11), Some(12)]),
                sub_issue: dice.pick(&[None, Some(100), Some(101), Some(102), Some(103)]),
                created,
                completed,
                active: latest.max(at - idle),
                responded,
                response_due: dice
                    .pick(&[None, Some(3_600), Some(10_000)])
                    .map(|due| created + TimeDelta::seconds(due)),
                resolution_due: dice
                    .pick(&[None, Some(9_000), Some(90_000)])
                    .map(|due| created + TimeDelta::seconds(due)),
                sla_met: completed.and_then(|_| dice.pick(&[None, Some(true), Some(true), Some(false)])),
            });
            for _ in 0..dice.below(4) {
                world.work.push(Work {
                    ticket: id,
                    date: latest.with_timezone(&zone).date_naive(),
                    hours: f64::from(u8::try_from(1 + dice.below(16)).expect("small")) / 4.0,
                });
            }
        }
        world.endpoints = (0..60).map(|_| dice.below(14)).collect();
        world.write().await;
        world
    }

    /// Writes tickets, work and endpoints.
    pub async fn write(&self) {
        let id = self.datasource.0;
        let mut writing = self.pool.begin().await.expect("a transaction");
        for t in &self.tickets {
            sqlx::query(
                "insert into autotask.tickets (
                    datasource_id, id, company_id, status, priority, queue_id, assigned_resource_id, ticket_type,
                    issue_type, sub_issue_type, create_date, completed_date, last_activity_date,
                    first_response_date_time, first_response_due_date_time, resolved_due_date_time,
                    service_level_agreement_has_been_met, ticket_number, title, changed_at
                ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'T' || $2, 'Ticket', now())",
            )
            .bind(id).bind(t.id).bind(t.company).bind(t.status).bind(t.priority).bind(t.queue).bind(t.resource)
            .bind(t.kind).bind(t.issue).bind(t.sub_issue).bind(t.created).bind(t.completed).bind(t.active)
            .bind(t.responded).bind(t.response_due).bind(t.resolution_due).bind(t.sla_met)
            .execute(&mut *writing).await.expect("inserted");
        }
        for (number, work) in (1_i64..).zip(&self.work) {
            sqlx::query(
                "insert into autotask.time_entries (
                    datasource_id, id, ticket_id, resource_id, date_worked, hours_worked, is_non_billable,
                    last_modified_date_time, changed_at
                ) values ($1, $2, $3, 29, $4, $5::float8::numeric, false, $6, now())",
            )
            .bind(id)
            .bind(number)
            .bind(work.ticket)
            .bind(work.date)
            .bind(work.hours)
            .bind(self.at)
            .execute(&mut *writing)
            .await
            .expect("inserted");
        }
        for (number, company) in (1_i64..).zip(&self.endpoints) {
            sqlx::query(
                "insert into autotask.configuration_items (
                    datasource_id, id, company_id, configuration_item_type, is_active, changed_at
                ) values ($1, $2, $3, 1, true, now())",
            )
            .bind(id)
            .bind(number)
            .bind(company)
            .execute(&mut *writing)
            .await
            .expect("inserted");
        }
        writing.commit().await.expect("committed");
    }

    /// Raises the versions of entities, as a commit of their rows does.
    pub async fn commit(&self, entities: &[&str]) {
        sqlx::query(
            "insert into taskgauge.entity_state as s (datasource_id, entity, version)
            select $1, entity, 1
            from unnest($2::text[]) as entity
            on conflict (datasource_id, entity) do update set version = s.version + 1",
        )
        .bind(self.datasource.0)
        .bind(entities)
        .execute(&self.pool)
        .await
        .expect("raised");
    }

    /// The local date of an instant.
    pub fn day(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    pub fn today(&self) -> NaiveDate {
        self.day(self.at)
    }
}
