//! The content that ships with Taskgauge: datasets, gauges and dashboards, as TOML.

use crate::{dashboard::Dashboard, dataset::Dataset, gauge::Gauge};
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
