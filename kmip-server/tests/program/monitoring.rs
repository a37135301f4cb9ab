//! What monitoring sees, and what changes without a restart.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use kmip::types::{DiscoverVersionsRequest, ResultReason, UniqueIdentifier};

use crate::harness::{Running, create, exchange, folder, get, quickstart, soon, start};

/// Where monitoring is answered.
pub(crate) fn monitored(server: &Running) -> String {
    let line = server.greeting.lines().find_map(|line| line.strip_prefix("monitoring on http://"));
    line.unwrap_or_else(|| panic!("{}", server.greeting)).trim_end_matches("/metrics").to_owned()
}

/// The head and the body of an answer.
pub(crate) fn ask(address: &str, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: monitoring\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn is(head: &str, status: u16) -> bool {
    head.starts_with(&format!("HTTP/1.1 {status} "))
}

fn hang_up(server: &Running) {
    assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
}

#[test]
fn metrics_and_health() {
    let (_parent, folder) = folder();
    let server = start(quickstart(&folder).args(["--monitoring-listen", "127.0.0.1:0"]));
    let address = monitored(&server);
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "default");
    exchange(&mut stream, get(&key), None);
    exchange(&mut stream, get(&UniqueIdentifier::TextString("nothing".into())), None);
    // A connection that says nothing, and one that is no TLS.
    let silent = TcpStream::connect(&server.address).unwrap();
    TcpStream::connect(&server.address).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let silent_here = TcpStream::connect(&address).unwrap();

    soon("everything is counted", || {
        let (head, text) = ask(&address, "GET", "/metrics");
        assert!(is(&head, 200) && head.contains("application/openmetrics-text"), "{head}");
        assert!(text.ends_with("# EOF\n"));
        [
            "kmip_operations_total{operation=\"Create\",outcome=\"success\"} 1\n",
            "kmip_operations_total{operation=\"Get\",outcome=\"success\"} 1\n",
            "kmip_operations_total{operation=\"Get\",outcome=\"failed\"} 1\n",
            "kmip_operation_duration_seconds_count{operation=\"Get\"} 2\n",
            "kmip_connections 1\n",
            "kmip_accepted_connections_total 3\n",
            "kmip_failed_handshakes_total{reason=\"failed\"} 1\n",
            "kmip_handshakes 1\n",
            "kmip_objects{type=\"SymmetricKey\",state=\"PreActive\"} 1\n",
            "kmip_audit_records_total",
            "kmip_audit_failures_total 0\n",
            "kmip_store_transaction_duration_seconds_count",
            "kmip_build_info{version=\"",
        ]
        .iter()
        .all(|line| text.contains(line))
    });
    for (path, status) in [("/health", 200), ("/ready", 200), ("/", 404), ("/../../etc/passwd", 404)] {
        assert!(is(&ask(&address, "GET", path).0, status), "{path}");
    }
    assert!(is(&ask(&address, "POST", "/metrics").0, 405));
    assert_eq!(ask(&address, "HEAD", "/health").1, "");
    drop((silent, silent_here));
    drop(stream);
    assert_eq!(server.stop("-TERM").0, Some(0));
}

#[test]
fn nothing_is_monitored_where_that_is_not_wanted() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    assert!(!server.greeting.contains("monitoring"));
}

/// How many of some requests are answered with this reason.
fn refused(server: &Running, folder: &Path) -> usize {
    let mut stream = server.connect(folder);
    let reasons = (0..20).map(|_| exchange(&mut stream, DiscoverVersionsRequest::new(), None));
    reasons
        .filter(|item| {
            let message = item.result_message.as_deref().unwrap_or_default();
            item.result_reason == Some(ResultReason::GeneralFailure) && message.contains("requests a second")
        })
        .count()
}

#[test]
fn the_level_of_the_log_and_the_pace_of_users_change_without_a_restart() {
    let (parent, folder) = folder();
    let config = parent.path().join("server.toml");
    fs::write(&config, "[limits]\nrequests_per_second = 1\n").unwrap();
    let server = start(quickstart(&folder).arg("--config").arg(&config));
    assert!(refused(&server, &folder) > 0);
    fs::write(&config, "[log]\nlevel = 'DEBUG'\n").unwrap();
    hang_up(&server);
    soon("there is no limit any more", || refused(&server, &folder) == 0);
    // What can't be read changes nothing.
    fs::write(&config, "[log]\nlevel = 'INFO'\nformat = 'poem'\n").unwrap();
    hang_up(&server);
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "default");
    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0));
    let UniqueIdentifier::TextString(key) = key else { panic!("{key:?}") };
    let done = log.lines().find(|line| line.contains("done") && line.contains("operation=Create"));
    let done = done.unwrap_or_else(|| panic!("{log}"));

    // The log and the audit log call a request the same.
    let request = done.rsplit("request=").next().unwrap();
    let directory = folder.to_str().unwrap();
    let (status, record) =
        crate::harness::finished(&["audit", "export", "--directory", directory, "--request", request]);
    assert!(status == Some(0) && record.contains(&*key), "{request}: {record}");
    assert!(log.contains("the configuration from before stays in force"), "{log}");
}
