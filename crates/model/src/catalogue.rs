//! The content that ships with Taskgauge: datasets, gauges and dashboards, as TOML.

use crate::{
    dashboard::Dashboard,
    dataset::Dataset,
    entity::{Entity, Refresh},
    gauge::Gauge,
};
use std::sync::LazyLock;

mod files {
    include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
}

/// Everything that ships.
#[derive(Debug)]
pub struct Catalogue {
    /// Datasets, in the order they are listed.
    pub datasets: Vec<Dataset>,
    /// Gauges, by file and place.
    pub gauges: Vec<Gauge>,
    /// Dashboards, in the order they are listed.
    pub dashboards: Vec<Dashboard>,
}

static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue {
    datasets: files::DATASETS.iter().map(|(name, text)| read(name, text)).collect(),
    gauges: files::GAUGES.iter().flat_map(|(name, text)| read::<GaugeFile>(name, text).gauge).collect(),
    dashboards: files::DASHBOARDS.iter().map(|(name, text)| read(name, text)).collect(),
});

/// A file of gauges: a list of `[[gauge]]`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct GaugeFile {
    gauge: Vec<Gauge>,
}

fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
    match toml::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("catalogue file {name} cannot be read: {error}"),
    }
}

impl Catalogue {
    /// The shipped catalogue, read once.
    pub fn shipped() -> &'static Catalogue {
        &SHIPPED
    }

    /// The dataset of that slug.
    pub fn dataset(&self, slug: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.slug == slug)
    }

    /// The gauge of that id.
    pub fn gauge(&self, id: &str) -> Option<&Gauge> {
        self.gauges.iter().find(|gauge| gauge.id == id)
    }

    /// The dashboard of that id.
    pub fn dashboard(&self, id: &str) -> Option<&Dashboard> {
        self.dashboards.iter().find(|dashboard| dashboard.id == id)
    }
}

impl Dataset {
    /// The entities whose age is the age of its rows: the leading one, and others whose rows change by themselves. How
    /// old a list of names is that is read once a day says little about the rows that use it.
    pub fn dated_by(&self) -> impl Iterator<Item = &str> {
        self.entities.iter().enumerate().map(|(place, name)| (place, name.as_str())).filter_map(
            |(place, name)| {
                let lives = Entity::named(name)
                    .is_some_and(|entity| !matches!(entity.refresh, Refresh::Sweep { .. }));
                (place == 0 || lives).then_some(name)
            },
        )
    }
}
