//! What webhooks are called and where they point, and taking all of a datasource away.

use crate::doctor::{self, DoctorError};
use std::time::Duration;
use taskgauge_autotask::webhook::Registered;
use taskgauge_autotask::{Client, Connector, Error};
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::webhook::Webhook;
use taskgauge_store::Store;
use url::Url;

/// The path that callouts go to, below the address of the installation. The server has a route of this shape.
pub const PATH: &str = "/hooks";

/// How long a person who removes a datasource waits for Autotask.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the callouts of a webhook go, and the news that it was switched off.
pub(crate) fn addresses(datasource: DatasourceId, webhook: &Webhook, address: &str) -> Option<(Url, Url)> {
    let url = format!("{}{PATH}/{datasource}/{}", address.trim_end_matches('/'), webhook.collection);
    Some((Url::parse(&url).ok()?, Url::parse(&format!("{url}/deactivated")).ok()?))
}

/// Whether a webhook at Autotask calls this address.
pub(crate) fn is_of_address(
    registered: &Registered,
    datasource: DatasourceId,
    webhook: &Webhook,
    address: &str,
) -> bool {
    addresses(datasource, webhook, address).is_some_and(|(url, _)| url.as_str() == registered.url)
}

/// Removes the webhooks of this name from Autotask.
pub(crate) async fn remove_of(client: &Client, webhook: &Webhook, name: &str) -> Result<(), Error> {
    for registered in client.webhooks_named(webhook.collection, name).await? {
        client.delete_webhook(webhook.collection, registered.id).await?;
    }
    Ok(())
}

/// Removes a datasource's webhooks from Autotask, before the datasource itself is removed.
///
/// # Errors
/// What Autotask or the database said. Webhooks that stay are harmless: their callouts are refused, and Autotask switches
/// them off after 25 of them.
pub async fn remove_webhooks(
    store: &Store,
    connector: &Connector,
    datasource: DatasourceId,
) -> Result<(), DoctorError> {
    let hooks = store.hooks(datasource).await?;
    if hooks.is_empty() {
        return Ok(());
    }
    let (client, _) = doctor::client_of(store, connector, datasource).await?;
    let name = store.webhook_name(datasource);
    let remove_all = async {
        for hook in hooks {
            if let Some(webhook) = Webhook::named(&hook.collection) {
                remove_of(&client, webhook, &name).await.map_err(Box::new)?;
            }
            store.forget_webhook(datasource, &hook.collection).await?;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, remove_all).await.unwrap_or(Err(Box::new(Error::Timeout).into()))
}
