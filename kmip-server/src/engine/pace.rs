//! How many requests one user may send.

use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use governor::{DefaultKeyedRateLimiter, Quota};

use super::{Failure, Kind};

/// A limit on what each user asks for in a second, if there is one.
#[derive(Default)]
pub(super) struct Pace(ArcSwapOption<Limit>);

struct Limit {
    most: NonZeroU32,
    users: DefaultKeyedRateLimiter<Arc<str>>,
}

impl Pace {
    /// From now on each may send so many, each beginning anew.
    pub(super) fn set(&self, most: Option<NonZeroU32>) {
        let current = self.0.load();
        if current.as_ref().map(|limit| limit.most) != most {
            self.0.store(most.map(|most| {
                let users = DefaultKeyedRateLimiter::keyed(Quota::per_second(most));
                Arc::new(Limit { most, users })
            }));
        }
    }

    /// Lets a message of a user through, or doesn't. Each of its items counts, but a batch of more than there may be in a
    /// second is let through where nothing else was sent.
    pub(super) fn check(&self, user: Option<&Arc<str>>, items: usize) -> Result<(), Failure> {
        let limit = self.0.load();
        let (Some(limit), Some(user)) = (&*limit, user) else { return Ok(()) };
        let items = u32::try_from(items).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        match limit.users.check_key_n(user, items.min(limit.most)) {
            Ok(Ok(())) => Ok(()),
            _ => Err(Failure::new(
                Kind::ServerLimit,
                format!(
                    "more than the {} requests a second that one user may send: try again later",
                    limit.most
                ),
            )),
        }
    }

    /// Forgets users that haven't sent anything for a while.
    pub(super) fn sweep(&self) {
        if let Some(limit) = &*self.0.load() {
            limit.users.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_pace() {
        let pace = Pace::default();
        let (alice, bob): (Arc<str>, Arc<str>) = ("alice".into(), "bob".into());
        assert!(pace.check(Some(&alice), 10_000).is_ok(), "without a limit");
        pace.set(NonZeroU32::new(2));
        // A clock that stands still would be needed to tell exactly; these take far less than half a second.
        assert!(pace.check(Some(&alice), 1).is_ok() && pace.check(Some(&alice), 1).is_ok());
        let refused = (0..100).map(|_| pace.check(Some(&alice), 1)).find_map(Result::err).unwrap();
        assert_eq!(refused.kind(), Kind::ServerLimit);
        assert!(refused.message().contains("the 2 requests a second"));
        assert!(pace.check(Some(&bob), 1000).is_ok(), "one large batch");
        assert!((0..100).any(|_| pace.check(Some(&bob), 1).is_err()));
        pace.set(None);
        assert!((0..100).all(|_| pace.check(Some(&bob), 1).is_ok()));
    }
}
