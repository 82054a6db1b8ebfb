//! Whole answers, those of failures above all: a status and a body, from a server on loopback that says what it is told.
//! Slower than `answers`, and through the front door. The first two bytes are the status and the call.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use taskgauge_autotask::{Client, Connector, Credentials, Error, Filter, Options, Query, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const SECRET: &str = "S1mulated-$ecret&";

struct Stage {
    runtime: Runtime,
    client: Client,
}

static ANSWER: Mutex<(u16, Vec<u8>)> = Mutex::new((200, Vec::new()));

/// Reads requests, none of which needs to be understood, and answers each.
async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        let length = loop {
            let head = request.windows(4).position(|part| part == b"\r\n\r\n");
            if let Some(head) = head.map(|at| at + 4) {
                let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
                let announced =
                    text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let length = head + announced.unwrap_or(0_usize);
                if request.len() >= length {
                    break length;
                }
            }
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        };
        request.drain(..length);
        let (status, body) = ANSWER.lock().expect("no panic while it was held").clone();
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).await?;
    }
}

fn stage() -> Stage {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let base = format!("http://{}/", listener.local_addr().expect("an address")).parse().expect("an address");
    runtime.spawn(async move {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        }
    });
    let retry = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
    let options = Options { retry, request_timeout: Duration::from_secs(5), ..Options::for_test_base(base) };
    let base = options.discovery_url.clone();
    let client = Connector::new(options).and_then(|connector| {
        connector.client(base, Credentials::new("someone@example.com", SECRET, "NWMSPSIMULATEDTRACKINGID027"))
    });
    Stage { runtime, client: client.expect("a client") }
}

fuzz_target!(|data: &[u8]| {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let [status, call, body @ ..] = data else { return };
    // From 200 to 599; a status without a body has none to read.
    let status = match 200 + u16::from(*status) * 25 / 16 {
        204 | 205 | 304 => 500,
        status => status,
    };
    let Stage { runtime, client } = STAGE.get_or_init(stage);
    *ANSWER.lock().expect("no panic while it was held") = (status, body.to_vec());
    let outcome: Result<(), Error> = runtime.block_on(async {
        match call % 4 {
            0 => client.page("Tickets", &Query::default(), None).await.map(drop),
            1 => client.count("Tickets", &Filter::All).await.map(drop),
            2 => client.children("Tickets", 5, "Notes").await.map(drop),
            _ => client.get("Tickets", 5).await.map(drop),
        }
    });
    let Err(error) = outcome else { return assert!((200..300).contains(&status) || status == 404) };
    let told = format!("{error} {error:?}");
    assert!(told.len() < 60_000 && !told.contains(SECRET));
    assert!(status != 401 || error == Error::Unauthorized);
    assert_ne!(error, Error::Timeout);
});
