//! Webhooks of datasources: where they stand, what they are signed with, and the callouts that came.

use crate::{Store, StoreError, rows::doubt};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use sqlx::FromRow;
use std::time::Duration;
use taskgauge_model::{
    entity::Entity,
    ids::DatasourceId,
    webhook::{Webhook, WebhookState, WebhookStatus},
};
use url::Url;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "datasource" };
/// What a secret is sealed for.
const PURPOSE: &str = "webhook secret";
/// Random bytes of a secret; in hexadecimal it has 64 characters, the most that Autotask takes.
const SECRET_BYTES: usize = 32;
/// Longest address that Autotask takes; what is put behind the part that an admin gives fits with it.
const ADDRESS_MAX: usize = 400;
/// Callouts whose records were read are kept so long, so that one that comes again is known.
const KEPT: TimeDelta = TimeDelta::days(1);

/// A webhook as the one who registers it needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The collection it is registered in.
    pub collection: String,
    /// The address it was registered with.
    pub address: String,
    /// Where it stands.
    pub state: WebhookState,
    /// Autotask's id, once it is registered.
    pub remote_id: Option<i64>,
    /// When Autotask was last asked about it.
    pub checked_at: Option<DateTime<Utc>>,
}

/// What is known of a webhook after Autotask was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookNote {
    /// Where it stands.
    pub state: WebhookState,
    /// Why, and what to do.
    pub problem: Option<String>,
    /// Autotask's id, where that is new.
    pub remote_id: Option<i64>,
    /// What its callouts are marked with, where that is new.
    pub guid: Option<String>,
    /// Fields it is subscribed to, where they were counted.
    pub fields: Option<usize>,
}

/// What a callout is checked against.
#[derive(Debug)]
pub struct Expected {
    /// What it is signed with.
    pub secret: SecretString,
    /// What it is marked with, where that is known already.
    pub guid: Option<String>,
}

/// A callout to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived<'a> {
    /// The collection of its webhook.
    pub collection: &'a str,
    /// The GUID of its webhook.
    pub guid: &'a str,
    /// Its number.
    pub sequence: i64,
    /// The record it is about.
    pub record: i64,
    /// The row that is to be read, where the callout names another one.
    pub leads_to: Option<i64>,
    /// Whether the record was deleted.
    pub is_deletion: bool,
}

/// What became of a callout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It waits for its record to be read.
    Kept {
        /// Whether others before it are missing. A sync is due then, which finds what they told.
        gap: bool,
    },
    /// It came before.
    Known,
    /// The datasource is paused, or its credentials were refused: nothing is read until a sync does.
    Paused,
}

/// A callout whose record is to be read.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Waiting {
    /// The collection of its webhook.
    pub collection: String,
    /// The GUID of its webhook.
    pub guid: String,
    /// Its number.
    pub sequence: i64,
    /// The record it is about.
    pub record_id: i64,
    /// The row that is to be read, where the callout names another one.
    pub leads_to: Option<i64>,
    /// Whether the record was deleted.
    pub is_deletion: bool,
}

#[derive(FromRow)]
struct HookRow {
    collection: String,
    address: String,
    state: String,
    remote_id: Option<i64>,
    checked_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct StatusRow {
    collection: String,
    state: String,
    problem: Option<String>,
    fields: i32,
    called_at: Option<DateTime<Utc>>,
    callouts: i64,
    waiting: i64,
}

fn state_of(word: &str) -> Result<WebhookState, StoreError> {
    WebhookState::from_word(word)
        .ok_or_else(|| StoreError::Invalid(format!("“{word}” is not the state of a webhook.")))
}

impl Store {
    /// The public address that Autotask calls for this datasource; `None` while webhooks are off.
    pub async fn webhook_address(&self, datasource: DatasourceId) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("select webhook_address from taskgauge.datasources where id = $1")
            .bind(datasource.0)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(NOT_FOUND)
    }

    /// Turns webhooks on, with the public address of this installation, or off. The next sync registers or removes them.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an address that Autotask cannot call: it wants https on port 443. On loopback, where a
    /// simulated tenant is, http will do.
    pub async fn set_webhook_address(
        &self,
        actor: &str,
        datasource: DatasourceId,
        address: Option<&str>,
    ) -> Result<(), StoreError> {
        let address = address.map(checked_address).transpose()?;
        let mut transaction = self.pool.begin().await?;
        let name: Option<String> = sqlx::query_scalar(
            "update taskgauge.datasources
            set webhook_address = $2
            where id = $1
            returning name",
        )
        .bind(datasource.0)
        .bind(&address)
        .fetch_optional(&mut *transaction)
        .await?;
        let name = name.ok_or(NOT_FOUND)?;
        let action = if address.is_some() { "datasource.webhooks_on" } else { "datasource.webhooks_off" };
        self.audit_on(&mut transaction, actor, action, &name, json!({ "address": address })).await?;
        // Registered anew where Autotask had refused or switched them off.
        sqlx::query(
            "update taskgauge.webhooks
            set checked_at = null
            where datasource_id = $1",
        )
        .bind(datasource.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What the name of this installation's webhooks of a datasource is, so that another installation on the same tenant
    /// leaves them alone.
    pub fn webhook_name(&self, datasource: DatasourceId) -> String {
        format!("Taskgauge {}-{datasource}", self.sealer.key_id())
    }

    /// The webhooks of a datasource as people see them.
    pub async fn webhooks(&self, datasource: DatasourceId) -> Result<Vec<WebhookStatus>, StoreError> {
        let rows: Vec<StatusRow> = sqlx::query_as(
            "select w.collection, w.state, w.problem, w.fields, w.called_at,
                count(c.sequence) filter (where c.arrived_at > $2) as callouts,
                count(c.sequence) filter (where c.read_at is null) as waiting
            from taskgauge.webhooks w
            left join taskgauge.callouts c on c.datasource_id = w.datasource_id and c.collection = w.collection
            where w.datasource_id = $1
            group by w.datasource_id, w.collection
            order by w.collection",
        )
        .bind(datasource.0)
        .bind(self.clock.now() - TimeDelta::days(1))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(WebhookStatus {
                    collection: row.collection,
                    state: state_of(&row.state)?,
                    problem: row.problem,
                    fields: u32::try_from(row.fields).unwrap_or_default(),
                    called_at: row.called_at,
                    callouts: row.callouts.cast_unsigned(),
                    waiting: row.waiting.cast_unsigned(),
                })
            })
            .collect()
    }

    /// The webhooks of a datasource as the one who registers them needs them.
    pub async fn hooks(&self, datasource: DatasourceId) -> Result<Vec<Hook>, StoreError> {
        let rows: Vec<HookRow> = sqlx::query_as(
            "select collection, address, state, remote_id, checked_at
            from taskgauge.webhooks
            where datasource_id = $1
            order by collection",
        )
        .bind(datasource.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Hook {
                    collection: row.collection,
                    address: row.address,
                    state: state_of(&row.state)?,
                    remote_id: row.remote_id,
                    checked_at: row.checked_at,
                })
            })
            .collect()
    }

    /// Makes a webhook that is to be registered, with a secret of its own, and answers that. One that is there already begins
    /// anew.
    pub async fn begin_webhook(
        &self,
        datasource: DatasourceId,
        collection: &str,
        address: &str,
    ) -> Result<SecretString, StoreError> {
        let secret = crate::sealing::hex(&rand::random::<[u8; SECRET_BYTES]>());
        let sealed = self.sealer.seal(PURPOSE, &owner(datasource, collection), secret.as_bytes())?;
        sqlx::query(
            "insert into taskgauge.webhooks (datasource_id, collection, address, secret)
            values ($1, $2, $3, $4)
            on conflict (datasource_id, collection) do update
            set address = excluded.address,
                secret = excluded.secret,
                state = 'registering',
                problem = null,
                remote_id = null,
                guid = null,
                fields = 0,
                checked_at = null,
                sequence = null",
        )
        .bind(datasource.0)
        .bind(collection)
        .bind(address)
        .bind(sealed)
        .execute(&self.pool)
        .await?;
        Ok(secret.into())
    }

    /// Keeps what Autotask says of a webhook.
    pub async fn note_webhook(
        &self,
        datasource: DatasourceId,
        collection: &str,
        note: &HookNote,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "update taskgauge.webhooks
            set state = $3,
                problem = $4,
                remote_id = coalesce($5, remote_id),
                guid = coalesce($6, guid),
                fields = coalesce($7, fields),
                checked_at = $8
            where datasource_id = $1 and collection = $2",
        )
        .bind(datasource.0)
        .bind(collection)
        .bind(note.state.word())
        .bind(&note.problem)
        .bind(note.remote_id)
        .bind(&note.guid)
        .bind(note.fields.map(|fields| i32::try_from(fields).unwrap_or(i32::MAX)))
        .bind(self.clock.now())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets a webhook that is no longer registered, with its callouts.
    pub async fn forget_webhook(&self, datasource: DatasourceId, collection: &str) -> Result<(), StoreError> {
        sqlx::query("delete from taskgauge.webhooks where datasource_id = $1 and collection = $2")
            .bind(datasource.0)
            .bind(collection)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What a callout of this webhook is checked against; `None` when there is no such webhook.
    pub async fn expected_callouts(
        &self,
        datasource: DatasourceId,
        collection: &str,
    ) -> Result<Option<Expected>, StoreError> {
        let found: Option<(Vec<u8>, Option<String>)> = sqlx::query_as(
            "select secret, guid
            from taskgauge.webhooks
            where datasource_id = $1 and collection = $2",
        )
        .bind(datasource.0)
        .bind(collection)
        .fetch_optional(&self.pool)
        .await?;
        found
            .map(|(sealed, guid)| {
                let secret = self.sealer.open_text(PURPOSE, &owner(datasource, collection), &sealed)?;
                Ok(Expected { secret, guid })
            })
            .transpose()
    }

    /// Keeps a callout until its record is read. One whose number shows that others before it did not come makes a sync
    /// due. Nothing is read while the datasource is paused, or after Autotask refused its credentials: what was deleted
    /// waits for the second look of the next sync then.
    pub async fn take_callout(
        &self,
        datasource: DatasourceId,
        callout: Arrived<'_>,
    ) -> Result<Taken, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await?;
        // First of all the datasource, as whoever changes or removes it does.
        let rests: bool = sqlx::query_scalar(
            "select d.paused or coalesce(last.halts and c.stored_at <= last.ended_at, false)
            from taskgauge.datasources d
            left join taskgauge.credentials c on c.datasource_id = d.id
            left join lateral (
                select r.halts, r.ended_at
                from taskgauge.runs r
                where r.datasource_id = d.id
                order by r.id desc
                limit 1
            ) last on true
            where d.id = $1
            for no key update of d",
        )
        .bind(datasource.0)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(NOT_FOUND)?;
        let last: Option<i64> = sqlx::query_scalar(
            "select sequence
            from taskgauge.webhooks
            where datasource_id = $1 and collection = $2
            for no key update",
        )
        .bind(datasource.0)
        .bind(callout.collection)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(NOT_FOUND)?;
        let kept = sqlx::query(
            "insert into taskgauge.callouts
                (datasource_id, collection, guid, sequence, record_id, leads_to, is_deletion, arrived_at, read_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9 then $8 end)
            on conflict do nothing",
        )
        .bind(datasource.0)
        .bind(callout.collection)
        .bind(callout.guid)
        .bind(callout.sequence)
        .bind(callout.record)
        .bind(callout.leads_to)
        .bind(callout.is_deletion)
        .bind(now)
        .bind(rests)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if kept == 0 {
            return Ok(Taken::Known);
        }
        sqlx::query(
            "update taskgauge.webhooks
            set sequence = greatest(sequence, $3), called_at = $4
            where datasource_id = $1 and collection = $2",
        )
        .bind(datasource.0)
        .bind(callout.collection)
        .bind(callout.sequence)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        if rests {
            let given_up = Waiting {
                collection: callout.collection.to_owned(),
                guid: callout.guid.to_owned(),
                sequence: callout.sequence,
                record_id: callout.record,
                leads_to: callout.leads_to,
                is_deletion: callout.is_deletion,
            };
            doubt_deleted(&mut transaction, datasource, &[given_up], now).await?;
        }
        let gap = last.is_some_and(|last| callout.sequence > last.saturating_add(1));
        if gap {
            catch_up(&mut transaction, datasource, now).await?;
        }
        transaction.commit().await?;
        Ok(if rests { Taken::Paused } else { Taken::Kept { gap } })
    }

    /// Makes a sync of the datasource due: something was missed that it finds.
    pub async fn catch_up(&self, datasource: DatasourceId) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        catch_up(&mut connection, datasource, self.clock.now()).await
    }

    /// Notes that Autotask says to have switched a webhook off. A sync is due, which asks whether that is so and finds what
    /// was not called.
    pub async fn webhook_deactivated(
        &self,
        datasource: DatasourceId,
        collection: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        catch_up(&mut transaction, datasource, self.clock.now()).await?;
        sqlx::query(
            "update taskgauge.webhooks
            set checked_at = null
            where datasource_id = $1 and collection = $2",
        )
        .bind(datasource.0)
        .bind(collection)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// How many callouts of a datasource wait for their record to be read.
    pub async fn callouts_waiting(&self, datasource: DatasourceId) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from taskgauge.callouts where datasource_id = $1 and read_at is null",
        )
        .bind(datasource.0)
        .fetch_one(&self.pool)
        .await?;
        Ok(count.cast_unsigned())
    }

    /// The oldest callouts of a datasource whose records are to be read and that nobody else reads, at most `limit`. They
    /// are the caller's for `claim`; whoever does not end them by then leaves them to others.
    pub async fn claim_callouts(
        &self,
        datasource: DatasourceId,
        limit: u32,
        claim: Duration,
    ) -> Result<Vec<Waiting>, StoreError> {
        let mut claimed: Vec<Waiting> = sqlx::query_as(
            "update taskgauge.callouts c
            set claimed_until = coalesce($3, clock_timestamp()) + make_interval(secs => $4)
            from (
                select datasource_id, collection, guid, sequence
                from taskgauge.callouts
                where datasource_id = $1
                    and read_at is null
                    and (claimed_until is null or claimed_until <= coalesce($3, clock_timestamp()))
                order by arrived_at, collection, sequence
                limit $2
                for update skip locked
            ) next
            where c.datasource_id = next.datasource_id
                and c.collection = next.collection
                and c.guid = next.guid
                and c.sequence = next.sequence
            returning c.collection, c.guid, c.sequence, c.record_id, c.leads_to, c.is_deletion",
        )
        .bind(datasource.0)
        .bind(i64::from(limit))
        .bind(self.pinned_now())
        .bind(claim.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        claimed
            .sort_by(|one, other| (&one.collection, one.sequence).cmp(&(&other.collection, other.sequence)));
        Ok(claimed)
    }

    /// Datasources with callouts whose records are to be read: left by a process that ended.
    pub async fn datasources_called(&self) -> Result<Vec<DatasourceId>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "select distinct datasource_id
            from taskgauge.callouts
            where read_at is null and (claimed_until is null or claimed_until <= coalesce($1, clock_timestamp()))
            order by 1",
        )
        .bind(self.pinned_now())
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(DatasourceId).collect())
    }

    /// Gives callouts up, because their records cannot be read now: a sync is due, which reads what changed. What was deleted
    /// waits for its second look.
    pub async fn give_up_callouts(
        &self,
        datasource: DatasourceId,
        callouts: &[Waiting],
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await?;
        catch_up(&mut transaction, datasource, now).await?;
        end_callouts(&mut transaction, datasource, callouts, now).await?;
        doubt_deleted(&mut transaction, datasource, callouts, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes callouts that were read long enough ago.
    pub async fn forget_callouts(&self) -> Result<(), StoreError> {
        sqlx::query("delete from taskgauge.callouts where read_at < $1")
            .bind(self.clock.now() - KEPT)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Ends callouts that wait: their records were read, or are left to a sync. Answers how many were not ended before.
pub(crate) async fn end_callouts(
    connection: &mut sqlx::PgConnection,
    datasource: DatasourceId,
    callouts: &[Waiting],
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let collections: Vec<&str> = callouts.iter().map(|callout| callout.collection.as_str()).collect();
    let guids: Vec<&str> = callouts.iter().map(|callout| callout.guid.as_str()).collect();
    let sequences: Vec<i64> = callouts.iter().map(|callout| callout.sequence).collect();
    let ended = sqlx::query(
        "update taskgauge.callouts c
        set read_at = $5
        from unnest($2::text[], $3::text[], $4::bigint[]) as done(collection, guid, sequence)
        where c.datasource_id = $1
            and c.collection = done.collection
            and c.guid = done.guid
            and c.sequence = done.sequence
            and c.read_at is null",
    )
    .bind(datasource.0)
    .bind(&collections)
    .bind(&guids)
    .bind(&sequences)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

/// Marks the rows of records that were called deleted, and that nobody looked for, as missed.
async fn doubt_deleted(
    connection: &mut sqlx::PgConnection,
    datasource: DatasourceId,
    callouts: &[Waiting],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for webhook in Webhook::ALL.iter().filter(|webhook| webhook.leads_to.is_none()) {
        let of_it = callouts.iter().filter(|callout| callout.collection == webhook.collection);
        let ids: Vec<i64> =
            of_it.filter(|callout| callout.is_deletion).map(|callout| callout.record_id).collect();
        if let (Some(entity), false) = (Entity::named(webhook.entity), ids.is_empty()) {
            doubt(connection, datasource, entity, &ids, now).await?;
        }
    }
    Ok(())
}

async fn catch_up(
    connection: &mut sqlx::PgConnection,
    datasource: DatasourceId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("update taskgauge.datasources set catch_up_at = $2 where id = $1")
        .bind(datasource.0)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

fn owner(datasource: DatasourceId, collection: &str) -> String {
    format!("{datasource}:{collection}")
}

/// The address without a slash at its end, if Autotask can call it.
fn checked_address(text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    let is_loopback = |url: &Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let fine = Url::parse(text).ok().filter(|url| {
        let public = url.scheme() == "https" && url.port_or_known_default() == Some(443);
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        plain && text.len() <= ADDRESS_MAX && (public || url.scheme() == "http" && is_loopback(url))
    });
    match fine {
        Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        None => Err(StoreError::Invalid(
            "Autotask calls public https addresses on port 443 only. It looks like https://taskgauge.example.com."
                .into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_as_long_as_autotask_takes() {
        assert_eq!(crate::sealing::hex(&[0_u8; SECRET_BYTES]).len(), 64);
    }

    #[test]
    fn autotask_can_call_the_address() {
        for (typed, kept) in [
            (" https://taskgauge.example.com/ ", "https://taskgauge.example.com"),
            ("https://example.com/taskgauge/", "https://example.com/taskgauge"),
            ("https://example.com:443", "https://example.com"),
            ("http://127.0.0.1:7300", "http://127.0.0.1:7300"),
        ] {
            assert_eq!(checked_address(typed).unwrap(), kept);
        }
        for wrong in [
            "",
            "taskgauge.example.com",
            "http://example.com",
            "https://example.com:8443",
            "https://a:b@example.com",
            "https://example.com/?a=1",
            "ftp://example.com",
        ] {
            assert!(checked_address(wrong).is_err(), "{wrong}");
        }
    }
}
