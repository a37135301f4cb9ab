//! Input that nobody should send: whatever comes, an answer or none, and the server goes on.

use kmip::types::*;

use kmip_server::engine::Settings;
use kmip_server::rights::Policies;

use crate::harness::*;

/// A stream of numbers that is the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

fn messages() -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for version in ALL {
        let payloads: Vec<RequestPayload> = vec![
            create_request(*version, {
                let mut set = aes(128);
                set.add(name("n"));
                set
            })
            .into(),
            locate_request(*version, set([name("n")])).into(),
            GetRequest::new().into(),
            GetAttributesRequest::new().into(),
            ActivateRequest::new().into(),
            QueryRequest { query_function: QueryFunction::all(*version).collect(), ..QueryRequest::new() }
                .into(),
        ];
        for payload in payloads.clone() {
            messages.push(batch(*version, vec![payload]));
        }
        let mut all = batch(*version, payloads);
        all.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        all.request_header.maximum_response_size = Some(5000);
        messages.push(all);
    }
    messages
        .iter()
        .map(|message| {
            let mut bytes = Vec::new();
            message.write(&mut bytes).unwrap();
            bytes
        })
        .collect()
}

#[test]
fn cut_and_changed_messages_are_answered() {
    let server = server();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for message in messages() {
        for length in 0..message.len() {
            if length % 7 == 0 {
                let answer = server.raw(Some("mallory"), &message[..length]);
                read(&answer);
            }
        }
        for _ in 0..150 {
            let mut changed = message.clone();
            for _ in 0..=numbers.below(4) {
                let place = numbers.below(changed.len());
                changed[place] = numbers.below(256) as u8;
            }
            read(&server.raw(Some("mallory"), &changed));
        }
    }
    server.create(V1_4, []);
}

#[test]
fn deep_large_and_many() {
    let server = server();
    let nested = |depth: usize| {
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..depth {
            let length = bytes.len() as u32;
            let mut outer = vec![0x42, 0, 0x78, 1];
            outer.extend(length.to_be_bytes());
            outer.extend(bytes);
            bytes = outer;
        }
        bytes
    };
    for message in [nested(10_000), vec![0; 3 << 20], vec![0x42; 1 << 16]] {
        let response = read(&server.raw(Some("mallory"), &message));
        assert_eq!(failed(&response.batch_item[0]).reason, ResultReason::InvalidMessage);
    }
}

#[test]
fn an_answer_has_its_limit_whatever_is_asked_for() {
    let settings = Settings { response_size: 4096, ..Settings::default() };
    let server = server_set(Policies::built_in(), settings);
    for _ in 0..300 {
        server.create(V1_4, []);
    }
    // One that finds too much, in one batch with others, and what is done after it.
    let mut payloads: Vec<RequestPayload> = Vec::new();
    payloads.push(locate_request(V1_4, set([])).into());
    for maximum in [60, 1, 5000] {
        let locate = LocateRequest { maximum_items: Some(maximum), ..locate_request(V1_4, set([])) };
        payloads.push(locate.into());
    }
    payloads.push(create_request(V1_4, aes(128)).into());
    let mut request = batch(V1_4, payloads);
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    let mut bytes = Vec::new();
    request.write(&mut bytes).unwrap();
    let answer = server.raw(Some("alice"), &bytes);
    // Refusals are short, and there are no more of them than items.
    assert!(answer.bytes.len() < 4096 + 5 * 512, "{}", answer.bytes.len());
    let items = read(&answer).batch_item;
    for place in [0, 3] {
        let failed = failed(&items[place]);
        assert_eq!(failed.reason, ResultReason::ResponseTooLarge);
        assert!(failed.message.contains("Maximum Items"), "{}", failed.message);
    }
    for place in [1, 2, 4] {
        assert_eq!(items[place].result_status, ResultStatus::Success, "{:?}", items[place]);
    }
    assert_eq!(server.locate(V1_4, set([])).unwrap_err().reason, ResultReason::ResponseTooLarge);
}
