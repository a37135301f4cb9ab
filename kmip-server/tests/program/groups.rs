//! Group services, and policies for groups.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use kmip::types::{ResultReason, UniqueIdentifier};

use crate::harness::{create, exchange, folder, get, quickstart, start};

/// What a SLUGS service that knows the user `client` alone says of its groups; it doesn't know it while there are none.
type Groups = Arc<Mutex<Option<Vec<&'static str>>>>;

/// The smallest SLUGS service, at this port (0 is any), and its address.
fn slugs(port: u16, groups: &Groups) -> String {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let address = listener.local_addr().unwrap();
    let groups = Arc::clone(groups);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut request = String::new();
            while stream.read_line(&mut request).unwrap() > 2 {}
            let path = request.split(' ').nth(1).unwrap_or_default();
            let answer = match (path, &*groups.lock().unwrap()) {
                ("/slugs/users/client", Some(_)) => Some("{}".to_owned()),
                ("/slugs/users/client/groups", Some(groups)) => Some(format!("{{\"groups\": {groups:?}}}")),
                _ => None,
            };
            let (status, body) = answer.map_or((404, String::new()), |body| (200, body));
            let _ = write!(
                stream.get_mut(),
                "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    format!("http://{address}/slugs/")
}

#[test]
fn the_service_is_asked_at_every_request() {
    let (parent, folder) = folder();
    let policies = parent.path().join("policies");
    fs::create_dir(&policies).unwrap();
    fs::write(
        policies.join("policy.json"),
        r#"{"team": {
            "preset": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "DISALLOW_ALL"}},
            "groups": {"Group A": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "ALLOW_ALL"}},
                       "Group B": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "DISALLOW_ALL"}}}}}"#,
    )
    .unwrap();
    let groups: Groups = Arc::new(Mutex::new(Some(vec!["Group A"])));
    let url = slugs(0, &groups);
    // One that is down, and one that is disabled, are no hindrance.
    let services = format!(
        "[{{ url = 'http://127.0.0.1:9/slugs/', timeout_seconds = 1 }}, \
         {{ url = 'http://127.0.0.1:9/', enabled = false }}, {{ name = 'own', url = '{url}' }}]"
    );
    let server =
        start(quickstart(&folder).arg("--policies").arg(&policies).args(["--auth-slugs", &services]));
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "team");
    let mut reason = || exchange(&mut stream, get(&key), None).result_reason;
    for (now, expected) in [
        (vec!["Group A"], None),
        (vec!["Group B"], Some(ResultReason::PermissionDenied)),
        (vec!["Group B", "Group A"], None),
        (vec![], Some(ResultReason::ItemNotFound)),
    ] {
        *groups.lock().unwrap() = Some(now);
        assert_eq!(reason(), expected);
    }
    // Whom no service knows is nobody.
    *groups.lock().unwrap() = None;
    assert_eq!(reason(), Some(ResultReason::AuthenticationNotSuccessful));
}

#[test]
fn a_service_that_is_down_grants_nothing() {
    let (_parent, folder) = folder();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let services = format!("[{{ url = 'http://127.0.0.1:{free}/slugs/', timeout_seconds = 1 }}]");
    let server = start(quickstart(&folder).args(["--auth-slugs", &services]));
    let ask = || {
        exchange(&mut server.connect(&folder), get(&UniqueIdentifier::TextString("1".into())), None)
            .result_reason
    };
    assert_eq!(ask(), Some(ResultReason::AuthenticationNotSuccessful));
    // And when it is up again, all is well.
    slugs(free, &Arc::new(Mutex::new(Some(vec![]))));
    assert_eq!(ask(), Some(ResultReason::ItemNotFound));
}
