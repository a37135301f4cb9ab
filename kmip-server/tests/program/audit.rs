//! The audit log of a server that runs, and of one that was killed.

use std::path::Path;

use kmip::types::{
    AttributeSet, AttributeValue, CreateKeyPairRequest, CryptographicAlgorithm, CryptographicUsageMask,
    DestroyRequest, ResultStatus, UniqueIdentifier,
};
use serde_json::Value;

use crate::harness::{create, exchange, finished, folder, get, quickstart, soon, start};
use crate::monitoring::{ask, monitored};

fn audit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let directory = ["--directory", folder.to_str().unwrap()];
    finished(&[&["audit"], arguments, &directory].concat())
}

/// What was exported, of a log that is whole.
fn records(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let (status, text) = audit(folder, &[&["export"], arguments].concat());
    assert_eq!(status, Some(0), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(identifier: &UniqueIdentifier) -> String {
    let UniqueIdentifier::TextString(text) = identifier else { panic!("{identifier:?}") };
    text.to_string()
}

#[test]
fn records_are_shown_exported_and_verified_while_the_server_runs() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "default");
    exchange(&mut stream, get(&key), None);
    exchange(&mut stream, get(&UniqueIdentifier::TextString("nothing".into())), None);
    let of_key = ["--object", &text(&key)];
    soon("reads are written", || records(&folder, &["--outcome", "failed"]).len() == 1);
    let operations: Vec<_> = records(&folder, &of_key)
        .iter()
        .map(|record| record["operation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(operations, ["Create", "Get"]);

    let (status, shown) = audit(&folder, &["show", "--last", "1", "--operation", "get"]);
    assert!(status == Some(0) && shown.lines().count() == 2 && shown.contains("nothing"), "{shown}");
    assert!(shown.contains("failed (ItemNotFound)"), "{shown}");
    let (status, verified) = audit(&folder, &["verify"]);
    assert!(status == Some(0) && verified.starts_with("Records 1 to 4 are whole"), "{verified}");
    let head = verified.trim().rsplit(' ').next().unwrap().to_owned();

    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0), "{log}");
    let events = records(&folder, &[]);
    assert_eq!(events[0]["event"], "started");
    assert_eq!(events.last().unwrap()["event"], "stopped");
    let (status, verified) = audit(&folder, &["verify", "--known", &head]);
    assert_eq!(status, Some(0), "{verified}");
    let (status, refused) = audit(&folder, &["verify", "--known", &format!("9{head}")]);
    assert!(status == Some(1) && refused.contains("missing"), "{refused}");
}

#[test]
fn every_change_that_was_answered_is_in_the_log_of_a_server_that_was_killed() {
    let (_parent, folder) = folder();
    let mut answered = Vec::new();
    for run in 0..6_u64 {
        // Small enough that records leave the store now and then.
        let server = start(quickstart(&folder).args(["--audit-rotate-bytes", "6000"]));
        let mut stream = server.connect(&folder);
        for number in 0..12 + run * 3 {
            let key = create(&mut stream, "default");
            answered.push(("Create", text(&key)));
            exchange(&mut stream, get(&key), None);
            if number % 3 == 0 {
                let request =
                    DestroyRequest { unique_identifier: Some(key.clone()), ..DestroyRequest::new() };
                assert_eq!(exchange(&mut stream, request, None).result_status, ResultStatus::Success);
                answered.push(("Destroy", text(&key)));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(run * 130));
        server.stop("-KILL");
        let (status, verified) = audit(&folder, &["verify"]);
        assert_eq!(status, Some(0), "{verified}");
    }
    let kept = records(&folder, &["--outcome", "success"]);
    for (operation, key) in answered {
        let record = kept
            .iter()
            .find(|record| record["operation"] == operation && record["objects"][0] == key.as_str());
        assert!(record.is_some(), "{operation} {key}");
    }
    assert!(folder.join("kmip.db-audit").exists(), "{:?}", crate::harness::names(&folder));
}

#[test]
fn a_server_that_is_told_to_stop_answers_what_it_has_and_records_it() {
    let (_parent, folder) = folder();
    let server = start(quickstart(&folder).args(["--monitoring-listen", "127.0.0.1:0"]));
    let monitoring = monitored(&server);
    let mut stream = server.connect(&folder);
    let mask = |mask| [AttributeValue::CryptographicUsageMask(mask)].into_iter().collect::<AttributeSet>();
    let common: AttributeSet = [
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        AttributeValue::CryptographicLength(3072),
    ]
    .into_iter()
    .collect();
    let request = CreateKeyPairRequest {
        common_template_attribute: Some(common.to_template_attribute()),
        private_key_template_attribute: Some(mask(CryptographicUsageMask::Sign).to_template_attribute()),
        public_key_template_attribute: Some(mask(CryptographicUsageMask::Verify).to_template_attribute()),
        ..CreateKeyPairRequest::new()
    };
    let asking = std::thread::spawn(move || exchange(&mut stream, request, None));
    // Mostly it is at work then; it may be done already.
    soon("the server has it", || {
        asking.is_finished() || ask(&monitoring, "GET", "/metrics").1.contains("kmip_busy_workers 1\n")
    });
    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0), "{log}");
    let answered = asking.join().unwrap();
    assert_eq!(answered.result_status, ResultStatus::Success, "{answered:?}");
    let records = records(&folder, &[]);
    let last: Vec<_> = records.iter().rev().take(2).collect();
    assert_eq!(last[0]["event"], "stopped");
    assert_eq!((&last[1]["operation"], &last[1]["outcome"]), (&"CreateKeyPair".into(), &"success".into()));
}

#[test]
fn who_edits_the_database_is_found_out() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    create(&mut server.connect(&folder), "default");
    server.stop("-TERM");
    let (status, verified) = audit(&folder, &["verify"]);
    assert_eq!(status, Some(0), "{verified}");
    let database = rusqlite::Connection::open(folder.join("kmip.db")).unwrap();
    let changed = database
        .execute(
            "UPDATE audit SET lines = CAST(replace(CAST(lines AS TEXT), 'Create', 'Locate') AS BLOB)",
            [],
        )
        .unwrap();
    assert!(changed > 0);
    drop(database);
    let (status, refused) = audit(&folder, &["verify"]);
    assert!(status == Some(1) && refused.contains("in the store: record 2"), "{refused}");
    assert!(audit(&folder, &["export"]).0 == Some(1));
}
