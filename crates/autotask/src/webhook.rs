//! Webhooks: registering them, and reading what they call.
//!
//! Webhooks of its own are the only thing that this client ever writes. Source of the rules: the help's *Webhooks:
//! Creating*, *Error Handling* and *Secret Key and Payload Verification*, and receivers in the field.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha1::Sha1;
use std::fmt::Write as _;
use url::Url;

use crate::{
    Client, Error, Filter, Query, Row,
    client::collection,
    transport::{read_json, read_json_or_null},
    value,
};

/// The header of a callout that holds its signature.
pub const SIGNATURE_HEADER: &str = "x-hook-signature";
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 20;

/// A webhook to be registered.
#[derive(Debug)]
pub struct NewWebhook<'a> {
    /// Its name, at most 50 characters. People see it in Autotask.
    pub name: &'a str,
    /// Where callouts go.
    pub url: &'a Url,
    /// What is called when Autotask switches it off.
    pub deactivation_url: &'a Url,
    /// What callouts are signed with; at most 64 characters.
    pub secret: &'a SecretString,
}

/// A webhook as Autotask knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Autotask's id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What its callouts are marked with.
    pub guid: Option<String>,
    /// Where callouts go.
    pub url: String,
    /// Whether it is switched on.
    pub is_active: bool,
    /// Whether Autotask has finished setting it up.
    pub is_ready: bool,
}

/// A field that a webhook can be subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribable {
    /// Its number, which differs between tenants.
    pub id: i64,
    /// The field's name, as in rows.
    pub name: String,
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// A subscribed field changed.
    Update,
    /// It is gone.
    Delete,
    /// The webhook itself was switched off; there is no record.
    Deactivated,
}

/// What Autotask sends when a record changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Callout {
    /// What happened.
    pub action: Action,
    /// The webhook it comes from.
    pub guid: String,
    /// The kind of record, by its old name.
    pub entity_type: String,
    /// The record's id.
    pub id: i64,
    /// Rises by one with every event of the webhook.
    pub sequence: i64,
    /// The fields that came along.
    pub fields: Row,
}

impl Callout {
    /// Reads the body of a callout.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let Value::Object(members) = read_json(body.to_vec())? else {
            return Err(Error::decode("the callout is not an object"));
        };
        let text = |name: &str| {
            let text = value::field(&members, name).and_then(Value::as_str);
            text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let number = |name: &str| number(&members, name);
        let action = match text("Action").unwrap_or_default().to_ascii_lowercase().as_str() {
            "create" => Action::Create,
            "update" => Action::Update,
            "delete" => Action::Delete,
            "deactivated" => Action::Deactivated,
            _ => return Err(Error::decode("the callout's action is unknown")),
        };
        let id = match action {
            Action::Deactivated => number("Id").unwrap_or_default(),
            _ => number("Id").ok_or_else(|| Error::decode("the callout names no record"))?,
        };
        let sequence = match action {
            Action::Deactivated => number("SequenceNumber").unwrap_or_default(),
            _ => number("SequenceNumber").ok_or_else(|| Error::decode("the callout has no number"))?,
        };
        let fields = match value::field(&members, "Fields") {
            Some(Value::Object(fields)) => fields.clone(),
            _ => Row::new(),
        };
        Ok(Self {
            action,
            guid: text("Guid").ok_or_else(|| Error::decode("the callout does not name its webhook"))?,
            entity_type: text("EntityType").unwrap_or_default(),
            id,
            sequence,
            fields,
        })
    }

    /// The whole number that a field came along with.
    pub fn number(&self, field: &str) -> Option<i64> {
        number(&self.fields, field)
    }
}

/// Whether `signature`, as it came in [`SIGNATURE_HEADER`], is that of `body` with the webhook's secret. Comparing takes
/// as long whatever the difference is.
///
/// Some tenants sign another form than they send: ampersands, angle brackets, quotes, apostrophes, backticks, plus signs and
/// all that is not ASCII are escaped inside strings. Reports differ on the case of the digits, and it is not clear whether
/// backslashes belong to the list, so every form is tried.
pub fn is_signed(secret: &SecretString, signature: &str, body: &[u8]) -> bool {
    let Some(encoded) = signature.trim().strip_prefix("sha1=") else { return false };
    let Ok(signature) = BASE64_STANDARD.decode(encoded) else { return false };
    // Before anything is reckoned: whoever sends anything else is nobody.
    if signature.len() != SIGNATURE_BYTES {
        return false;
    }
    let fits = |body: &[u8]| {
        let Ok(mac) = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
        mac.chain_update(body).verify_slice(&signature).is_ok()
    };
    if fits(body) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(body) else { return false };
    FORMS.iter().any(|form| fits(escaped(text, *form).as_bytes()))
}

/// How characters are escaped.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Digits above nine are capital letters.
    upper: bool,
    /// Backslashes are escaped, too, rather than doubled.
    backslash: bool,
}

const FORMS: [Form; 4] = [
    Form { upper: true, backslash: false },
    Form { upper: true, backslash: true },
    Form { upper: false, backslash: false },
    Form { upper: false, backslash: true },
];

/// The JSON text with the characters that some senders escape inside strings written as `\uXXXX`. Escapes that are there
/// already stay, except those that become the same form.
fn escaped(json: &str, form: Form) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    let push = |out: &mut String, character: char| {
        let mut units = [0_u16; 2];
        for unit in character.encode_utf16(&mut units) {
            // Writing to a string cannot fail.
            let _ = if form.upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
        }
    };
    let (mut in_string, mut characters) = (false, json.chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                in_string = !in_string;
                out.push('"');
            }
            '\\' if in_string => match characters.next() {
                Some('"') => push(&mut out, '"'),
                Some('\\') if form.backslash => push(&mut out, '\\'),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '&' | '<' | '>' | '\'' | '`' | '+' if in_string => push(&mut out, character),
            other if in_string && !other.is_ascii() => push(&mut out, other),
            other => out.push(other),
        }
    }
    out
}

impl Client {
    /// The webhooks of this collection that have this name.
    pub async fn webhooks_named(&self, webhooks: &str, name: &str) -> Result<Vec<Registered>, Error> {
        let page = self.page(webhooks, &Query::new(Filter::eq("name", name)), None).await?;
        page.rows.iter().map(registered).collect()
    }

    /// The webhook with this id.
    pub async fn webhook(&self, webhooks: &str, id: i64) -> Result<Option<Registered>, Error> {
        self.get(webhooks, id).await?.as_ref().map(registered).transpose()
    }

    /// Registers a webhook for new, changed and deleted records, switched on; answers its id. It calls for changes once it
    /// is subscribed to a field.
    ///
    /// A request that breaks off may have registered it all the same: look for others of its
    /// [name](Self::webhooks_named) before.
    pub async fn create_webhook(&self, webhooks: &str, webhook: &NewWebhook<'_>) -> Result<i64, Error> {
        let body = json!({
            "name": webhook.name,
            "webhookUrl": webhook.url.as_str(),
            "deactivationUrl": webhook.deactivation_url.as_str(),
            "secretKey": webhook.secret.expose_secret(),
            "isActive": true,
            "sendThresholdExceededNotification": false,
            "isSubscribedToCreateEvents": true,
            "isSubscribedToUpdateEvents": true,
            "isSubscribedToDeleteEvents": true,
        });
        let path = collection(webhooks)?.to_owned();
        self.write(webhooks, "register webhook", Method::POST, &path, Some(&body)).await
    }

    /// The fields that webhooks of this collection can be subscribed to. `fields` is the collection of their
    /// subscriptions, such as `TicketWebhookFields`.
    pub async fn subscribable(&self, fields: &str) -> Result<Vec<Subscribable>, Error> {
        let all = self.fields(fields).await?;
        let listed = all.into_iter().find(|field| field.name.eq_ignore_ascii_case("fieldID"));
        Ok(listed
            .into_iter()
            .flat_map(|field| field.picklist_values)
            .filter(|value| value.is_active)
            .filter_map(|value| Some(Subscribable { id: value.number()?, name: value.label }))
            .collect())
    }

    /// Numbers of the fields that a webhook is subscribed to.
    pub async fn subscriptions(&self, fields: &str, webhook: i64) -> Result<Vec<i64>, Error> {
        let mut numbers = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(fields, &Query::new(Filter::eq("webhookID", webhook)), after).await?;
            numbers.extend(page.rows.iter().filter_map(|row| number(row, "fieldID")));
            if page.complete {
                return Ok(numbers);
            }
            after = page.last_id;
        }
    }

    /// Subscribes a webhook to a field; its value comes along with every callout where `always`. One call at a time: they
    /// share the limit of requests to one collection.
    pub async fn subscribe(
        &self,
        webhooks: &str,
        webhook: i64,
        field: i64,
        always: bool,
    ) -> Result<(), Error> {
        let body = json!({ "fieldID": field, "isSubscribedField": true, "isDisplayAlwaysField": always });
        let path = format!("{}/{webhook}/Fields", collection(webhooks)?);
        self.write(webhooks, "subscribe webhook", Method::POST, &path, Some(&body)).await?;
        Ok(())
    }

    /// Removes a webhook with its subscriptions. Answers whether it was there.
    pub async fn delete_webhook(&self, webhooks: &str, id: i64) -> Result<bool, Error> {
        let url = self.url(&format!("{}/{id}", collection(webhooks)?))?;
        match self.call(webhooks, "remove webhook", Method::DELETE, url, None, read_json_or_null).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn write(
        &self,
        entity: &str,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<i64, Error> {
        let answer = self.call(entity, operation, method, self.url(path)?, body, read_json).await?;
        let id = answer.as_object().and_then(|answer| number(answer, "itemId"));
        id.ok_or_else(|| Error::decode("the answer names no record"))
    }
}

fn number(row: &Row, field: &str) -> Option<i64> {
    value::field(row, field).and_then(|value| value::integer(value).ok().flatten())
}

fn registered(row: &Row) -> Result<Registered, Error> {
    let text = |field: &str| value::field(row, field).and_then(Value::as_str).map(str::to_owned);
    let flag = |field: &str| value::field(row, field).and_then(Value::as_bool).unwrap_or(false);
    Ok(Registered {
        id: number(row, "id").ok_or_else(|| Error::decode("a webhook has no id"))?,
        name: text("name").unwrap_or_default(),
        guid: text("webhookGUID"),
        url: text("webhookUrl").unwrap_or_default(),
        is_active: flag("isActive"),
        is_ready: flag("isReady"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sign(secret: &SecretString, body: &str) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()).unwrap();
        format!("sha1={}", BASE64_STANDARD.encode(mac.chain_update(body).finalize().into_bytes()))
    }

    #[test]
    fn a_signature_is_that_of_the_bytes() {
        let secret = SecretString::from("key");
        // RFC 2202's way of reckoning, with the value from another implementation.
        let body = b"The quick brown fox jumps over the lazy dog";
        assert!(is_signed(&secret, "sha1=3nybhbi3iqa8ino29wqQcBydtNk=", body));
        assert!(!is_signed(&secret, "sha1=3nybhbi3iqa8ino29wqQcBydtNk=", b"The quick brown fox"));
        assert!(!is_signed(&SecretString::from("other"), "sha1=3nybhbi3iqa8ino29wqQcBydtNk=", body));
        for wrong in
            ["", "sha1=", "sha1=!", "3nybhbi3iqa8ino29wqQcBydtNk=", "md5=3nybhbi3iqa8ino29wqQcBydtNk="]
        {
            assert!(!is_signed(&secret, wrong, body), "{wrong}");
        }
    }

    #[test]
    fn both_escaped_forms_are_taken() {
        let secret = SecretString::from("key");
        let body = r#"{"Fields":{"title":"R&D <\"é\"> 'a' `b` + c\\d \u00e9 😀\n"},"Id":1}"#;
        let upper = r#"{"Fields":{"title":"R\u0026D \u003C\u0022\u00E9\u0022\u003E \u0027a\u0027 \u0060b\u0060 \u002B c\u005Cd \u00e9 \uD83D\uDE00\n"},"Id":1}"#;
        let [kept, escaped_too, ..] = FORMS.map(|form| escaped(body, form));
        assert_eq!(escaped_too, upper);
        assert_eq!(kept, upper.replace("\\u005C", "\\\\"));
        for signed in FORMS.map(|form| escaped(body, form)).into_iter().chain([body.to_owned()]) {
            assert!(is_signed(&secret, &sign(&secret, &signed), body.as_bytes()), "{signed}");
        }
        assert!(!is_signed(&secret, &sign(&secret, "{}"), body.as_bytes()));
    }

    #[test]
    fn callouts_are_read_whatever_their_case_and_types() {
        let body = br#"{"action":"update","guid":"g","entitytype":"Ticket","id":"12","sequenceNumber":3,
            "Fields":{"TicketID":"7"}}"#;
        let callout = Callout::read(body).unwrap();
        assert_eq!((callout.action, callout.id, callout.sequence), (Action::Update, 12, 3));
        assert_eq!(callout.number("ticketID"), Some(7));
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"Action":"Update","Guid":"g","SequenceNumber":1}"#,
            r#"{"Action":"Update","Guid":"","Id":1,"SequenceNumber":1}"#,
            r#"{"Action":"Explode","Guid":"g","Id":1,"SequenceNumber":1}"#,
            r#"{"Action":"Create","Guid":"g","Id":1}"#,
        ] {
            assert!(Callout::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(
            Callout::read(br#"{"Action":"Deactivated","Guid":"g"}"#).unwrap().action,
            Action::Deactivated
        );
    }

    proptest! {
        /// Whatever comes, reading it ends, and escaping changes no value.
        #[test]
        fn anything_may_come(body in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
            let _ = Callout::read(&body);
            let _ = is_signed(&SecretString::from("key"), "sha1=AAAA", &body);
            let json = json!({ "text": text }).to_string();
            for form in FORMS {
                let read: Value = serde_json::from_str(&escaped(&json, form)).unwrap();
                prop_assert_eq!(read["text"].as_str(), Some(text.as_str()));
            }
        }
    }
}
