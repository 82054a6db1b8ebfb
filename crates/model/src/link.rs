//! Where a record opens in Autotask.

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// What stands for the record's id in a template.
const ID: &str = "{id}";
/// Whose hosts a template may lead to without being named.
const DOMAIN: &str = ".autotask.net";
/// Longest template, in bytes.
const TEMPLATE_MAX: usize = 500;
/// Most hosts that an admin adds.
const HOSTS_MAX: usize = 20;

/// How a row opens in Autotask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepLink {
    /// Which kind of record, where all rows open the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Column with the name of the entity, where rows are of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Column that holds the record's id.
    pub id: String,
}

impl DeepLink {
    /// The columns that it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.entity.as_deref())
    }

    /// What a row opens; `None` where Autotask has no address for that.
    pub fn record(&self, entity: Option<&str>) -> Option<Record> {
        self.record.or_else(|| Record::ALL.into_iter().find(|record| Some(record.entity()) == entity))
    }
}

/// The kinds of records that Autotask opens by address (vendor help, *`ExecuteCommand`*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A ticket.
    Ticket,
    /// A project task.
    Task,
    /// A company.
    Company,
    /// A contact.
    Contact,
    /// A contract.
    Contract,
    /// A project.
    Project,
    /// An opportunity.
    Opportunity,
    /// A quote.
    Quote,
    /// A sales order.
    SalesOrder,
    /// A configuration item.
    ConfigurationItem,
    /// A time entry.
    TimeEntry,
    /// A service call.
    ServiceCall,
}

impl Record {
    /// All of them, in the order of forms.
    pub const ALL: [Record; 12] = [
        Record::Ticket,
        Record::Task,
        Record::Project,
        Record::TimeEntry,
        Record::ServiceCall,
        Record::Company,
        Record::Contact,
        Record::Contract,
        Record::Opportunity,
        Record::Quote,
        Record::SalesOrder,
        Record::ConfigurationItem,
    ];

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Record::Ticket => "Ticket",
            Record::Task => "Project task",
            Record::Project => "Project",
            Record::TimeEntry => "Time entry",
            Record::ServiceCall => "Service call",
            Record::Company => "Company",
            Record::Contact => "Contact",
            Record::Contract => "Contract",
            Record::Opportunity => "Opportunity",
            Record::Quote => "Quote",
            Record::SalesOrder => "Sales order",
            Record::ConfigurationItem => "Configuration item",
        }
    }

    /// Whose records they are, as the REST API names it.
    pub const fn entity(self) -> &'static str {
        match self {
            Record::Ticket => "Tickets",
            Record::Task => "Tasks",
            Record::Project => "Projects",
            Record::TimeEntry => "TimeEntries",
            Record::ServiceCall => "ServiceCalls",
            Record::Company => "Companies",
            Record::Contact => "Contacts",
            Record::Contract => "Contracts",
            Record::Opportunity => "Opportunities",
            Record::Quote => "Quotes",
            Record::SalesOrder => "SalesOrders",
            Record::ConfigurationItem => "ConfigurationItems",
        }
    }

    /// The path below a tenant's web address that opens it, with `{id}` for its id (vendor help, *`ExecuteCommand`*).
    pub fn template(self) -> String {
        let (code, parameter) = match self {
            Record::Ticket => ("OpenTicketDetail", "TicketID"),
            Record::Task => ("OpenTaskDetail", "TaskID"),
            Record::Company => ("OpenAccount", "AccountID"),
            Record::Contact => ("OpenContact", "ContactID"),
            Record::Contract => ("OpenContract", "ContractID"),
            Record::Project => ("OpenProject", "ProjectID"),
            Record::Opportunity => ("OpenOpportunity", "OpportunityID"),
            Record::Quote => ("OpenQuote", "ID"),
            Record::SalesOrder => ("OpenSalesOrder", "SalesOrderID"),
            Record::ConfigurationItem => ("EditInstalledProduct", "InstalledProductID"),
            Record::TimeEntry => ("EditTimeEntry", "WorkEntryID"),
            Record::ServiceCall => ("OpenServiceCall", "ServiceCallID"),
        };
        format!("/Autotask/AutotaskExtend/ExecuteCommand.aspx?Code={code}&{parameter}={ID}")
    }
}

/// Where records open, as far as an admin wants it otherwise than [`Record::template`] says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// Templates: a path below the tenant's web address, or a whole `https` address; with `{id}` for the record's id.
    pub templates: BTreeMap<Record, String>,
    /// Hosts outside of Autotask that templates may lead to.
    pub hosts: Vec<String>,
}

impl Links {
    /// The address that opens record `id` of a tenant whose web address is `web_url` (`https://ww5.autotask.net/`).
    ///
    /// `None` where the template leads nowhere that is allowed, which [`Self::problem`] tells when it is saved.
    pub fn url(&self, record: Record, web_url: &str, id: i64) -> Option<String> {
        let template = self
            .templates
            .get(&record)
            .map_or_else(|| Cow::from(record.template()), |own| own.as_str().into());
        self.is_allowed(&template).ok()?;
        let base = if template.starts_with('/') { web_url.trim_end_matches('/') } else { "" };
        Some(format!("{base}{}", template.replace(ID, &id.to_string())))
    }

    /// What is wrong with them, as a sentence.
    pub fn problem(&self) -> Option<String> {
        if self.hosts.len() > HOSTS_MAX {
            return Some(format!("At most {HOSTS_MAX} hosts can be added."));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_host(host)) {
            return Some(format!("“{host}” is not the name of a host, such as psa.example.com."));
        }
        self.templates.iter().find_map(|(record, template)| {
            let why = self.is_allowed(template).err()?;
            Some(format!("The address for “{}” {why}", record.label()))
        })
    }

    /// Whether a template leads somewhere that is allowed; else the end of a sentence that says why not.
    fn is_allowed(&self, template: &str) -> Result<(), String> {
        let is_plain =
            |sign: char| sign.is_ascii_graphic() && !matches!(sign, '"' | '\'' | '<' | '>' | '\\' | '`');
        if template.len() > TEMPLATE_MAX || !template.chars().all(is_plain) {
            return Err(format!("is an address of at most {TEMPLATE_MAX} signs, without spaces and quotes."));
        }
        if !template.contains(ID) {
            return Err(format!("needs {ID} where the number of the record stands."));
        }
        if template.starts_with('/') && !template.starts_with("//") {
            return Ok(());
        }
        let Some(rest) = template.strip_prefix("https://") else {
            return Err("begins with / or with https://.".to_owned());
        };
        let host = rest.split('/').next().unwrap_or_default();
        let is_named = self.hosts.iter().any(|named| named.eq_ignore_ascii_case(host));
        if is_host(host) && (host.to_ascii_lowercase().ends_with(DOMAIN) || is_named) {
            return Ok(());
        }
        Err("leads outside of Autotask. Add its host below if that is meant.".to_owned())
    }
}

/// Whether a text is a host's name and nothing else: no port, no user, no path.
fn is_host(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "https://ww5.autotask.net/";

    fn of(template: &str, hosts: &[&str]) -> Links {
        Links {
            templates: [(Record::Ticket, template.to_owned())].into(),
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        }
    }

    #[test]
    fn every_record_opens_at_the_tenants_address() {
        for record in Record::ALL {
            let url = Links::default().url(record, WEB, 7).unwrap();
            assert!(
                url.starts_with("https://ww5.autotask.net/Autotask/AutotaskExtend/ExecuteCommand.aspx?Code=")
            );
            assert!(url.ends_with("=7"), "{url}");
        }
    }

    #[test]
    fn rows_of_several_entities_say_which() {
        let own = DeepLink { record: None, entity: Some("entity".into()), id: "record_id".into() };
        assert_eq!(own.columns().collect::<Vec<_>>(), ["record_id", "entity"]);
        assert_eq!(own.record(Some("TimeEntries")), Some(Record::TimeEntry));
        assert_eq!((own.record(Some("Invoices")), own.record(None)), (None, None));
        let one = DeepLink { record: Some(Record::Ticket), entity: None, id: "id".into() };
        assert_eq!(one.record(None), Some(Record::Ticket));
    }

    #[test]
    fn a_template_takes_the_place_of_ours() {
        let page = of("/Mvc/ServiceDesk/TicketDetail.mvc?ticketId={id}", &[]);
        assert_eq!(page.problem(), None);
        let url = page.url(Record::Ticket, WEB, -7);
        assert_eq!(
            url.as_deref(),
            Some("https://ww5.autotask.net/Mvc/ServiceDesk/TicketDetail.mvc?ticketId=-7")
        );
        assert!(page.url(Record::Task, WEB, 7).unwrap().contains("OpenTaskDetail"));
        let elsewhere = of("https://psa.example.com/t/{id}", &["PSA.example.com"]);
        assert_eq!(elsewhere.problem(), None);
        assert_eq!(elsewhere.url(Record::Ticket, WEB, 7).as_deref(), Some("https://psa.example.com/t/7"));
    }

    #[test]
    fn templates_lead_nowhere_else() {
        for wrong in [
            "https://example.com/{id}",
            "https://example.com/.autotask.net/{id}",
            "https://example.com?x.autotask.net/{id}",
            "https://example.com#.autotask.net/{id}",
            "https://user@ww5.autotask.net/{id}",
            "https://ww5.autotask.net:8443/{id}",
            "https://example.com\\.autotask.net/{id}",
            "https://.autotask.net/{id}",
            "http://ww5.autotask.net/{id}",
            "javascript:alert({id})",
            "//example.com/{id}",
            "/ticket",
            "/a b/{id}",
            "/\"><script>{id}",
            "",
        ] {
            let links = of(wrong, &["psa.example.com"]);
            assert!(links.problem().is_some(), "{wrong}");
            assert_eq!(links.url(Record::Ticket, WEB, 7), None, "{wrong}");
        }
        for host in ["example", "https://example.com", "example.com/", "exa mple.com", "", ".net"] {
            assert!(of("/{id}", &[host]).problem().is_some(), "{host}");
        }
    }
}
