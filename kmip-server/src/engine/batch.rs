//! The items of one request: in order, and what becomes of them when one fails (KMIP 1.4 §6.13, §11.43).

use std::time::Instant;

use kmip::ttlv::{DateTime, Version};
use kmip::types::{
    AsynchronousIndicator, BatchErrorContinuationOption, Credential, CredentialValue, Operation,
    RequestBatchItem, RequestHeader, RequestMessage, RequestPayload, ResponseBatchItem, ResponsePayload,
    Ticket,
};

use super::account::{Account, Origin, Trace};
use super::ahead::Ahead;
use super::asynchronous::is_deferred;
use super::context::{Access, Context, Session};
use super::response::{Answered, Response};
use super::tickets::certificate_of;
use super::{Answer, Engine, Failure, Kind, identity};
use crate::handler::{Disposition, Peer};
use crate::ops;
use crate::rights::Caller;
use crate::wipe::Wiped;

/// One request on its way.
struct Batch<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    now: DateTime,
    certificate: Option<[u8; 32]>,
    session: Session,
    response: Response,
    origin: Origin,
    account: &'a mut Account,
    /// Whether the client limits the response's size.
    limited: bool,
}

impl Engine {
    /// Answers a request that could be read.
    pub(super) fn handle(
        &self,
        peer: &Peer,
        request: RequestMessage,
        version: Version,
        now: DateTime,
        account: &mut Account,
    ) -> Answer {
        account.origin.version = Some(version);
        let RequestMessage { request_header: header, batch_item: items, .. } = request;
        // A limit below zero is one that nothing keeps.
        let limit = header.maximum_response_size.map(|size| usize::try_from(size).unwrap_or_default());
        let most = self.settings.response_size.min(limit.unwrap_or(usize::MAX));
        let correlation = header.client_correlation_value.clone();
        let Ok(mut response) = Response::new(version, now, most, correlation) else {
            return Answer { bytes: Wiped::default(), disposition: Disposition::Close };
        };
        if let Err((answered, failure)) = self.check(&header, &items) {
            self.tell_refused(account, answered.operation, &failure, version);
            response.failure(answered, &failure);
            return response.finish(Disposition::KeepOpen);
        }
        let caller = match self.identify(peer, &header, now) {
            Ok(caller) => caller,
            // It was good once, which says nothing against the connection.
            Err(failure) if failure.kind() == Kind::Ticket => {
                self.tell_refused(account, items.first().map(|item| item.operation), &failure, version);
                response.failure(items.first().map(answered).unwrap_or_default(), &failure);
                return response.finish(Disposition::KeepOpen);
            }
            Err(failure) => {
                tracing::info!(peer = peer.common_name(), %failure, "authentication failed");
                self.tell_refused(account, items.first().map(|item| item.operation), &failure, version);
                response.failure(Answered::default(), &failure);
                return response.finish(Disposition::Close);
            }
        };
        account.origin.is_of(&caller);
        if let Err(failure) = self.pace.check(caller.user.as_ref(), items.len()) {
            self.tell_refused(account, items.first().map(|item| item.operation), &failure, version);
            response.failure(Answered::default(), &failure);
            return response.finish(Disposition::KeepOpen);
        }
        let mut batch = Batch {
            engine: self,
            caller: &caller,
            now,
            certificate: certificate_of(peer),
            session: Session::default(),
            response,
            origin: account.origin.clone(),
            account,
            limited: limit.is_some(),
        };
        if let [item] = &*items
            && is_later(&header, &caller, item.operation)
        {
            match self.defer(&caller, &batch.account.origin, item, version, now) {
                Ok(correlation) => {
                    batch.response.pending(answered(item), correlation);
                    return batch.response.finish(Disposition::KeepOpen);
                }
                // Where it is left to the server, what can't wait is done at once.
                Err(failure) if failure.kind() == Kind::ServerLimit && !must_be_later(&header) => {}
                Err(failure) => {
                    self.tell_refused(batch.account, Some(item.operation), &failure, version);
                    batch.response.failure(answered(item), &failure);
                    return batch.response.finish(Disposition::KeepOpen);
                }
            }
        }
        match header.batch_error_continuation_option {
            // With one item, to undo it and to stop at it are the same.
            Some(BatchErrorContinuationOption::Undo) if items.len() > 1 => batch.all_or_nothing(&items),
            Some(BatchErrorContinuationOption::Continue) => items.into_iter().for_each(|item| {
                batch.one(item);
            }),
            _ => {
                for item in items {
                    if !batch.one(item) {
                        break;
                    }
                }
            }
        }
        batch.response.finish(Disposition::KeepOpen)
    }

    /// Looks at what holds for the message as a whole; what is wrong with it, and with which item if with one.
    fn check(&self, header: &RequestHeader, items: &[RequestBatchItem]) -> Result<(), (Answered, Failure)> {
        let refuse = |kind, message: String| Err((Answered::default(), Failure::new(kind, message)));
        if usize::try_from(header.batch_count).ok() != Some(items.len()) {
            return refuse(
                Kind::InvalidMessage,
                format!(
                    "the Batch Count is {}, but there are {} batch items",
                    header.batch_count,
                    items.len()
                ),
            );
        }
        if items.is_empty() {
            return refuse(Kind::InvalidMessage, "there is no batch item".to_owned());
        }
        if items.len() > self.settings.batch_items {
            return refuse(
                Kind::ServerLimit,
                format!(
                    "{} batch items are more than the {} allowed",
                    items.len(),
                    self.settings.batch_items
                ),
            );
        }
        if let Some(option) = header.batch_error_continuation_option
            && option.name().is_none()
        {
            return refuse(Kind::InvalidField, format!("{option} is no Batch Error Continuation Option"));
        }
        // Each item would be done on its own, without the ID Placeholder of the one before.
        if must_be_later(header) && items.len() > 1 {
            return refuse(
                Kind::FeatureNotSupported,
                "a request that is to be asynchronous has one batch item".to_owned(),
            );
        }
        for item in items {
            // 1.4 §6.16: the receiver "SHALL reject the entire message".
            if let Some(extension) =
                item.message_extension.iter().find(|extension| extension.criticality_indicator)
            {
                let message = format!(
                    "the critical message extension of {} is unknown",
                    extension.vendor_identification
                );
                return Err((answered(item), Failure::new(Kind::UnknownExtension, message)));
            }
            // 2.0 §8.3: the answer would have to be kept back for a later item.
            if item.ephemeral == Some(true) {
                let message = "the server keeps no answers for later items";
                return Err((answered(item), Failure::new(Kind::FeatureNotSupported, message)));
            }
        }
        Ok(())
    }

    /// Who asks: whose ticket it is, where there is one (2.0 §9.11). Credentials beside it, and the connection, have to be
    /// good as well, and the credentials those of the same user.
    fn identify(&self, peer: &Peer, header: &RequestHeader, now: DateTime) -> Result<Caller, Failure> {
        let (mut tickets, mut credentials): (Vec<&Ticket>, Vec<&Credential>) = Default::default();
        for credential in header.authentication.iter().flat_map(|authentication| &authentication.credential) {
            match &credential.credential_value {
                CredentialValue::TicketCredential(ticket) => tickets.push(&ticket.ticket),
                _ if identity::says_something(credential) => credentials.push(credential),
                _ => {}
            }
        }
        let known = self.authenticator.authenticate(peer, &credentials)?;
        let ticket = match *tickets {
            [] => return Ok(known),
            [ticket] => ticket,
            _ => return Err(Failure::new(Kind::Authentication, "there is more than one ticket")),
        };
        let caller = self.tickets.redeem(ticket, peer, &*self.authenticator, now)?;
        if !credentials.is_empty() && caller.user != known.user {
            return Err(Failure::new(
                Kind::Authentication,
                "the credentials are not those of the ticket's user",
            ));
        }
        Ok(caller)
    }
}

impl Batch<'_> {
    /// Runs one item and answers it; whether it succeeded.
    fn one(&mut self, item: RequestBatchItem) -> bool {
        let (answered, returned) = (answered(&item), self.session.count_returned());
        let result = if (self.limited || self.response.is_nearly_full()) && ops::writes(item.operation) {
            self.within_limit(&item)
        } else {
            let engine = self.engine;
            self.run(item, Access::Store(&*engine.store), None)
        };
        self.engine.tell(self.account);
        match result {
            Ok(()) => true,
            Err(failure) => {
                self.session.forget_returned(returned);
                self.response.failure(answered, &failure);
                false
            }
        }
    }

    /// Runs an item that changes something, and keeps the change only if its response isn't too large.
    fn within_limit(&mut self, item: &RequestBatchItem) -> Result<(), Failure> {
        let (engine, session, mark) = (self.engine, self.session.clone(), self.response.mark());
        let result = engine.transact(|transaction, ahead| {
            self.session = session.clone();
            self.response.back_to(mark);
            self.account.forget();
            self.run(item.clone(), Access::Transaction(transaction), Some(ahead))?;
            engine.record_all(transaction, self.account)
        });
        if let Err(failure) = &result {
            self.account.undone(failure, self.response.version());
            self.response.back_to(mark);
            self.session = session;
        }
        result
    }

    /// Runs all items, and undoes all of them if one fails.
    fn all_or_nothing(&mut self, items: &[RequestBatchItem]) {
        let (engine, mark) = (self.engine, self.response.mark());
        let mut failed = None;
        let result = engine.transact(|transaction, ahead| {
            engine.streams.end(&std::mem::take(&mut self.session).streams);
            self.response.back_to(mark);
            self.account.forget();
            failed = None;
            for (place, item) in items.iter().enumerate() {
                self.run(item.clone(), Access::Transaction(transaction), Some(&mut *ahead))
                    .inspect_err(|_| failed = Some(place))?;
            }
            engine.record_all(transaction, self.account)
        });
        if let Err(failure) = &result {
            self.account.undone(failure, self.response.version());
            engine.streams.end(&self.session.streams);
        }
        engine.tell(self.account);
        let Err(failure) = result else { return };
        self.response.back_to(mark);
        for (place, item) in items.iter().enumerate() {
            match failed {
                Some(failed) if place < failed => self.response.undone(answered(item)),
                Some(failed) if place > failed => break,
                // Either this is the one that failed, or none did and their changes could not be kept.
                _ => self.response.failure(answered(item), &failure),
            }
        }
    }

    /// Runs one item and writes its answer, if it succeeds.
    fn run<'a>(
        &'a mut self,
        item: RequestBatchItem,
        access: Access<'a>,
        ahead: Option<&'a mut Ahead>,
    ) -> Result<(), Failure> {
        let mut ahead = ahead;
        let is_new = ahead.as_mut().is_none_or(|ahead| ahead.is_new_item());
        let (answered, version, operation) = (answered(&item), self.response.version(), item.operation);
        let since = Instant::now();
        let mut cx = Context {
            engine: self.engine,
            access,
            caller: self.caller,
            session: &mut self.session,
            version,
            operation,
            now: self.now,
            origin: &self.origin,
            trace: Trace::default(),
            certificate: self.certificate,
            ahead,
            room: 0,
        };
        let result = if self.caller.user.is_none()
            && !matches!(operation, Operation::Query | Operation::DiscoverVersions)
        {
            Err(Failure::new(
                Kind::Authentication,
                "the client is not known: its certificate does not say who it is",
            ))
        } else {
            match &self.caller.ticket {
                Some(grant) => self.engine.tickets.use_for(grant, operation, is_new),
                None => Ok(()),
            }
            .and_then(|()| match item.request_payload {
                RequestPayload::Poll(poll) => cx.poll(&poll).map(Outcome::Polled),
                payload => ops::run(&mut cx, payload).map(Outcome::Done),
            })
        };
        let (room, trace) = (cx.room, cx.trace);
        let result = result.and_then(|outcome| match outcome {
            Outcome::Done(payload) => self.response.success(answered, payload, room),
            Outcome::Polled(item) => self.response.polled(answered, item, room),
        });
        match &result {
            Ok(()) => tracing::debug!(user = self.caller.user.as_deref(), %operation, %version, "done"),
            Err(failure) => {
                tracing::debug!(user = self.caller.user.as_deref(), %operation, %version, %failure, "failed");
            }
        }
        self.account.ran(operation, trace, &result, version, since);
        result
    }
}

/// What an item has come to.
enum Outcome {
    Done(ResponsePayload),
    /// The answer of another operation.
    Polled(ResponseBatchItem),
}

/// Whether a request's operation is done later: 2.0 §11.3, 1.4 §6.7.
fn is_later(header: &RequestHeader, caller: &Caller, operation: Operation) -> bool {
    let may_be = header.asynchronous_indicator == Some(true)
        || header.asynchronous_mode == Some(AsynchronousIndicator::Optional);
    must_be_later(header)
        || (may_be && caller.user.is_some() && caller.ticket.is_none() && is_deferred(operation))
}

fn must_be_later(header: &RequestHeader) -> bool {
    header.asynchronous_mode == Some(AsynchronousIndicator::Mandatory)
}

fn answered(item: &RequestBatchItem) -> Answered {
    Answered { operation: Some(item.operation), id: item.unique_batch_item_id.clone() }
}
