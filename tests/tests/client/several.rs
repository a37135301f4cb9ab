//! Batches, pools, and several servers.

use std::{thread, time::Duration};

use kmip::{
    client::{
        Address, Batch, Client, Error, Id, Pool,
        blocking::{self, Client as Blocking},
        calls,
    },
    types::{
        AttributeSet, BatchErrorContinuationOption, QueryFunction, RevocationReason, RevocationReasonCode,
    },
};

use crate::{AES, ALL, cipher_usage, client, options, server};

#[test]
fn a_batch_with_the_id_placeholder() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let mut batch = Batch::new();
        let made = batch.call(calls::create(AES, 256, AttributeSet::new().with_usage(cipher_usage())));
        let activated = batch.call(calls::activate(Id::PLACEHOLDER));
        let key = batch.call(calls::get(Id::PLACEHOLDER));
        let mut answers = client.batch(batch).unwrap();
        let id = answers.take(made).unwrap();
        answers.take(activated).unwrap();
        assert_eq!(answers.take(key).unwrap().length(), Some(256));
        assert!(client.destroy(&id).is_err(), "it is active");

        // The second fails; the third is done nevertheless.
        let mut batch = Batch::new();
        batch.on_error = Some(BatchErrorContinuationOption::Continue);
        let reason = RevocationReason::new(RevocationReasonCode::Superseded);
        let revoked = batch.call(calls::revoke(&id, reason, None));
        let failed = batch.call(calls::get("no such object"));
        let destroyed = batch.call(calls::destroy(&id));
        let mut answers = client.batch(batch).unwrap();
        answers.take(revoked).unwrap();
        assert!(matches!(answers.take(failed), Err(Error::Refused { .. })));
        answers.take(destroyed).unwrap();
    }
}

#[test]
fn pools_of_both_kinds() {
    let server = server();
    let pool = blocking::Pool::new(options(&server), 3).unwrap();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut client = pool.get().unwrap();
                    let wanted = AttributeSet::new().with_usage(cipher_usage());
                    client.create(AES, 128, wanted).unwrap();
                }
            });
        }
    });
    assert_eq!(client(&server).locate(AttributeSet::new()).unwrap().ids.len(), 30);

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = std::sync::Arc::new(Pool::new(options(&server), 2));
        let tasks = (0..8).map(|_| {
            let pool = std::sync::Arc::clone(&pool);
            tokio::spawn(async move {
                pool.get().await?.query(&[QueryFunction::QueryOperations]).await.map(|it| it.operation.len())
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            assert!(task.await.unwrap().unwrap() > 10);
        }
    });
}

#[test]
fn the_next_server_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("kmip");
    let first = kmip_tests::programs::Server::quickstart_in(&directory, &[]);
    let mut wanted = options(&first);
    wanted.servers.insert(0, Address::new("127.0.0.1", 1));
    let mut client = Blocking::connect(wanted).unwrap();
    let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
    first.kill();
    assert!(client.get(&id).is_err());

    // On another port, which the client is told of.
    let second = kmip_tests::programs::Server::quickstart_in(&directory, &[]);
    let mut wanted = options(&second);
    wanted.request_timeout = Duration::from_secs(20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = Client::connect(wanted).await.unwrap();
        assert_eq!(client.get(&id).await.unwrap().length(), Some(256));
        client.close().await.unwrap();
    });
}
