//! Which protocol version to speak.

use super::{
    Client,
    error::{Error, Result},
};
use crate::{
    ttlv::Version,
    types::{ResultReason, version},
};

impl Client {
    /// Asks the server for its protocol versions, and takes the highest that the tables describe.
    ///
    /// # Errors
    ///
    /// When there is none, or the server can't be asked.
    pub async fn negotiate(&mut self) -> Result<Version> {
        self.negotiate_among(version::ALL).await
    }

    /// Takes the highest protocol version of those that the server speaks.
    ///
    /// # Errors
    ///
    /// When it speaks none of them, or can't be asked.
    pub async fn negotiate_among(&mut self, versions: &[Version]) -> Result<Version> {
        let mut wanted = versions.to_vec();
        wanted.sort_unstable_by(|one, other| other.cmp(one));
        let before = self.version;
        match self.ask_for_versions(&wanted).await {
            Ok(offered) => match offered.iter().filter(|version| wanted.contains(version)).max() {
                Some(version) => self.version = *version,
                None => {
                    self.version = before;
                    return Err(Error::NoCommonVersion(offered));
                }
            },
            Err(error) => {
                self.version = before;
                return Err(error);
            }
        }
        Ok(self.version)
    }

    /// What the server offers. The question is put in some version, too, which the server may not speak. A server that
    /// speaks, but understands the question in no version, is of 1.0, which was without it.
    async fn ask_for_versions(&mut self, wanted: &[Version]) -> Result<Vec<Version>> {
        let mut versions = vec![self.version.max(version::V1_1), version::V1_1, version::V2_0];
        versions.dedup();
        let mut failure = None;
        for version in versions {
            self.version = version;
            match self.discover_versions(wanted).await {
                Err(error) if error.reason() == Some(ResultReason::OperationNotSupported) => break,
                Err(error) if is_about_version(&error) => failure = failure.or(unless_refused(error)),
                result => return result,
            }
        }
        failure.map_or(Ok(vec![version::V1_0]), Err)
    }
}

/// Whether a refusal may be due to the version that the question was put in.
fn is_about_version(error: &Error) -> bool {
    let reasons = [ResultReason::InvalidMessage, ResultReason::UnsupportedProtocolVersion];
    match error {
        Error::Refused { reason, .. } => reason.is_none_or(|reason| reasons.contains(&reason)),
        // An answer in a version that no table describes, or none at all.
        Error::Decode(_) | Error::Lost { .. } => true,
        _ => false,
    }
}

fn unless_refused(error: Error) -> Option<Error> {
    if matches!(error, Error::Refused { .. }) { None } else { Some(error) }
}
