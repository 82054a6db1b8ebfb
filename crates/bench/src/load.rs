//! Requests over HTTP, one after the other or many at once, and how long they took.

use crate::tenant::Failure;
use futures::future::try_join_all;
use reqwest::{Client, header};
use std::time::{Duration, Instant};

/// Something to ask for, again and again.
#[derive(Clone)]
pub struct Target {
    http: Client,
    url: String,
    cookie: String,
    encoding: &'static str,
}

/// How long requests took.
pub struct Times(Vec<Duration>);

/// What many at once came to.
pub struct Rate {
    /// Requests in a second.
    pub per_second: f64,
    /// How long each took.
    pub times: Times,
}

impl Target {
    /// An address, asked for with this cookie and in this encoding.
    pub fn new(url: &str, cookie: &str, encoding: &'static str) -> Result<Target, Failure> {
        let http = Client::builder().no_proxy().no_gzip().build()?;
        Ok(Target { http, url: url.to_owned(), cookie: cookie.to_owned(), encoding })
    }

    /// Asks once: how long it took until the last byte, and the bytes.
    pub async fn ask(&self) -> Result<(Duration, Vec<u8>), Failure> {
        let began = Instant::now();
        let answer = self
            .http
            .get(&self.url)
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT_ENCODING, self.encoding)
            .header(header::ACCEPT, "text/html")
            .send()
            .await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if status != reqwest::StatusCode::OK {
            return Err(format!("{} answers {status}", self.url).into());
        }
        Ok((began.elapsed(), body.to_vec()))
    }

    /// Asks one after the other.
    pub async fn in_turn(&self, requests: usize) -> Result<Times, Failure> {
        let mut times = Vec::with_capacity(requests);
        for _ in 0..requests {
            times.push(self.ask().await?.0);
        }
        Ok(Times::of(times))
    }

    /// Asks from so many connections for so long; the first answer that is none ends it.
    pub async fn at_once(&self, connections: usize, lasting: Duration) -> Result<Rate, Failure> {
        let began = Instant::now();
        let until = began + lasting;
        let one = async || {
            let mut times = Vec::new();
            while Instant::now() < until {
                times.push(self.ask().await?.0);
            }
            Ok::<_, Failure>(times)
        };
        let times: Vec<Duration> =
            try_join_all((0..connections).map(|_| one())).await?.into_iter().flatten().collect();
        let per_second = times.len() as f64 / began.elapsed().as_secs_f64();
        Ok(Rate { per_second, times: Times::of(times) })
    }
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        Times(times)
    }

    /// The time within which so many of a hundred were answered, in ms.
    pub fn percentile(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

/// The middle of some numbers.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
